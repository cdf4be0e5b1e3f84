"""`lrt-explorer fit`: the map between layers of two models."""

import argparse
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrt_explorer.cli.common import Json, add_json, add_models, chosen_layers, load_model, number, run_study, table
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.progress import Progress

if TYPE_CHECKING:
    from lrt_explorer.concepts.contrast import ContrastSet
    from lrt_explorer.lm.model import LanguageModel
    from lrt_explorer.study.solve import FittedMap
    from lrt_explorer.study.texts import Corpus

BY_DESCENT = ("sgd", "distilled")
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
        help="concepts that distilled learns from; those that ship and are not named judge it (default: none, but "
        "differences of random tokens)",
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
    from lrt_explorer.concepts.contrast import load_concept, shipped_concepts
    from lrt_explorer.study.layers import layer_grid
    from lrt_explorer.study.maps import keep_map, own_map_folder
    from lrt_explorer.study.processes import processes
    from lrt_explorer.study.texts import read_texts
    from lrt_explorer.study.world import world_of

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
    corpus = options.corpus or world_of(options.small, options.large).corpus
    texts = read_texts(corpus)
    named = list(shipped_concepts()) if options.learn_from == "all" else (options.learn_from or "").split(",")
    learn_from = tuple(load_concept(name.strip()) for name in named if name.strip())
    learned = {concept.name for concept in learn_from}
    concepts = [load_concept(name) for name in shipped_concepts() if name not in learned] if main else []
    small, large = load_model(options.small), load_model(options.large)
    pairs = None if options.all_layers else [chosen_layers(options, small, large)]
    fitted: list[Json] = []
    folders: list[Path] = []

    def take(found: "FittedMap") -> None:
        i, j = found.info.small_layer, found.info.large_layer
        given = options.out / f"{i}-{j}" if options.out and options.all_layers else options.out
        if main:
            folders.append(keep_map(found, given or own_map_folder(small.name, large.name, i, j)))
        fitted.append(_described(found))

    begun = time.monotonic()
    if options.method in BY_DESCENT:
        take(run_study(_by_descent(options, small, large, texts, corpus, concepts, learn_from), keeps=True))
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
        run_study(study, keeps=True)
    if not main:
        return 0
    # Several passes come group by group.
    fitted.sort(key=lambda one: (one["pair"]["small_layer"], one["pair"]["large_layer"]))
    return {
        "small": small.name,
        "large": large.name,
        "method": options.method,
        "corpus": corpus,
        **fitted[0]["tokens"],
        "seconds": round(time.monotonic() - begun, 3),
        "pairs": [one["pair"] for one in fitted],
        "artifact": str(folders[0].parent if options.all_layers else folders[0]),
    }


def show(result: Json) -> str:
    """What was fitted, how good it is, and where it lies."""
    keys = ("r2", "cka", "reachable_share", "direction_cosine", "norm_ratio")
    rows = [
        (
            f"{pair['small_layer']} → {pair['large_layer']}",
            *(number(pair[key]) for key in keys),
            "–" if pair["lambda"] is None else f"{pair['lambda']:g}",
        )
        for pair in result["pairs"]
    ]
    header = ("layers", "held-out R²", "CKA", "reachable", "direction cosine", "norm ratio", "λ")
    return (
        f"{result['small']} → {result['large']}: {result['tokens_used']:,} tokens in {result['seconds']:.1f} s, "
        f"{result['tokens_left_out']:,} left out, coverage {result['coverage']:.0%}\n"
        f"{table(header, rows)}\n"
        f"{''.join(sentence + chr(10) for sentence in result['left_out'])}"
        f"kept in {result['artifact']}"
    )


def _by_descent(
    options: argparse.Namespace,
    small: "LanguageModel",
    large: "LanguageModel",
    texts: "Corpus",
    corpus: str,
    concepts: "Sequence[ContrastSet]",
    learn_from: "tuple[ContrastSet, ...]",
) -> "Generator[Progress, None, FittedMap]":
    """The study of an estimator that goes down step by step, for one layer pair."""
    from lrt_explorer.study.distill import LEARNING_RATE, Distillation, distilled_map
    from lrt_explorer.study.fit_settings import FitSettings
    from lrt_explorer.study.sgd import LEARNING_RATE as SGD_RATE
    from lrt_explorer.study.sgd import METHOD, sgd_map

    where = (small, large, texts, *chosen_layers(options, small, large))
    settings = FitSettings(options.tokens, corpus, concepts, keep_moments=True)
    usual = SGD_RATE if options.method == METHOD else LEARNING_RATE
    rate = usual if options.learning_rate is None else options.learning_rate
    if options.method == METHOD:
        return sgd_map(*where, settings, learning_rate=rate)
    return distilled_map(*where, settings, Distillation(learn_from, learning_rate=rate))


def _described(found: "FittedMap") -> Json:
    from lrt_explorer.study.left_out import left_out_sentences

    info = found.info
    return {
        "tokens": {
            "tokens_used": info.tokens_used,
            "tokens_left_out": info.tokens_left_out,
            "coverage": info.coverage,
            "coverage_of_worst_tenth": info.settings["coverage_of_worst_tenth"],
            "coverage_of_median_document": info.settings["coverage_of_median_document"],
            "left_out": list(left_out_sentences(info)),
        },
        "pair": {
            "small_layer": info.small_layer,
            "large_layer": info.large_layer,
            "r2": info.r2,
            "cka": info.cka,
            "reachable_share": found.reachable_share,
            "direction_cosine": found.direction_cosine,
            "norm_ratio": found.norm_ratio,
            "lambda": info.lam,
        },
    }
