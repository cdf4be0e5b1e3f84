"""`lrt-explorer bundle`: make what ships with the demo family again, after it was trained."""

import argparse
from typing import Any

from lrt_explorer.cli.common import Json, add_json, add_placement, number, run_study, table
from lrt_explorer.defaults import FIT_TOKENS


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "bundle", help="rebuild the maps, vectors and strengths that ship with the demo family"
    )
    parser.add_argument(
        "--tokens", type=int, default=FIT_TOKENS, metavar="N", help="pairs of tokens per map (default: %(default)s)"
    )
    add_placement(parser)
    parser.add_argument(
        "--strengths-only",
        action="store_true",
        help="rebuild only typical deviations and calibrations; leave maps and vectors as they are",
    )
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Write them into the assets."""
    from lrt_explorer.store import assets_home
    from lrt_explorer.workbench.bundle import build_demo_maps, ship_strengths

    if options.strengths_only:
        run_study(ship_strengths())
        return {"maps": [], "assets": str(assets_home())}
    bundle = run_study(build_demo_maps(tokens=options.tokens))
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
        for fit in bundle.maps
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
