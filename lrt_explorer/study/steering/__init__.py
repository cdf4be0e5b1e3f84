"""What is added to the large model, and how strongly."""
