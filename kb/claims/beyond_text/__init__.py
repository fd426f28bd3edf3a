"""Claims of the family beyond-text."""
