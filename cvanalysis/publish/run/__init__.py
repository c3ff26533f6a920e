"""Notebooks run, each in a child."""
