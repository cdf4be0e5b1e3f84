"""`lrt-explorer fit`: the map between layers of two models."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrt_explorer.cli.common import (
    ALL_CONCEPTS,
    ELSEWHERE,
    NO_CONCEPTS,
    Json,
    add_json,
    add_models,
    add_places,
    chosen_models,
    described,
    named_concepts,
    number,
    run_study,
    table,
)
from lrt_explorer.defaults import FIT_TOKENS, MEMORY_GB
from lrt_explorer.study.fitting.estimators import ESTIMATORS, Descent

if TYPE_CHECKING:
    from lrt_explorer.workbench.fitting import FitResult

WARNINGS_SHOWN = 3
CORPUS_HELP = (
    "text to fit on (default: what suits the pair): self (the large model writes it), everyday (ordinary prose), a "
    "file (.txt, .md, .jsonl, .ndjson, .json, .csv, .tsv or .parquet, also as .gz), a public data set (wikitext, "
    "wikipedia, c4, fineweb, smoltalk, ultrachat, hf:NAME, hf:NAME:SPLIT or hf:NAME:CONFIG:SPLIT), tinyworld, "
    "tinyworld-broken-off or demo; A+B alternates between both"
)


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("fit", help="fit a map between layers of two models")
    add_models(parser)
    parser.add_argument("--all-layers", action="store_true", help="fit a map for every pair of layers")
    parser.add_argument(
        "--method",
        choices=tuple(ESTIMATORS),
        help="estimator (default: next-tokens for the demo family, ridge for other models and for all layers). "
        f"{described(ESTIMATORS)}",
    )
    parser.add_argument("--learning-rate", type=float, metavar="RATE", help=_rates())
    parser.add_argument(
        "--learn-from",
        metavar="NAME|FILE,…|all",
        help="concepts that distilled learns from; --concepts all then compares the others (default: none; it learns "
        "from differences of random tokens)",
    )
    parser.add_argument(
        "--concepts",
        metavar="NAME|FILE,…|all|none",
        help="concepts whose directions are compared once the map is saved (default: all for the demo family, none for "
        "other models)",
    )
    parser.add_argument("--corpus", metavar="NAME|FILE", help=CORPUS_HELP)
    parser.add_argument(
        "--tokens", type=int, default=FIT_TOKENS, metavar="N", help="pairs of tokens to use (default: %(default)s)"
    )
    parser.add_argument(
        "--memory-gb",
        type=float,
        default=MEMORY_GB,
        metavar="GB",
        help="memory to use on top of the models (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the map, or for all maps (default: where the app finds them)",
    )
    add_json(parser)
    add_places(parser, folders=("out",), keeps=True)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json | int:
    """Fit one map, or those of all layer pairs from as few passes as the memory allows, and keep them.

    Of several processes that a launcher started, only the main one writes and speaks.
    """
    from lrt_explorer.store.artifacts import check_replaceable
    from lrt_explorer.study.corpora.texts import read_texts
    from lrt_explorer.study.ground.processes import processes
    from lrt_explorer.workbench.fitting import FitSpec, fit_document
    from lrt_explorer.workbench.requests import fit_models

    # Before the models are loaded: this chooses the device of each process.
    main = processes().main
    models = chosen_models(options)
    world = models.world
    learn_from = named_concepts(options.learn_from or NO_CONCEPTS, world)
    concepts = None if options.concepts is None else named_concepts(options.concepts, world)
    if concepts is not None and options.concepts == ALL_CONCEPTS:
        learned = {concept.name for concept in learn_from}
        concepts = [concept for concept in concepts if concept.name not in learned]
    spec = FitSpec(
        corpus=options.corpus,
        tokens=options.tokens,
        method=options.method,
        memory_gb=options.memory_gb,
        all_layers=options.all_layers,
        concepts=None if concepts is None else tuple(concepts),
        learn_from=tuple(learn_from),
        learning_rate=options.learning_rate,
        folder=options.out,
    )
    read_texts(spec.corpus or world.corpus)
    if options.out is not None and not options.all_layers:
        check_replaceable(options.out)
    result = run_study(fit_models(models, spec), keeps=True)
    return fit_document(result) | _elsewhere(result) if main else 0


def _elsewhere(result: "FitResult") -> Json:
    """What is to be said if maps are not where they were asked for."""
    if not result.not_written:
        return {}
    return {ELSEWHERE: f"{result.not_written}; kept in {', '.join(map(str, result.folders))}"}


def show(result: Json) -> str:
    """What was fitted, how good it is, and where it lies."""
    keys = ("r2", "r2_standardised", "cka", "cka_standardised")
    directions = (
        "reachable_share",
        "direction_cosine",
        "direction_cosine_relabelled",
        "direction_cosine_standardised",
        "norm_ratio",
    )
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
        "relabelled",
        "standardised",
        "norm ratio",
        "λ",
    )
    lines = [
        f"{result['small']} → {result['large']}: {result['tokens_used']:,} tokens in {result['seconds']:.1f} s, "
        f"{result['tokens_left_out']:,} left out, coverage {result['coverage']:.0%}",
        table(header, rows),
        *_ends(result["pairs"]),
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
    return "\n".join([*lines, f"saved in {result['artifact']}"])


def _ends(pairs: Sequence[Json]) -> list[str]:
    """Of a single pair, how good its map is where vectors act."""
    found = pairs[0]["r2_ends"]
    return [] if found is None else [f"R² at ends (last tokens of readout prompts): {number(found)}"]


def _outliers(pairs: Sequence[Json]) -> list[str]:
    """Of a single pair, what its outlier dimensions hold; of many there would be a line for each."""
    if len(pairs) > 1 or not any(pairs[0]["outlier_dimensions"][side]["count"] for side in ("small", "large")):
        return []
    parts = (pairs[0]["outlier_dimensions"][side] | {"side": side} for side in ("small", "large"))
    said = (f"{part['count']} of the {part['side']} layer with {part['share']:.0%} of its variance" for part in parts)
    return [f"outlier dimensions: {', '.join(said)}"]


def _rates() -> str:
    """The learning rate of every estimator that has one."""
    rates = [
        f"of {name}{f' {entry.rate_help}' if entry.rate_help else ''} (default: {entry.rate:g})"
        for name, entry in ESTIMATORS.items()
        if isinstance(entry, Descent)
    ]
    return ", or ".join(rates)
