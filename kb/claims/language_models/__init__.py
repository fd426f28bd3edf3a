"""Claims of the family language-models."""
