"""What stands, made of what."""
