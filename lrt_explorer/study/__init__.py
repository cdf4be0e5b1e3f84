"""One file per question a person asks: plain functions that yield progress and return frozen results."""
