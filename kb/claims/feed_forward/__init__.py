"""Claims of the family feed-forward."""
