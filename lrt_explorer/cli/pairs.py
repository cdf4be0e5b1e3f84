"""`lrt-explorer pairs`: the list the models and pairs that have names, and what each needs."""

import argparse
from typing import Any

from lrt_explorer.cli.common import Json, add_json, table


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("pairs", help="list the models and pairs that have names, and what each needs")
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(_options: argparse.Namespace) -> Json:
    """Describe the presets from the files on this disk; nothing is loaded and no network is used."""
    from lrt_explorer.workbench.presets import pairs_document

    return pairs_document()


def show(result: Json) -> str:
    """Both lists as tables."""
    from lrt_explorer.lm.presets import needs

    models = {model["name"]: model for model in result["models"]}
    pairs = [
        (
            pair["name"],
            f"{pair['small_layer']} → {pair['large_layer']}",
            needs([name for name in (pair["small"], pair["large"]) if not models[name]["available"]]) or "nothing",
        )
        for pair in result["pairs"]
    ]
    sizes = [
        (
            name,
            *(f"{model[key]:,}" if model[key] else "–" for key in ("parameters", "layers", "width")),
            model["licence"],
            model["where"],
        )
        for name, model in models.items()
    ]
    columns = ("model", "parameters", "layers", "width", "licence", "where")
    return "\n\n".join((table(("pair", "layers", "needs"), pairs), table(columns, sizes)))
