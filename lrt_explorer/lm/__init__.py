"""Everything that touches a transformers model: load it, find its blocks, read, pair, steer and generate."""
