"""`lrt-explorer basis`: what layers of two models have in common, and the tokens that excite it."""

import argparse
from dataclasses import asdict
from typing import Any

from lrt_explorer.cli.common import Json, add_json, add_models, chosen_models, number, run_study, table
from lrt_explorer.defaults import BASIS_DIRECTIONS, BASIS_TOKENS


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("basis", help="show the directions that two layers have in common")
    add_models(parser)
    parser.add_argument(
        "--top",
        type=int,
        default=BASIS_DIRECTIONS,
        metavar="K",
        help="number of directions to show (default: %(default)s)",
    )
    parser.add_argument(
        "--tokens", type=int, default=BASIS_TOKENS, metavar="N", help="pairs of tokens to use (default: %(default)s)"
    )
    parser.add_argument(
        "--corpus", metavar="NAME|FILE", help="text to read, as for fit (default: ordinary text that suits the pair)"
    )
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Read both models over the texts and find the canonical directions of the layer pair."""
    from lrt_explorer.workbench.requests import basis_of_models

    study = basis_of_models(
        chosen_models(options), corpus=options.corpus, directions=options.top, tokens=options.tokens
    )
    return asdict(run_study(study))


def show(result: Json) -> str:
    """The shared variance, the correlations beside their control, and the tokens at both ends of each direction."""
    directions = result["directions"]
    rows = [
        (
            str(place),
            number(one["correlation"]),
            number(one["held_out"]),
            number(control),
            f"{one['small_share']:.1%}",
            f"{one['large_share']:.1%}",
        )
        for place, (one, control) in enumerate(zip(directions, result["control"], strict=False), 1)
    ]
    header = ("direction", "correlation", "held out", "shuffled pairs", "of small variance", "of large variance")
    parts = [
        f"{result['small']} layer {result['small_layer']} and {result['large']} layer {result['large_layer']}, "
        f"{result['tokens']:,} tokens of {result['corpus']}: the large model's directions explain "
        f"{result['shared_small']:.0%} of the small model's variance, the small model's "
        f"{result['shared_large']:.0%} of the large model's",
        table(header, rows),
    ]
    for place, one in enumerate(directions, 1):
        parts.append(f"direction {place}, the token in brackets, in standard deviations")
        for side in ("small", "large"):
            for end in ("high", "low"):
                parts += [f"  {side}  {_line(token)}" for token in one[f"{side}_{end}"][:3]]
    return "\n".join(parts)


def _line(token: Json) -> str:
    context = " ".join(f"{token['before']}[{token['token']}]{token['behind']}".splitlines())
    return f"{token['value']:+6.1f}  {context}"
