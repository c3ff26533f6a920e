"""One module per notebook, under its name: what that page says, in order."""
