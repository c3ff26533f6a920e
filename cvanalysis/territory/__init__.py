"""What a contract declares. Standard library only."""
