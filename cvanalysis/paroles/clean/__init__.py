"""Raw voices → the tables that one audience may have."""
