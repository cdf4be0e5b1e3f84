"""Default settings, one place for the app, the command line and the library; importing it loads nothing else."""

MAX_NEW_TOKENS = 40
"""Length of each text."""
