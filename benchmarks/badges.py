"""What the figures beside a map cost, at first and after a change of concept. Prints one JSON object.

    python -m benchmarks.badges 896 1536

Two random models of these widths stand for a pair, and a random map lies on disk between them. The first time the map
is read, checked and decomposed; after that it is in memory. The bar is one fiftieth.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from transformers import LlamaConfig

from benchmarks.families import random_model, tokenizer
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.load import load, wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import save_map
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.workbench.badges import map_badges
from lrt_explorer.workbench.map_store import load_saved
from lrt_explorer.workbench.maps import needed_map
from lrt_explorer.workbench.pair import Pair

BAR = 50
CHANGES = 12
WORDS = (("joy", "sorrow"), ("land", "sea"))


def model_of(width: int) -> LanguageModel:
    """A random model of this width with two blocks."""
    words = tokenizer()
    config = LlamaConfig(
        hidden_size=width,
        intermediate_size=width,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        vocab_size=len(words),
        max_position_embeddings=64,
    )
    return wrap_model(f"random-{width}", random_model(config, width), words)


def concepts() -> list[ContrastSet]:
    """Two small sets to change between."""
    where = ("beach", "island", "meadow", "market")
    return [
        ContrastSet(one, tuple((f"All was {one} at the {place}.", f"All was {two} at the {place}.") for place in where))
        for one, two in WORDS
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("small", type=int, help="width of the small model")
    parser.add_argument("large", type=int, help="width of the large model")
    options = parser.parse_args(arguments)
    pair, sets = Pair(small=model_of(options.small), large=model_of(options.large)), concepts()
    for lm in pair.both:
        for concept in sets:
            known_vectors().get(lm, concept, 1)
    # What a map says of itself hardly matters here, so that of a shipped one is borrowed.
    demo = Pair(small=load("tinyworld-xs"), large=load("tinyworld-s"))
    (small, large) = pair.both
    info = replace(
        needed_map(demo, demo.layers()).info,
        small=small.name,
        large=large.name,
        small_fingerprint=small.fingerprint,
        large_fingerprint=large.fingerprint,
        small_layer=1,
        large_layer=1,
    )
    torch.manual_seed(0)
    weight = torch.randn(small.width, large.width, dtype=torch.float64)
    with tempfile.TemporaryDirectory() as place:
        folder = save_map(Path(place) / "map", AffineMap(weight, torch.zeros(large.width)), info)
        seconds = []
        for number in range(1 + CHANGES):
            begun = time.perf_counter()
            map_badges(pair, load_saved(folder), sets[number % len(sets)])
            seconds.append(time.perf_counter() - begun)
    first, later = seconds[0], median(seconds[1:])
    print(json.dumps({"first_seconds": first, "later_seconds": later, "ratio": first / later, "bar": BAR}))


if __name__ == "__main__":
    main()
