"""Claims of the family pre-training."""
