"""How many random sequences of actions are tried, and how long each is."""

import os

VARIABLE = "LRT_EXPLORER_SEQUENCES"
ACTIONS = 15
SEQUENCES = int(os.environ.get(VARIABLE, "3"))
"""A few in the suite; `python -m benchmarks.stale` tries forty."""
