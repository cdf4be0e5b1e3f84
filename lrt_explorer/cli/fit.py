"""`lrt-explorer fit`: the map between layers of two models."""

import argparse
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrt_explorer.cli.common import (
    ALL_CONCEPTS,
    NO_CONCEPTS,
    Json,
    add_json,
    add_models,
    chosen_layers,
    load_model,
    named_concepts,
    number,
    run_study,
    table,
)
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.progress import Progress

if TYPE_CHECKING:
    from lrt_explorer.concepts.contrast import ContrastSet
    from lrt_explorer.lm.model import LanguageModel
    from lrt_explorer.store import MapInfo
    from lrt_explorer.study.layers import LayerCell
    from lrt_explorer.study.solve import FittedMap
    from lrt_explorer.study.texts import Corpus

BY_DESCENT = ("sgd", "distilled")
WARNINGS_SHOWN = 3
METHODS = ("ridge", "procrustes", "reduced-rank", *BY_DESCENT)
CORPUS_HELP = (
    "self (the large model writes it), everyday (ordinary prose), a .txt, .md, .jsonl, .ndjson, .json, .csv, .tsv or "
    ".parquet file (.gz too), a public data set (wikitext, wikipedia, c4, fineweb, smoltalk, ultrachat, hf:NAME, "
    "hf:NAME:SPLIT or hf:NAME:CONFIG:SPLIT), tinyworld, tinyworld-broken-off or demo; A+B takes both in turn "
    "(default: what suits the pair)"
)


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("fit", help="fit a map between layers of two models")
    add_models(parser)
    parser.add_argument("--all-layers", action="store_true", help="every layer of one with every layer of the other")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help="estimator (default: %(default)s)")
    parser.add_argument(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="of sgd (default: 0.001), or of distilled relative to the size of the ridge map's weights (default: 0.01)",
    )
    parser.add_argument(
        "--learn-from",
        metavar="NAME|FILE,…|all",
        help="concepts that distilled learns from; --concepts all then compares the others (default: none, but "
        "differences of random tokens)",
    )
    parser.add_argument(
        "--concepts",
        metavar="NAME|FILE,…|all|none",
        help="concepts to compare directions on, read once the map is kept (default: all within the demo family, whose "
        "vectors ship, else none)",
    )
    parser.add_argument("--corpus", help=CORPUS_HELP)
    parser.add_argument("--tokens", type=int, default=100_000, help="pairs of tokens to use (default: %(default)s)")
    parser.add_argument(
        "--memory-gb", type=float, default=4.0, metavar="GB", help="memory beside the models (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the map (default: where the app finds it)")
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json | int:
    """Fit one map, or those of all layer pairs from as few passes as the memory allows, and keep them.

    The moments are kept too: a run that was stopped goes on where it was, and another estimator or layer needs no pass.
    Of several processes that a launcher started, only the main one writes and speaks.
    """
    from lrt_explorer.study.caveats import caveats
    from lrt_explorer.study.directions import read_directions
    from lrt_explorer.study.layers import grid_of_one, layer_grid
    from lrt_explorer.study.processes import processes
    from lrt_explorer.study.texts import read_texts
    from lrt_explorer.study.world import world_of
    from lrt_explorer.workbench.maps import keep_map, own_map_folder

    if options.method in BY_DESCENT and options.all_layers:
        raise SettingsError(
            f"{options.method} takes minutes for each layer pair; choose one pair, without --all-layers"
        )
    if options.learning_rate is not None and options.method not in BY_DESCENT:
        raise SettingsError(f"{options.method} has no learning rate; leave it out, or choose {' or '.join(BY_DESCENT)}")
    if options.learn_from is not None and options.method != "distilled":
        raise SettingsError(f"{options.method} learns from no concept; leave --learn-from out, or choose distilled")
    # Before the models are loaded: this chooses the device of each process.
    main = processes().main
    world = world_of(options.small, options.large)
    corpus = options.corpus or world.corpus
    texts = read_texts(corpus)
    learn_from = tuple(named_concepts(options.learn_from or NO_CONCEPTS, world))
    learned = {concept.name for concept in learn_from}
    asked = named_concepts(options.concepts or (ALL_CONCEPTS if world.vectors_ship else NO_CONCEPTS), world)
    if options.concepts not in (None, ALL_CONCEPTS) and (both := [one.name for one in asked if one.name in learned]):
        raise SettingsError(f"a map is not compared on what it learns from; leave {both[0]} out of one list")
    concepts = [concept for concept in asked if concept.name not in learned] if main else []
    small, large = load_model(options.small), load_model(options.large)
    pairs = None if options.all_layers else [chosen_layers(options, small, large)]
    infos: list[MapInfo] = []
    folders: list[Path] = []

    def take(found: "FittedMap") -> Path | None:
        infos.append(found.info)
        if not main:
            return None
        i, j = found.info.small_layer, found.info.large_layer
        given = options.out / f"{i}-{j}" if options.out and options.all_layers else options.out
        folders.append(keep_map(found, given or own_map_folder(small.name, large.name, i, j)))
        return folders[-1]

    begun = time.monotonic()
    if options.method in BY_DESCENT:
        found = run_study(_by_descent(options, small, large, texts, corpus, learn_from), keeps=True)
        take(found)
        directions = read_directions(small, large, [(found.info.small_layer, found.info.large_layer)], concepts)
        grid = grid_of_one(found.compared(run_study(directions)))
    else:
        study = layer_grid(
            small,
            large,
            texts,
            pairs=pairs,
            tokens=options.tokens,
            corpus=corpus,
            concepts=concepts,
            method=options.method,
            memory_gb=options.memory_gb,
            take=take,
        )
        grid = run_study(study, keeps=True)
    if not main:
        return 0
    # Several passes come group by group, and the cells in order.
    infos.sort(key=lambda info: (info.small_layer, info.large_layer))
    warnings = dict.fromkeys(sentence for info in infos for sentence in caveats(info))
    return {
        "small": small.name,
        "large": large.name,
        "method": options.method,
        "corpus": corpus,
        **_tokens(infos[0]),
        "seconds": round(time.monotonic() - begun, 3),
        "concepts": [concept.name for concept in concepts],
        "concepts_left_out": dict(grid.left_out),
        "warnings": list(warnings),
        "pairs": [_described(info, cell) for info, cell in zip(infos, grid.cells, strict=True)],
        "artifact": str(folders[0].parent if options.all_layers else folders[0]),
    }


