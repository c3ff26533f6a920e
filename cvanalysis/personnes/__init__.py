"""What identifies a person, found and masked: in what people say, in the cells of a log. The patterns are data."""
