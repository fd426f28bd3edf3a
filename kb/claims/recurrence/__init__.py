"""Claims of the family recurrence."""
