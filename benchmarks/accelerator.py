"""What an accelerator gives: the numbers of the CPU, and how much sooner. Prints one JSON object.

    python -m benchmarks.accelerator SMALL LARGE [--device cuda] [--dtype float32] [--concept NAME]

On the CPU and then on the device, each in an empty data folder and with default settings: load both models, fit the map
that opening the pair fits, find the vectors of one concept, and write the texts shown first. *Differences* are those of
the device from the CPU: of the states of both models, in typical deviations; of the map, over its own size; of the
vectors, over their lengths; of the logits of the next token, in nats; of R², of the strength and of the scores, as they
are. The project holds them at 1e-3 or below in float32. Seconds and tokens per second stand for each; memory is the
device's own count at its highest.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmarks.real import say
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.examples import default_prompt
from lrt_explorer.concepts.vectors import mean_difference
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.load import load
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from lrt_explorer.store import PairMap
from lrt_explorer.study.compare import Comparison, compare
from lrt_explorer.study.ground.known import few_pairs
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair

BAR = 1e-3
TEXTS = 16
NEW_TOKENS = 40


@dataclass(frozen=True)
class Run:
    """What one device gave."""

    seconds: dict[str, float]
    saved: SavedMap
    states: dict[str, Tensor]
    vectors: dict[str, Tensor]
    logprobs: Tensor
    comparison: Comparison
    tokens_per_s: dict[str, float]
    memory_bytes: int | None


def settle(device: torch.device) -> None:
    """Wait until the device has done what it was given, so that a clock tells the truth."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def peak(device: torch.device) -> int | None:
    """Bytes in use on an accelerator at the highest; None where nobody counts them."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def run(names: tuple[str, str], device: str, dtype: str, concept_name: str | None) -> Run:
    """Everything, on one device."""
    seconds: dict[str, float] = {}
    clock = time.perf_counter()

    def done(part: str, where: torch.device) -> float:
        nonlocal clock
        settle(where)
        seconds[part] = time.perf_counter() - clock
        clock = time.perf_counter()
        say(f"{device}: {part} {seconds[part]:.2f} s")
        return seconds[part]

    small, large = (load(name, device=device, dtype=dtype) for name in names)
    place = large.device
    done("load", place)
    pair = Pair(small=small, large=large)
    world = pair.world
    concept: ContrastSet = few_pairs(world.concept(concept_name or world.opening()))
    layers = pair.layers()
    saved = finish(map_for(pair, layers))
    rate = {"fit": saved.info.tokens_used / done("fit", place)}
    vectors = {
        lm.name: mean_difference(lm, concept, [layer])[layer].values.cpu()
        for lm, layer in zip((small, large), layers, strict=True)
    }
    done("vectors", place)
    comparison = finish(
        compare(
            pair,
            PairMap(map=saved.map, info=saved.info),
            SteerSpec(concept=concept, prompt=default_prompt(concept), max_new_tokens=NEW_TOKENS),
        )
    )
    rate["compare"] = NEW_TOKENS * len(comparison.arms) / done("compare", place)
    texts = [prompt.text for prompt in concept.prompts[:TEXTS]]
    states = {lm.name: read(lm, texts, layer) for lm, layer in zip((small, large), layers, strict=True)}
    logprobs = next_token_logprobs(large, texts).cpu()
    done("states", place)
    rate["generate"] = bare_rate(large, place)
    return Run(seconds, saved, states, vectors, logprobs, comparison, rate, peak(place))


def read(lm: LanguageModel, texts: list[str], layer: int) -> Tensor:
    """States `[tokens, width]` at the tokens of the texts."""
    encoded = encode(lm, texts)
    return capture(lm, encoded, [layer])[layer][encoded.mask.bool()]


def bare_rate(large: LanguageModel, place: torch.device) -> float:
    """Tokens a second that the library's own `generate` writes in four rows."""
    generate: Any = large.model.generate
    ids = torch.ones(4, 16, dtype=torch.long, device=place)
    begun = 0.0
    for tokens in (2, NEW_TOKENS):
        settle(place)
        begun = time.perf_counter()
        with torch.inference_mode():
            generate(ids, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0)
        settle(place)
    return 4 * NEW_TOKENS / (time.perf_counter() - begun)


def differences(cpu: Run, device: Run) -> dict[str, float]:
    """How far the device is from the CPU."""
    found: dict[str, float] = {}
    for name, states in cpu.states.items():
        deviation = (states - states.mean(0)).norm(dim=1).median()
        found[f"states of {name}"] = float(((device.states[name] - states).norm(dim=1) / deviation).max())
        own, other = cpu.vectors[name], device.vectors[name]
        found[f"vector of {name}"] = float((own - other).norm() / own.norm())
        found[f"1 - cosine of {name}"] = 1 - cosine(own, other)
    weights = cpu.saved.map.weight
    found["map"] = float((device.saved.map.weight - weights).norm() / weights.norm())
    found["R²"] = abs(device.saved.info.r2 - cpu.saved.info.r2)
    found["log-probabilities"] = float((device.logprobs - cpu.logprobs).abs().max())
    found["strength"] = abs(device.comparison.strength - cpu.comparison.strength)
    return found


def described(one: Run) -> dict[str, Any]:
    """What is printed of a run."""
    return {
        "seconds": one.seconds,
        "tokens_per_s": one.tokens_per_s,
        "memory_bytes": one.memory_bytes,
        "r2": one.saved.info.r2,
        "map_tokens": one.saved.info.tokens_used,
        "strength": one.comparison.strength,
        "texts": {arm.name: arm.text for arm in one.comparison.arms},
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("small")
    parser.add_argument("large")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--concept")
    options = parser.parse_args(arguments)
    runs: list[Run] = []
    for device in ("cpu", options.device):
        with tempfile.TemporaryDirectory() as home:
            os.environ["LRT_EXPLORER_HOME"] = home
            runs.append(run((options.small, options.large), device, options.dtype, options.concept))
    apart = differences(*runs)
    same = [one.text == other.text for one, other in zip(*(each.comparison.arms for each in runs), strict=True)]
    print(
        json.dumps(
            {
                "small": options.small,
                "large": options.large,
                "dtype": options.dtype,
                "device": torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device,
                "differences": apart,
                "agrees": all(value <= BAR for value in apart.values()),
                "equal_texts": sum(same),
                "texts": len(same),
                "cpu": described(runs[0]),
                "accelerator": described(runs[1]),
            },
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
