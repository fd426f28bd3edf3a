"""Claims of the family word-vectors."""
