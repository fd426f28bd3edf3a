"""Claims of the family fast-weights."""
