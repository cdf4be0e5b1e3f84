"""`lrt-explorer fit`: the map between layers of two models."""

import argparse
import time
from pathlib import Path
from typing import Any

from lrt_explorer.cli.common import Json, add_json, add_models, chosen_layers, load_model, number, run_study, table

METHODS = ("ridge",)


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("fit", help="fit a map between layers of two models")
    add_models(parser)
    parser.add_argument("--all-layers", action="store_true", help="every layer of one with every layer of the other")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help="estimator (default: %(default)s)")
    parser.add_argument("--corpus", default="tinyworld", help="tinyworld, demo, or a file (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=100_000, help="pairs of tokens to use (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the map (default: where the app finds it)")
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Fit one map, or those of all layer pairs from one pass, and keep them."""
    from lrt_explorer.concepts.contrast import load_concept, shipped_concepts
    from lrt_explorer.study.collect import Route
    from lrt_explorer.study.fit import fit_maps
    from lrt_explorer.study.maps import keep_map, own_map_folder
    from lrt_explorer.study.texts import read_texts

    texts = read_texts(options.corpus)
    concepts = [load_concept(name) for name in shipped_concepts()]
    small, large = load_model(options.small), load_model(options.large)
    if options.all_layers:
        routes = [Route(i, j) for i in range(small.layers) for j in range(large.layers)]
    else:
        routes = [Route(*chosen_layers(options, small, large))]
    begun = time.monotonic()
    study = fit_maps(small, large, texts, routes, tokens=options.tokens, corpus=options.corpus, concepts=concepts)
    fitted = run_study(study)
    seconds = time.monotonic() - begun
    folders = []
    for fit in fitted:
        i, j = fit.info.small_layer, fit.info.large_layer
        given = options.out / f"{i}-{j}" if options.out and options.all_layers else options.out
        folders.append(keep_map(fit, given or own_map_folder(small.name, large.name, i, j)))
    info = fitted[0].info
    return {
        "small": small.name,
        "large": large.name,
        "method": info.method,
        "corpus": info.corpus,
        "tokens_used": info.tokens_used,
        "tokens_left_out": info.tokens_left_out,
        "coverage": info.coverage,
        "seconds": round(seconds, 3),
        "pairs": [
            {
                "small_layer": fit.info.small_layer,
                "large_layer": fit.info.large_layer,
                "r2": fit.info.r2,
                "cka": fit.info.cka,
                "reachable_share": fit.reachable_share,
                "direction_cosine": fit.direction_cosine,
                "lambda": fit.info.lam,
            }
            for fit in fitted
        ],
        "artifact": str(folders[0].parent if options.all_layers else folders[0]),
    }


def show(result: Json) -> str:
    """What was fitted, how good it is, and where it lies."""
    rows = [
        (
            f"{pair['small_layer']} → {pair['large_layer']}",
            *(number(pair[key]) for key in ("r2", "cka", "reachable_share", "direction_cosine")),
            f"{pair['lambda']:g}",
        )
        for pair in result["pairs"]
    ]
    return (
        f"{result['small']} → {result['large']}: {result['tokens_used']:,} tokens in {result['seconds']:.1f} s, "
        f"{result['tokens_left_out']:,} left out, coverage {result['coverage']:.0%}\n"
        f"{table(('layers', 'held-out R²', 'CKA', 'reachable', 'direction cosine', 'λ'), rows)}\n"
        f"kept in {result['artifact']}"
    )
