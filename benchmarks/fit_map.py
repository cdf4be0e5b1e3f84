"""What it costs to fit maps, against the bare forward passes of both models over the same tokens.

    python -m benchmarks.fit_map [--tokens 30000] [--runs 5] [--clock wall|cpu] [--sections speed,adamw,llama,…]

Prints one JSON object; every figure is a ratio or a size. Ratios are medians over runs made in turn, so that whatever
else the machine does meets all alike. The baseline is `model(**batch)` of both models, whole, without gradients, on
batches that are tokenized and padded already, the very batches that the fit makes. The fit is everything from texts to
maps: tokenizing, pairing, reading, sums, λ and held-out scores. It does not run the blocks above the layers read nor
the logits; `…_over_forward_to_layer` compares it with passes that stop where it stops. `--clock cpu` measures the
processor's time of one thread instead, for machines that do other work meanwhile.

`adamw` sets the closed form beside the recipe of arXiv 2506.00653 (AdamW, four epochs, both models read again in each)
over the same tokens, at three learning rates. Of its time only the descent counts, not the pass that scores it; the
time of all layer pairs is that of the first, the default and the last pair, averaged, times their number.

The project holds one pair at 1.10 of the baseline, all layer pairs of the demo pair at 1.25, memory at ten times the
tokens at 1.05, one pair at a third of AdamW's time with a higher held-out R², and all pairs at a thirtieth of it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import psutil
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lrt_explorer.lm.capture import capture_rows
from lrt_explorer.lm.load import load, wrap_model
from lrt_explorer.lm.presets import MODELS, PAIRS, PairPreset
from lrt_explorer.study.corpora.batches import DocumentStream
from lrt_explorer.study.corpora.paired import CONTEXT, Placed, place
from lrt_explorer.study.corpora.texts import TINYWORLD, read_texts
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.fitting.collect import Route, collect
from lrt_explorer.study.fitting.fit import fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.sgd import sgd_map
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish

BARS = {
    "one_pair_over_forward": 1.10,
    "all_pairs_over_forward": 1.25,
    "memory_ratio": 1.05,
    "one_pair_over_adamw": 1 / 3,
    "all_pairs_over_adamw": 1 / 30,
}
LEARNING_RATES = (1e-4, 1e-3, 1e-2)
WIDTHS = (512, 1024)
LLAMA_BLOCKS = 4
MEMORY_TOKENS = (100_000, 1_000_000)
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(frozen=True, kw_only=True)
class FittedPair(Pair):
    """Two models and the layers of the one pair that is fitted."""

    small_layer: int
    large_layer: int

    @property
    def all_routes(self) -> list[Route]:
        """Every layer of one with every layer of the other."""
        return [Route(i, j) for i, j in product(range(self.small.layers), range(self.large.layers))]


def preset_pair(preset: PairPreset) -> FittedPair:
    """A pair by its preset, at its default layers."""
    layers = {"small_layer": preset.small_layer, "large_layer": preset.large_layer}
    return FittedPair(small=load(preset.small), large=load(preset.large), **layers)


def demo_pair() -> FittedPair:
    """The pair that the app opens with, at its default layers."""
    return preset_pair(PAIRS[0])


def llama_pair() -> FittedPair:
    """Two random models of usual proportions, with the demo family's tokenizer."""
    tokenizer = load(PAIRS[0].small).tokenizer
    models = []
    for width in WIDTHS:
        config = AutoConfig.for_model(
            "llama",
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=8 * width // 3,
            num_hidden_layers=LLAMA_BLOCKS,
            num_attention_heads=width // 64,
            num_key_value_heads=width // 128,
            max_position_embeddings=CONTEXT,
        )
        torch.manual_seed(width)
        models.append(wrap_model(f"llama-{width}", AutoModelForCausalLM.from_config(config), tokenizer))
    small, large = models
    return FittedPair(small=small, large=large, small_layer=LLAMA_BLOCKS // 2, large_layer=LLAMA_BLOCKS // 2)


def batches(pair: FittedPair, texts: Sequence[str], tokens: int) -> list[Placed]:
    """The batches that a fit of so many tokens reads."""
    made: list[Placed] = []
    for batch in DocumentStream(texts).batches(Windows(pair.small, pair.large)):
        made.append(place(pair.small, pair.large, batch.texts))
        if sum(len(placed.pairing.rows) for placed in made) >= tokens:
            break
    return made


def forward(pair: FittedPair, made: Sequence[Placed]) -> None:
    """Both models over all batches, whole."""
    with torch.inference_mode():
        for placed in made:
            pair.small.model(input_ids=placed.small.ids, attention_mask=placed.small.mask)
            pair.large.model(input_ids=placed.large.ids, attention_mask=placed.large.mask)


def forward_to_layer(pair: FittedPair, made: Sequence[Placed]) -> None:
    """Both models over all batches, up to the layers of the one pair; of the first token alone something is read."""
    first = torch.zeros(1, dtype=torch.long)
    for placed in made:
        capture_rows(pair.small, placed.small, first, [pair.small_layer], [])
        capture_rows(pair.large, placed.large, first, [pair.large_layer], [])


def speed(pair: FittedPair, tokens: int, runs: int, clock: Callable[[], float]) -> dict[str, object]:
    """One pair and all pairs over the forward passes."""
    texts = [text for text in islice(read_texts(TINYWORLD), tokens // 50) if isinstance(text, str)]
    made = batches(pair, texts, tokens)
    one = [Route(pair.small_layer, pair.large_layer)]
    works: dict[str, Callable[[], object]] = {
        "forward": lambda: forward(pair, made),
        "to_layer": lambda: forward_to_layer(pair, made),
        "one": lambda: finish(fit_maps(pair, texts, one, FitSettings(tokens))),
        "all": lambda: finish(fit_maps(pair, texts, pair.all_routes, FitSettings(tokens))),
    }
    forward(pair, made[:1])
    taken: list[dict[str, float]] = []
    for _ in range(runs):
        seconds = {}
        for name, work in works.items():
            begun = clock()
            work()
            seconds[name] = clock() - begun
        taken.append(seconds)
        print(json.dumps({name: round(value, 2) for name, value in seconds.items()}), file=sys.stderr, flush=True)

    def over(name: str, base: str) -> float:
        return round(statistics.median(run[name] / run[base] for run in taken), 4)

    return {
        "small": pair.small.name,
        "large": pair.large.name,
        "layer_pairs": len(pair.all_routes),
        "tokens": tokens,
        "one_pair_over_forward": over("one", "forward"),
        "one_pair_over_forward_to_layer": over("one", "to_layer"),
        "all_pairs_over_forward": over("all", "forward"),
    }


def descend(
    pair: FittedPair,
    texts: Sequence[str],
    layers: tuple[int, int],
    rate: float,
    tokens: int,
    clock: Callable[[], float],
) -> tuple[float, float]:
    """Held-out R² of a map made by AdamW, and the time of its descent alone."""
    begun = clock()

    def seen(progress: Progress) -> None:
        nonlocal begun
        if not progress.message.startswith("epoch"):
            begun = clock()

    fitted = finish(sgd_map(pair, texts, layers, FitSettings(tokens), learning_rate=rate), seen)
    return fitted.info.r2, clock() - begun


def adamw(pair: FittedPair, tokens: int, runs: int, clock: Callable[[], float]) -> dict[str, object]:
    """The closed form beside AdamW: held-out R² and time, of one pair and of all."""
    texts = [text for text in islice(read_texts(TINYWORLD), tokens // 50) if isinstance(text, str)]
    default = (pair.small_layer, pair.large_layer)
    sampled = [(0, 0), default, (pair.small.layers - 1, pair.large.layers - 1)]
    closed: list[float] = []
    descended: dict[float, list[float]] = {rate: [] for rate in LEARNING_RATES}
    one_over: dict[float, list[float]] = {rate: [] for rate in LEARNING_RATES}
    all_over: list[float] = []
    for _ in range(runs):
        begun = clock()
        (fitted,) = finish(fit_maps(pair, texts, [Route(*default)], FitSettings(tokens)))
        one = clock() - begun
        begun = clock()
        finish(fit_maps(pair, texts, pair.all_routes, FitSettings(tokens)))
        every = clock() - begun
        closed.append(fitted.info.r2)
        for rate in LEARNING_RATES:
            score, seconds = descend(pair, texts, default, rate, tokens, clock)
            descended[rate].append(score)
            one_over[rate].append(one / seconds)
        each = [descend(pair, texts, layers, LEARNING_RATES[1], tokens, clock)[1] for layers in sampled]
        all_over.append(every / (statistics.mean(each) * len(pair.all_routes)))
        print(json.dumps({"one": one, "all": every, "adamw": each}), file=sys.stderr, flush=True)
    return {
        "tokens": tokens,
        "layer_pairs": len(pair.all_routes),
        "r2_closed_form": round(statistics.median(closed), 4),
        "r2_adamw": {f"{rate:g}": round(statistics.median(scores), 4) for rate, scores in descended.items()},
        "one_pair_over_adamw": {f"{rate:g}": round(statistics.median(times), 4) for rate, times in one_over.items()},
        "all_pairs_over_adamw": round(statistics.median(all_over), 5),
    }


def smallest_pair() -> FittedPair:
    """The shipped pair with the fewest parameters, on which many tokens are read soonest."""
    shipped = [pair for pair in PAIRS if MODELS[pair.small].shipped and MODELS[pair.large].shipped]
    loaded = [preset_pair(preset) for preset in shipped]
    return min(loaded, key=lambda pair: pair.small.parameters + pair.large.parameters)


def peak_memory(tokens: int) -> tuple[int, int]:
    """Resident memory before all layer pairs of so many tokens are summed, and the most seen meanwhile, in bytes.

    Not the peak of the process, which comes while libraries are loaded and would hide what grows.
    """
    pair = smallest_pair()
    process = psutil.Process()
    seen = [process.memory_info().rss]
    study = collect(pair, read_texts(TINYWORLD), pair.all_routes, tokens)
    finish(study, lambda _: seen.append(process.memory_info().rss))
    return seen[0], max(seen)


def memory(scale: float) -> dict[str, object]:
    """Peaks at both numbers of tokens, each in a process of its own."""
    peaks, grown = [], []
    for tokens in MEMORY_TOKENS:
        command = [sys.executable, __file__, "--peak-memory-of", str(round(tokens * scale))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        before, peak = map(int, done.stdout.split())
        peaks.append(peak)
        grown.append(peak - before)
    few, many = peaks
    return {
        "tokens": [round(tokens * scale) for tokens in MEMORY_TOKENS],
        "peak_mb": [round(peak / 1e6, 1) for peak in peaks],
        "above_models_mb": [round(growth / 1e6, 1) for growth in grown],
        "memory_ratio": round(many / few, 4),
    }


def coverage(texts: int = 200) -> dict[str, float]:
    """Share of tokens with a partner, for pairs whose tokenizers differ."""
    large = load(PAIRS[0].large)
    names = ["tinyworld-g"]
    stories = Path(os.environ.get("LRT_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "models/stories260K"
    if stories.is_dir():
        names.append(str(stories))
    read = [text for text in islice(read_texts(TINYWORLD), texts) if isinstance(text, str)]
    found = {}
    for name in names:
        pairing = place(load(name), large, read).pairing
        share = 2 * len(pairing.rows) / (pairing.tokens_small + pairing.tokens_large)
        found[f"{Path(name).name} → {large.name}"] = round(share, 4)
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tokens", type=int, default=30_000, help="of each run on the demo pair; a third on the others"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--memory-scale", type=float, default=1.0, help="of the tokens that memory is measured at")
    parser.add_argument("--sections", default="speed,adamw,llama,memory,coverage", help="which to measure")
    parser.add_argument("--peak-memory-of", type=int, metavar="TOKENS", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.peak_memory_of:
        print(*peak_memory(options.peak_memory_of))
        return
    clock = CLOCKS[options.clock]
    if options.clock == "cpu":
        # Threads that wait for each other count as work.
        torch.set_num_threads(1)
    sections: dict[str, Callable[[], object]] = {
        "speed": lambda: speed(demo_pair(), options.tokens, options.runs, clock),
        "adamw": lambda: adamw(demo_pair(), options.tokens, options.runs, clock),
        "llama": lambda: speed(llama_pair(), options.tokens // 3, options.runs, clock),
        "memory": lambda: memory(options.memory_scale),
        "coverage": coverage,
    }
    report: dict[str, object] = {"bars": BARS, "clock": options.clock, "runs": options.runs}
    report["threads"] = torch.get_num_threads()
    for name in options.sections.split(","):
        report[name] = sections[name]()
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
