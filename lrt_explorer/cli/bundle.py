"""`lrt-explorer bundle`: make what ships with the demo family again, after it was trained."""

import argparse
from typing import Any

from lrt_explorer.cli.common import Json, add_json, add_placement, number, run_study, table
from lrt_explorer.defaults import PROMPTS, SHIPPED_FIT_TOKENS

PARTS = {
    "maps": "maps, vectors and strengths",
    "strengths": "typical deviations and calibrations",
    "ends": "R² of the maps at the ends of prompts",
    "layouts": "UMAP's positions of the pictures that are asked for first",
    "layers": "scores of all layer pairs",
    "evidence": "the verdict on every concept",
    "openings": "examples and first strengths",
    "firsts": "the texts that a page shows first",
    "clouds": "the points of the picture in About",
}
"""What can be rebuilt alone, with its help. The maps bring the strengths with them."""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bundle",
        help="rebuild what ships with the demo family: maps, strengths, layouts, layer scores, evidence, first texts",
    )
    parser.add_argument(
        "--tokens",
        type=int,
        default=SHIPPED_FIT_TOKENS,
        metavar="N",
        help="pairs of tokens per map (default: %(default)s)",
    )
    parser.add_argument(
        "--prompts",
        type=int,
        default=PROMPTS,
        metavar="N",
        help="held-out prompts of each concept in the evidence (default: %(default)s)",
    )
    add_placement(parser)
    parts = "; ".join(f"{part}: {does}" for part, does in PARTS.items())
    parser.add_argument(
        "--only",
        choices=tuple(PARTS),
        action="append",
        help=f"rebuild this part alone; may be repeated. {parts}",
    )
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Write them into the assets."""
    from lrt_explorer.store import assets_home
    from lrt_explorer.workbench.bundle import (
        build_demo_maps,
        ship_ends,
        ship_firsts,
        ship_layer_scores,
        ship_layouts,
        ship_picture,
        ship_starts,
        ship_strengths,
        ship_verdicts,
    )

    parts = options.only or [part for part in PARTS if part != "strengths"]
    fits = run_study(build_demo_maps(tokens=options.tokens)).maps if "maps" in parts else ()
    if "strengths" in parts:
        run_study(ship_strengths())
    if "ends" in parts:
        ship_ends()
    if "layouts" in parts:
        run_study(ship_layouts())
    if "layers" in parts:
        run_study(ship_layer_scores())
    if "evidence" in parts:
        run_study(ship_verdicts(prompts=options.prompts))
    if "openings" in parts:
        # Last, because only concepts of which the evidence shows transfer get any.
        run_study(ship_starts())
    if "firsts" in parts:
        run_study(ship_firsts())
    if "clouds" in parts:
        ship_picture()
    maps = [
        {
            "small": fit.info.small,
            "large": fit.info.large,
            "small_layer": fit.info.small_layer,
            "large_layer": fit.info.large_layer,
            "r2": fit.info.r2,
            "coverage": fit.info.coverage,
            "direction_cosine": fit.agreement.direction_cosine,
        }
        for fit in fits
    ]
    return {"maps": maps, "assets": str(assets_home())}


def show(result: Json) -> str:
    """One line a map."""
    rows = [
        (
            f"{row['small']} → {row['large']}",
            f"{row['small_layer']} → {row['large_layer']}",
            *(number(row[key]) for key in ("r2", "coverage", "direction_cosine")),
        )
        for row in result["maps"]
    ]
    if not rows:
        return f"saved in {result['assets']}"
    header = ("pair", "layers", "held-out R²", "coverage", "direction cosine")
    return f"{table(header, rows)}\nsaved in {result['assets']}"
