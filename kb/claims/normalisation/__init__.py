"""Claims of the family normalisation."""
