"""What every study stands on: the pair, what is known of it, progress."""
