"""Executed notebook → one page that may be published."""
