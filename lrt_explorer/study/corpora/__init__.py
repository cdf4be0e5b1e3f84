"""Texts to read: by name, from files and the hub, written by the model; windows and batches of them."""
