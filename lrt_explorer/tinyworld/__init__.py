"""The demo family: the grammar of a small world, its corpus, its judge and its training."""
