"""Claims of the family hardware."""
