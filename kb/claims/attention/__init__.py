"""Claims of the family attention."""
