"""What was done: logs of actions → their table (`clean`), and what findings ask of it."""
