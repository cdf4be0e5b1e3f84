"""Do the contrast sets for real models steer the models they are read from? Prints one JSON object, progress on stderr.

    python -m benchmarks.concepts MODEL... [--concepts sentiment,formality] [--layers 2] [--prompts 24]
                                           [--reading last-token] [--plain]

For every model, at a few layers in its middle: the concept's own vector at the strengths where it costs 0.1 and 0.3 nat
(see `calibrate`), the slope of the readout over both strengths, both signs
and 0, with a bootstrap interval over prompts, and the change of the readout from one end to the other. Native steering
is shown at a layer where the interval lies above 0. A concept that is shown at no layer of any model does not ship.

`--plain` leaves chat templates aside, for comparison.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from lrt_explorer.concepts.contrast import ContrastSet, Reading, read_contrast, real_concepts
from lrt_explorer.concepts.readout import answer_difference, answer_tokens, settle
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.suffix import read_starts, suffix_logits
from lrt_explorer.study.evaluation.statistics import mean_interval, resamples, slopes
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import EVERYDAY
from lrt_explorer.study.steering.calibrate import calibrate
from lrt_explorer.study.steering.deviation import units_of

COSTS = (0.1, 0.3)
"""Nats of KL on ordinary text."""
SHALLOWEST, DEEPEST = 0.4, 0.7


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--concepts", help="names separated by commas; all by default")
    parser.add_argument("--layers", type=int, default=2, help="how many layers of each model")
    parser.add_argument("--prompts", type=int, default=24, help="of each set, from its beginning")
    parser.add_argument("--reading", help="where vectors are read; by default where each set prefers")
    parser.add_argument("--plain", action="store_true", help="leave chat templates aside")
    options = parser.parse_args(arguments)
    known = real_concepts()
    names = options.concepts.split(",") if options.concepts else list(known)
    sets = [read_contrast(known[name]) for name in names]
    if options.plain:
        sets = [unasked(contrast) for contrast in sets]
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for name in options.models:
        lm = models().get(name)
        layers = depths(lm.layers, options.layers)
        for contrast in sets:
            print(f"{name}: {contrast.name}", file=sys.stderr)
            found[contrast.name][name] = measure(lm, contrast, layers, options.prompts, options.reading)
    report = {
        "costs": COSTS,
        "templates": not options.plain,
        "concepts": found,
        "shown": {name: [of for of, seen in measured.items() if seen["shown"]] for name, measured in found.items()},
    }
    print(json.dumps(report, indent=1))


def depths(layers: int, count: int) -> list[int]:
    """So many blocks, evenly from `SHALLOWEST` to `DEEPEST` of the depth."""
    return sorted({round(share * (layers - 1)) for share in np.linspace(SHALLOWEST, DEEPEST, count)})


def unasked(contrast: ContrastSet) -> ContrastSet:
    """The set without its user messages, which every model reads as plain text."""
    prompts = tuple(replace(prompt, ask=None) for prompt in contrast.prompts)
    return replace(contrast, ask=None, pair_asks=(), prompts=prompts)


def measure(
    lm: LanguageModel, contrast: ContrastSet, at: Sequence[int], prompts: int, reading: Reading | None
) -> dict[str, Any]:
    """Slope and effect at each layer, and whether steering is shown at one of them."""
    known = known_vectors().get_all(lm, contrast, at, reading)
    asked = settle(lm, contrast.prompts[:prompts])
    answers = answer_tokens(lm, asked)
    draws = resamples(len(asked), 0)
    layers = []
    units = units_of(lm, at, EVERYDAY.ordinary)
    for layer in at:
        values = known[layer].vector.values
        curve = finish(calibrate(lm, layer, values, units[layer], EVERYDAY.ordinary)).curve
        ends = [curve.strength(cost) for cost in COSTS]
        grid = np.array([*(-s for s in reversed(ends)), 0.0, *ends])
        added = torch.stack([addition(values, float(s), units[layer]) for s in grid])
        readouts = np.empty((len(asked), len(grid)))
        for row, (start, answer) in enumerate(
            zip(read_starts(lm, layer, [prompt.text for prompt in asked]), answers, strict=True)
        ):
            readouts[row] = answer_difference(suffix_logits(lm, start, added).T.log_softmax(0), answer).cpu().numpy()
        own = slopes(grid, readouts)
        slope, effect = mean_interval(own, draws), mean_interval(readouts[:, -1] - readouts[:, 0], draws)
        layers.append(
            {
                "layer": layer,
                "strengths": [round(s, 4) for s in ends],
                "slope": rounded(asdict(slope)),
                "effect": rounded(asdict(effect)),
                "unsteered": round(float(readouts[:, len(ends)].mean()), 3),
                "against": round(float((own < 0).mean()), 3),
                "shown": bool(slope.low > 0),
            }
        )
    return {"prompts": len(asked), "shown": any(one["shown"] for one in layers), "layers": layers}


def rounded(numbers: dict[str, float]) -> dict[str, float]:
    """With three decimals."""
    return {name: round(value, 3) for name, value in numbers.items()}


if __name__ == "__main__":
    main()
