"""Plain linear algebra on tensors, with no language model in sight: moments, maps, scores, projections."""
