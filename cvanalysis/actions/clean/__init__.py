"""Logs of actions → the table of actions."""
