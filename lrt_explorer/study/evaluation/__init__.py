"""The parts of the evaluation study: its settings, its arms, what is measured, and what follows from it."""
