"""Linear algebra on activations: moments, affine maps, scores, projections. No language model in sight."""
