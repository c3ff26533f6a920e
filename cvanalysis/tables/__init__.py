"""Raw files → processed tables, and back."""
