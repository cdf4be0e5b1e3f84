"""LRT Explorer: see whether steering vectors transfer from a small language model to a large one."""

__version__ = "0.1.0"
