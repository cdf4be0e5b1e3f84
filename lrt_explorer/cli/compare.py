"""`lrt-explorer compare`: the large model's text under every arm, from one start."""

import argparse
import textwrap
from pathlib import Path
from typing import Any

from lrt_explorer.cli.common import (
    Json,
    add_concept,
    add_json,
    add_models,
    add_scorer,
    chosen_layers,
    chosen_scorer,
    load_model,
    number,
    run_study,
)
from lrt_explorer.defaults import MAX_NEW_TOKENS


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("compare", help="the large model's text under every arm, side by side")
    add_models(parser)
    parser.add_argument(
        "--map",
        type=Path,
        metavar="DIR",
        help="folder of a fitted map (default: an existing one, else it is fitted first)",
    )
    add_concept(parser)
    add_scorer(parser)
    parser.add_argument("--prompt", help="start of all texts (default: one that suits the concept)")
    parser.add_argument(
        "--strength", type=float, metavar="S", help="in typical deviations (default: calibrated for the native vector)"
    )
    parser.add_argument(
        "--equal-cost", action="store_true", help="push every arm as far as costs what the native vector costs"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sampling (default: %(default)s)")
    parser.add_argument("--temperature", type=float, metavar="T", help="0 is greedy (default: what suits the pair)")
    parser.add_argument("--max-new-tokens", type=int, default=MAX_NEW_TOKENS, metavar="N", help="default: %(default)s")
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Write all arms."""
    from lrt_explorer.store import load_map
    from lrt_explorer.study.calibrate import calibrate_concept
    from lrt_explorer.study.compare import compare
    from lrt_explorer.study.world import world_of
    from lrt_explorer.workbench.maps import map_for
    from lrt_explorer.workbench.starting_points import default_prompt

    concept, scorer = world_of(options.small, options.large).concept(options.concept), chosen_scorer(options)
    small, large = load_model(options.small), load_model(options.large)
    if options.map:
        map, info = load_map(options.map)
    else:
        map, info = run_study(map_for(small, large, *chosen_layers(options, small, large)), keeps=True)
    how = {"reading": options.reading, "method": options.method, "whiten": options.whiten}
    strength = options.strength
    if strength is None:
        strength = run_study(calibrate_concept(small, large, info.large_layer, concept, **how)).first
    study = compare(
        small,
        large,
        map,
        info,
        concept,
        default_prompt(concept) if options.prompt is None else options.prompt,
        strength=strength,
        seed=options.seed,
        max_new_tokens=options.max_new_tokens,
        temperature=options.temperature,
        **how,
        scorer=scorer,
        equal_cost=options.equal_cost,
    )
    comparison = run_study(study)
    return {
        **comparison.settings,
        "prompt": comparison.prompt,
        "strength": comparison.strength,
        "coefficient": comparison.coefficient,
        "arms": [
            {
                "name": arm.name,
                "text": arm.text,
                "score": arm.score,
                "readout": arm.readout,
                "strength": arm.strength,
                "coefficient": arm.coefficient,
            }
            for arm in comparison.arms
        ],
    }


def show(result: Json) -> str:
    """The arms one below the other, with their figures."""
    parts = [
        f"{result['small']} layer {result['small_layer']} → {result['large']} layer {result['large_layer']}, "
        f"{result['concept']} at strength {result['strength']:g} (coefficient {result['coefficient']:.3g})",
        textwrap.fill(f"prompt: {result['prompt']}", 100, subsequent_indent="  "),
    ]
    for arm in result["arms"]:
        text = textwrap.fill(arm["text"].strip(), 100, initial_indent="  ", subsequent_indent="  ")
        pushed = f", coefficient {arm['coefficient']:.3g}" if result["equal_cost"] else ""
        parts.append(
            f"{arm['name']}: score {number(arm['score'])}, readout {number(arm['readout'])} nats{pushed}\n{text}"
        )
    return "\n\n".join(parts)