def show(result: Json) -> str:
    """What was fitted, how good it is, and where it lies."""
    keys = ("r2", "r2_standardised", "cka", "cka_standardised")
    directions = ("reachable_share", "direction_cosine", "direction_cosine_standardised", "norm_ratio")
    rows = [
        (
            f"{pair['small_layer']} → {pair['large_layer']}",
            *(number(pair[key]) for key in keys),
            f"{pair['largest_dimension_small']:.0%} → {pair['largest_dimension_large']:.0%}",
            *(number(pair[key]) for key in directions),
            "–" if pair["lambda"] is None else f"{pair['lambda']:g}",
        )
        for pair in result["pairs"]
    ]
    header = (
        "layers",
        "held-out R²",
        "standardised",
        "CKA",
        "standardised",
        "largest dimension",
        "reachable",
        "direction cosine",
        "standardised",
        "norm ratio",
        "λ",
    )
    lines = [
        f"{result['small']} → {result['large']}: {result['tokens_used']:,} tokens in {result['seconds']:.1f} s, "
        f"{result['tokens_left_out']:,} left out, coverage {result['coverage']:.0%}",
        table(header, rows),
        *result["left_out"],
        *_outliers(result["pairs"]),
        *result["warnings"][:WARNINGS_SHOWN],
    ]
    if (more := len(result["warnings"]) - WARNINGS_SHOWN) > 0:
        lines.append(f"and {more} more warnings of this kind; --json has all of them")
    if result["concepts"]:
        lines.append(f"directions compared on {', '.join(result['concepts'])}")
    for name, reason in result["concepts_left_out"].items():
        pairs = sum(name in pair["concepts_left_out"] for pair in result["pairs"])
        lines.append(f"{name} is left out at {pairs} of {len(result['pairs'])} layer pairs: {reason}")
    return "\n".join([*lines, f"kept in {result['artifact']}"])


def _outliers(pairs: Sequence[Json]) -> list[str]:
    """Of a single pair, what its outlier dimensions hold; of many there would be a line for each."""
    if len(pairs) > 1 or not any(pairs[0]["outlier_dimensions"][side]["count"] for side in ("small", "large")):
        return []
    parts = (pairs[0]["outlier_dimensions"][side] | {"side": side} for side in ("small", "large"))
    said = (f"{part['count']} of the {part['side']} layer with {part['share']:.0%} of its variance" for part in parts)
    return [f"outlier dimensions: {', '.join(said)}"]


def _by_descent(
    options: argparse.Namespace,
    small: "LanguageModel",
    large: "LanguageModel",
    texts: "Corpus",
    corpus: str,
    learn_from: "tuple[ContrastSet, ...]",
) -> "Generator[Progress, None, FittedMap]":
    """The study of an estimator that goes down step by step, for one layer pair."""
    from lrt_explorer.study.distill import LEARNING_RATE, Distillation, distilled_map
    from lrt_explorer.study.fit_settings import FitSettings
    from lrt_explorer.study.sgd import LEARNING_RATE as SGD_RATE
    from lrt_explorer.study.sgd import METHOD, sgd_map

    where = (small, large, texts, *chosen_layers(options, small, large))
    settings = FitSettings(options.tokens, corpus, keep_moments=True)
    usual = SGD_RATE if options.method == METHOD else LEARNING_RATE
    rate = usual if options.learning_rate is None else options.learning_rate
    if options.method == METHOD:
        return sgd_map(*where, settings, learning_rate=rate)
    return distilled_map(*where, settings, Distillation(learn_from, learning_rate=rate))


def _tokens(info: "MapInfo") -> Json:
    from lrt_explorer.study.left_out import left_out_sentences

    return {
        "tokens_used": info.tokens_used,
        "tokens_left_out": info.tokens_left_out,
        "coverage": info.coverage,
        "coverage_of_worst_tenth": info.settings["coverage_of_worst_tenth"],
        "coverage_of_median_document": info.settings["coverage_of_median_document"],
        "left_out": list(left_out_sentences(info)),
    }


def _described(info: "MapInfo", cell: "LayerCell") -> Json:
    return {
        "small_layer": info.small_layer,
        "large_layer": info.large_layer,
        "r2": info.r2,
        "r2_standardised": info.r2_standardised,
        "cka": info.cka,
        "cka_standardised": info.cka_standardised,
        "largest_dimension_small": info.largest_dimension_small,
        "largest_dimension_large": info.largest_dimension_large,
        "outlier_dimensions": {
            "small": {"count": info.outlier_dimensions_small, "share": info.outlier_share_small},
            "large": {"count": info.outlier_dimensions_large, "share": info.outlier_share_large},
        },
        "reachable_share": cell.reachable_share,
        "direction_cosine": cell.direction_cosine,
        "direction_cosine_standardised": cell.direction_cosine_standardised,
        "norm_ratio": cell.norm_ratio,
        "concepts": cell.concepts,
        "concepts_left_out": list(cell.left_out),
        "lambda": info.lam,
    }
