"""Maps from sums over tokens, by every estimator."""
