"""What was promised and by whom: engagements and partners, declared and seen."""
