"""What it costs to score all layer pairs of two deep models, directions of concepts included.

    python -m benchmarks.layer_pairs [--layers 24,28] [--widths 192,256] [--tokens 4000] [--concepts 3] [--runs 1]
                                     [--clock wall|cpu] [--against CHECKOUT]

Two Llamas with random weights and the demo family's tokenizer read the demo corpus, and `layer_grid` fits and scores
every pair. Prints one JSON object with the seconds of each run. With `--against` another checkout of this project does
the same in turn, in a process of its own, and the median ratio of this one to the other is added.

What a pass over the texts costs is part of both, so the ratio falls with wider layers and fewer tokens. On threads that
share their cores with other work decompositions wait for each other: compare with OMP_NUM_THREADS=1 there.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lrt_explorer.concepts.contrast import load_concept, shipped_concepts
from lrt_explorer.lm.load import load, wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.study.corpora.texts import TINYWORLD, read_texts
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import layer_grid
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
HEAD = 32
PAIRS_OF_A_CONCEPT = 8


def random_model(layers: int, width: int) -> LanguageModel:
    """A Llama with random weights and the demo family's tokenizer."""
    tokenizer = load(PAIRS[0].small).tokenizer
    config = AutoConfig.for_model(
        "llama",
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // HEAD,
        num_key_value_heads=width // HEAD,
        max_position_embeddings=512,
    )
    torch.manual_seed(layers)
    return wrap_model(f"llama-{layers}-{width}", AutoModelForCausalLM.from_config(config), tokenizer)


def seconds(
    layers: Sequence[int], widths: Sequence[int], tokens: int, concepts: int, clock: Callable[[], float]
) -> float:
    """Time to score all layer pairs once, the models being in memory and their vectors unread."""
    small, large = (random_model(*shape) for shape in zip(layers, widths, strict=True))
    texts = list(islice(read_texts(TINYWORLD), tokens // 20))
    chosen = [load_concept(name) for name in list(shipped_concepts())[:concepts]]
    chosen = [concept.some_pairs(range(PAIRS_OF_A_CONCEPT)) for concept in chosen]
    begun = clock()
    grid = finish(layer_grid(Pair(small=small, large=large), texts, FitSettings(tokens=tokens, concepts=chosen)))
    taken = clock() - begun
    assert len(grid.cells) == layers[0] * layers[1]
    return taken


def measured(checkout: Path, arguments: Sequence[str]) -> float:
    """`seconds` in a process that imports the package from a checkout, with an empty data folder."""
    with tempfile.TemporaryDirectory() as home:
        surroundings = {**os.environ, "PYTHONPATH": str(checkout), "LRT_EXPLORER_HOME": home}
        command = [sys.executable, __file__, "--once", *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=surroundings)
    return float(done.stdout)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", default="24,28", help="of the small and of the large model; default: %(default)s")
    parser.add_argument("--widths", default="192,256", help="likewise; default: %(default)s")
    parser.add_argument("--tokens", type=int, default=4000)
    parser.add_argument("--concepts", type=int, default=3)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--against", type=Path, help="another checkout of this project")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    layers, widths = ([int(n) for n in option.split(",")] for option in (options.layers, options.widths))
    if options.once:
        print(seconds(layers, widths, options.tokens, options.concepts, CLOCKS[options.clock]))
        return
    repeated = [
        *("--layers", options.layers, "--widths", options.widths, "--tokens", str(options.tokens)),
        *("--concepts", str(options.concepts), "--clock", options.clock),
    ]
    checkouts = {"this": Path(__file__).resolve().parents[1]}
    if options.against is not None:
        checkouts["other"] = options.against.resolve()
    taken: dict[str, list[float]] = {name: [] for name in checkouts}
    for _ in range(options.runs):
        for name, checkout in checkouts.items():
            taken[name].append(round(measured(checkout, repeated), 2))
            print(json.dumps({name: taken[name][-1]}), file=sys.stderr, flush=True)
    report: dict[str, object] = {
        "layers": layers,
        "widths": widths,
        "tokens": options.tokens,
        "concepts": options.concepts,
        "clock": options.clock,
        "threads": torch.get_num_threads(),
        "seconds": taken,
    }
    if "other" in taken:
        ratios = [ours / theirs for ours, theirs in zip(taken["this"], taken["other"], strict=True)]
        report["this_over_other"] = round(statistics.median(ratios), 4)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
