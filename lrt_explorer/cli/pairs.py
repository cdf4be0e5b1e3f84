"""`lrt-explorer pairs`: the models and pairs known by name, and what each needs."""

import argparse
from typing import Any

from lrt_explorer.cli.common import Json, add_json, table

FIELDS = ("name", "parameters", "layers", "width", "where", "available")


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("pairs", help="models and pairs known by name, and what each needs")
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(_options: argparse.Namespace) -> Json:
    """Describe the presets from the files on this disk; nothing is loaded and no network is used."""
    from lrt_explorer.lm.presets import MODELS, PAIRS
    from lrt_explorer.lm.summary import describe

    models = {name: describe(name) for name in MODELS}
    return {
        "pairs": [
            {
                "name": pair.name,
                "small": pair.small,
                "large": pair.large,
                "small_layer": pair.small_layer,
                "large_layer": pair.large_layer,
                "available": models[pair.small].available and models[pair.large].available,
            }
            for pair in PAIRS
        ],
        "models": [
            {
                **{field: getattr(model, field) for field in FIELDS},
                "licence": MODELS[name].licence,
                "gated": MODELS[name].gated,
                "shipped": MODELS[name].shipped,
            }
            for name, model in models.items()
        ],
    }


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
