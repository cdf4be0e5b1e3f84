"""Everything that touches a transformers model: load, find blocks, capture, pair tokens, steer, generate."""
