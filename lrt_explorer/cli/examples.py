"""`lrt-explorer examples`: find prompts and a strength on which concepts show, for a pair of your own."""

import argparse
from typing import Any

from lrt_explorer.cli.common import (
    Json,
    add_concepts,
    add_json,
    add_map,
    add_models,
    add_places,
    chosen_models,
    named_concepts,
    number,
    route,
    run_study,
    table,
)
from lrt_explorer.defaults import EXAMPLE_TRIES


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("examples", help="find prompts on which concepts show, for the app to begin with")
    add_models(parser)
    add_concepts(parser, "try")
    add_map(parser)
    parser.add_argument(
        "--tries",
        type=int,
        default=EXAMPLE_TRIES,
        metavar="N",
        help="prompts to write texts after at each strength, at most (default: %(default)s)",
    )
    add_json(parser)
    parser.set_defaults(run=run, show=show)
    add_places(parser, keeps=True)


def run(options: argparse.Namespace) -> Json:
    """Compare on prompt after prompt, and keep those on which each concept shows."""
    from lrt_explorer.workbench.choose_openings import openings_document
    from lrt_explorer.workbench.requests import openings_for_models

    models = chosen_models(options)
    asked = named_concepts(options.concepts, models.world)
    return openings_document(*run_study(openings_for_models(models, asked, tries=options.tries)))


def show(result: Json) -> str:
    """A row for each concept, with the first prompt that it begins with."""
    rows = [
        (
            one["name"],
            number(one["strength"]) if one["kept"] else "–",
            f"{one['showed']} of {one['tried']}",
            " ".join(one["prompts"][0].split()) if one["kept"] and one["prompts"] else "as before: too few show it",
        )
        for one in result["concepts"]
    ]
    header = ("concept", "s", "prompts that show it", "begins with")
    return f"{route(result)}\n{table(header, rows)}\nkept in {result['artifact']}"
