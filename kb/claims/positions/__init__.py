"""Claims of the family positions."""
