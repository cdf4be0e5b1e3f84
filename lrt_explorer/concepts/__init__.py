"""Contrast sets, readouts and steering vectors."""
