"""What a contrast set is, and what it may name: readings, readouts, scorers."""
