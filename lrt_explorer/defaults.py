"""Default settings, one place for the app, the command line and the library; importing it loads nothing else.

None stands for what is found for each pair: the calibrated strength, the temperature and the corpus that suit it, the
reading that a concept prefers.
"""

# A comparison.
STRENGTH: float | None = None
"""In typical deviations; None is the first strength of the native vector's calibration."""
TEMPERATURE: float | None = None
"""Of sampling; None is what suits the pair."""
MAX_NEW_TOKENS = 40
"""Length of each text."""
SEED = 0
"""Of sampling."""

# Vectors.
READING: str | None = None
"""Which tokens are read; None is what the concept prefers."""
FEW_PAIRS = 32
"""Pairs that give the screen a first vector at once, before all pairs of a set are read."""

# Maps.
FIT_TOKENS = 100_000
"""Pairs of tokens of a map that is asked for."""
SHIPPED_FIT_TOKENS = 800_000
"""Pairs of tokens of a map that ships: two to three minutes for models as small as the demo family's."""
FIRST_FIT_TOKENS = 20_000
"""Pairs of tokens of a map that is fitted because there was none: half a minute for small models.

All that the corpus for real models has. Over nineteen concepts on two of them it retains 0.85 in the median, where
5,000 tokens retain 0.69 (`python -m benchmarks.remedies`).
"""
CONTROL_TOKENS = 30_000
"""Pairs of tokens of each control map, at most: otherwise it has as many as the map that it controls."""
BASIS_TOKENS = 100_000
BASIS_DIRECTIONS = 8
MEMORY_GB = 4.0
"""Memory of a fit beside the models, in 10⁹ bytes."""

# Evidence.
PROMPTS = 60
"""Held-out prompts of each concept, at most."""
RANDOM_SEEDS = 5
"""Random directions, each a control."""
PERMUTED_VECTORS = 8
"""Vectors of relabelled pairs that are steered with."""
ORDINARY_DIRECTIONS = 4
"""Directions drawn from the covariance of ordinary states, and differences of ordinary texts, each."""
OTHER_CONCEPTS = 3
"""Other concepts sent through the same map as controls."""
NEUTRAL_PROMPTS = 16
GENERATE_PROMPTS = 20
"""Prompts of each concept that texts are written after."""
GENERATE_TEMPERATURE = 0.7
EXAMPLE_TRIES = 16
"""Prompts after which texts are written at each strength, at most, where examples are sought for a pair of your own."""
PROMPT_EXAMPLES = 3
"""Texts of the positive side that the prompt baseline puts before a prompt."""

# The shared space.
SPACE_TEXTS = 32
"""Ordinary texts whose activations are drawn."""
SPACE_POINTS = 600
"""Pairs of tokens that are drawn."""
