"""INSEE's files → tidy indicators with a status per value."""
