"""Processed tables → claims. Nothing is imported here: an unchanged build must not pay for what it does not compute."""
