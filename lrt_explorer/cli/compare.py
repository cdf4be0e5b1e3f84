"""`lrt-explorer compare`: the large model's texts side by side, from one start."""

import argparse
import textwrap
from typing import Any

from lrt_explorer.cli.common import (
    Json,
    add_concept,
    add_json,
    add_map,
    add_models,
    add_own_vectors,
    add_scorer,
    chosen_models,
    chosen_scorer,
    chosen_vectors,
    number,
    route,
    run_study,
)
from lrt_explorer.defaults import MAX_NEW_TOKENS, SEED, STRENGTH, TEMPERATURE
from lrt_explorer.study.steering.arms import ARMS, OFFERED, OTHER_LAYERS, PANES, chosen_arms, spelled


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare", help="write the large model's texts side by side: unsteered, native, transferred, random"
    )
    add_models(parser)
    add_map(parser)
    add_concept(parser)
    add_own_vectors(parser)
    add_scorer(parser)
    parser.add_argument("--prompt", metavar="TEXT", help="start of every text (default: one that suits the concept)")
    parser.add_argument(
        "--ask",
        metavar="TEXT",
        help="a message that the texts answer, in the chat template of the large model; they begin with the prompt",
    )
    parser.add_argument(
        "--strength",
        type=float,
        default=STRENGTH,
        metavar="S",
        help="strength, in typical deviations (default: calibrated for the native vector)",
    )
    parser.add_argument(
        "--arms",
        default=spelled(PANES[1:]),
        metavar="NAME,...",
        help="what is compared with the unsteered text (default: %(default)s). "
        + "; ".join(f"{spelled([name])}: {ARMS[name].help}" for name in OFFERED[1:]),
    )
    parser.add_argument(
        "--other-layers",
        default="",
        metavar="S-L",
        help="small and large layer of the arm other-layers (default: one block lower in both models)",
    )
    parser.add_argument(
        "--also",
        default="",
        metavar="NAME:S,...",
        help="further concepts to steer by, each with its strength",
    )
    parser.add_argument(
        "--equal-cost", action="store_true", help="give every arm the strength that costs as much as the native vector"
    )
    parser.add_argument(
        "--as-in-paper", action="store_true", help="also add the map's bias to the direction, as arXiv 2506.00653 does"
    )
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help="seed of the sampling (default: %(default)s)"
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=TEMPERATURE,
        metavar="T",
        help="sampling temperature; 0 is greedy (default: what suits the pair)",
    )
    parser.add_argument(
        "--max-new-tokens",
        type=int,
        default=MAX_NEW_TOKENS,
        metavar="N",
        help="length of each text (default: %(default)s)",
    )
    parser.add_argument(
        "--per-token",
        action="store_true",
        help="print each token's log-probability, steered and unsteered, and the likeliest alternatives",
    )
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Write all arms."""
    from lrt_explorer.study.steering.also import read_also
    from lrt_explorer.study.steering.other_layers import asked_layers
    from lrt_explorer.study.steering.steer_spec import SteerSpec
    from lrt_explorer.workbench.compare import comparison_document
    from lrt_explorer.workbench.requests import compare_models

    spec = SteerSpec(
        concept=options.concept,
        prompt=options.prompt,
        strength=options.strength,
        seed=options.seed,
        temperature=options.temperature,
        max_new_tokens=options.max_new_tokens,
        reading=options.reading,
        method=options.method,
        whiten=options.whiten,
        as_in_paper=options.as_in_paper,
        equal_cost=options.equal_cost,
        arms=chosen_arms(options.arms),
        also=read_also(options.also),
        ask=options.ask,
        per_token=options.per_token,
        other_layers=asked_layers(options.other_layers),
        scorer=chosen_scorer(options),
    )
    study = compare_models(chosen_models(options), spec, chosen_vectors(options))
    return comparison_document(run_study(study, keeps=True))


def show(result: Json) -> str:
    """The arms one below the other, with their figures."""
    parts = [
        f"{route(result)}, {result['concept']} at strength {result['strength']:g} "
        f"(coefficient {result['coefficient']:.3g})",
        textwrap.fill(result["sentence"], 100),
        *([textwrap.fill(f"message: {result['ask']}", 100, subsequent_indent="  ")] if "ask" in result else []),
        textwrap.fill(f"prompt: {result['prompt']}", 100, subsequent_indent="  "),
    ]
    for arm in result["arms"]:
        text = textwrap.fill(arm["text"].strip(), 100, initial_indent="  ", subsequent_indent="  ")
        pushed = f", coefficient {arm['coefficient']:.3g}" if result["equal_cost"] else ""
        readout = f"readout {number(arm['readout'])} {result['readout_unit']}"
        remark = f", {arm['remark']}" if arm["remark"] else ""
        odds = "".join(f"\n{_odds(token)}" for token in arm.get("tokens", ()))
        parts.append(
            f"{_named(arm['name'], result)}: score {number(arm['score'])}, {readout}{pushed}{remark}\n{text}{odds}"
        )
    return "\n\n".join(parts)


def _named(arm: str, result: Json) -> str:
    """An arm with the layers that are its own."""
    return f"{arm}, {result['other_small_layer']} → {result['other_large_layer']}" if arm == OTHER_LAYERS else arm


def _odds(token: Json) -> str:
    before = "" if token["unsteered"] is None else f", unsteered {number(token['unsteered'])}"
    others = ", ".join(f"{text!r} {share:.0%}" for text, share in token["alternatives"])
    return f"    {token['text']!r}: {number(token['logprob'])} nats{before}; likeliest {others}"
