"""`lrt-explorer evaluate`: does it transfer, how sure is that, and what does it cost, for many concepts at once."""

import argparse
import json
from pathlib import Path
from typing import Any

from lrt_explorer.cli.common import (
    Json,
    add_json,
    add_models,
    add_scorer,
    add_vectors,
    chosen_layers,
    chosen_scorer,
    load_model,
    number,
    run_study,
    table,
)

ALL = "all"
DOCUMENT = "evaluation.json"
MAP_TOKENS = 100_000
CONTROLS = ("random", "shuffled map", "other concept")


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("evaluate", help="evidence for transfer: all arms, all strengths, many concepts")
    add_models(parser)
    parser.add_argument(
        "--concepts", default=ALL, metavar="NAME|FILE,…", help="default: all that ship for the demo family"
    )
    add_vectors(parser)
    parser.add_argument("--map", type=Path, metavar="DIR", help="folder of a fitted map (default: the one at hand)")
    parser.add_argument("--prompts", type=int, metavar="N", help="held-out prompts of each concept (default: 60)")
    parser.add_argument(
        "--strengths", type=float, nargs="+", metavar="S", help="in typical deviations (default: calibrated)"
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="random directions (default: 5)")
    parser.add_argument(
        "--others", type=int, metavar="N", help="other concepts sent through the same map as controls (default: 3)"
    )
    parser.add_argument("--generate", action="store_true", help="write and score texts too, which takes longer")
    add_scorer(parser)
    parser.add_argument(
        "--neutral", type=Path, metavar="FILE", help="neutral prompts, one a line; the first 16 are used"
    )
    parser.add_argument("--corpus", help="texts for maps that must be fitted (default: as for fit)")
    parser.add_argument(
        "--tokens",
        type=int,
        help=f"pairs of tokens for each of them (default: {MAP_TOKENS} for a map, 30000 for controls)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the evidence (default: in the data folder)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a page of HTML that opens without a network")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write one row for each concept, arm and strength")
    add_json(parser)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Evaluate, keep what is finished as it comes, and write the whole as one JSON document."""
    from lrt_explorer.concepts.contrast import load_concept, shipped_concepts
    from lrt_explorer.report import evaluation_sheet, report_page
    from lrt_explorer.store import load_map
    from lrt_explorer.study.controls import CONTROL_TOKENS, control_maps
    from lrt_explorer.study.evaluate import EvaluationSettings, evaluate
    from lrt_explorer.study.evaluation.document import evaluation_document
    from lrt_explorer.study.evaluation.kept import evaluations_folder
    from lrt_explorer.study.maps import find_map, keep_map
    from lrt_explorer.study.texts import read_texts
    from lrt_explorer.study.world import world_of

    given = {
        "prompts": options.prompts,
        "random_seeds": options.seeds,
        "other_concepts": options.others,
        "reading": options.reading,
    }
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if options.strengths:
        chosen["strengths"] = tuple(options.strengths)
    chosen |= {"method": options.method, "whiten": options.whiten, "scorer": chosen_scorer(options)}
    settings = EvaluationSettings(generate=options.generate, **chosen)
    neutral = None
    if options.neutral:
        lines = [text for text in read_texts(str(options.neutral)) if isinstance(text, str)]
        neutral = lines[: settings.neutral_prompts]
    names = list(shipped_concepts()) if options.concepts == ALL else options.concepts.split(",")
    concepts = [load_concept(name.strip()) for name in names]
    corpus = options.corpus or world_of(options.small, options.large).corpus
    texts = read_texts(corpus)
    small, large = load_model(options.small), load_model(options.large)
    at_hand = load_map(options.map) if options.map else None
    if at_hand is None:
        small_layer, large_layer = chosen_layers(options, small, large)
        found = find_map(small, large, small_layer, large_layer)
        at_hand = None if found is None else load_map(found)
    else:
        small_layer, large_layer = at_hand[1].small_layer, at_hand[1].large_layer
    out = options.out or evaluations_folder(small.name, large.name, small_layer, large_layer)
    fewest = MAP_TOKENS if at_hand is None else CONTROL_TOKENS
    tokens = fewest if options.tokens is None else options.tokens
    maps = run_study(
        control_maps(
            small,
            large,
            texts,
            small_layer,
            large_layer,
            tokens=tokens,
            corpus=corpus,
            also_true=at_hand is None,
            keep=out / "controls",
        )
    )
    if maps.fitted is not None:
        keep_map(maps.fitted)
        at_hand = maps.fitted.map, maps.fitted.info
    assert at_hand is not None
    study = evaluate(
        small,
        large,
        *at_hand,
        concepts,
        control_maps=maps.controls,
        neutral=neutral,
        settings=settings,
        keep=out / "concepts",
    )
    evaluation = run_study(study)
    document = evaluation_document(evaluation)
    _write(out / DOCUMENT, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    if options.csv:
        _write(options.csv, evaluation_sheet(evaluation))
    if options.report:
        _write(options.report, report_page(evaluation))
    return {**document, "out": str(out)}


def show(result: Json) -> str:
    """The concepts from the highest retention down, with what stands beside it."""

    def ranked(concept: Json) -> float:
        return float("inf") if concept["retention"] is None else -float(concept["retention"])

    rows = []
    for concept in sorted(result["concepts"], key=ranked):
        arms = {arm["name"]: arm for arm in concept["arms"]}
        rows.append(
            (
                concept["name"],
                concept["verdict"],
                _interval(concept, "retention"),
                _interval(concept, "retention_at_equal_cost"),
                *(_interval(arms.get(name), "retention") for name in CONTROLS),
                number(arms["transferred, direct"]["retention"]),
                number(concept["pearson_r"]),
                number(concept["anti_steerable"]),
            )
        )
    grid = "calibrated" if result["strengths"] is None else len(result["strengths"])
    header = (
        "concept",
        "verdict",
        "retention",
        "at equal cost",
        "random",
        "shuffled map",
        "other concept",
        "direct",
        "r",
        "anti-steerable",
    )
    return (
        f"{result['small']} layer {result['small_layer']} → {result['large']} layer {result['large_layer']}, "
        f"{grid} strengths, up to {result['settings']['prompts']} prompts for each concept\n"
        f"{table(header, rows)}\n"
        f"kept in {result['out']}"
    )


def _write(place: Path, text: str) -> None:
    """Write a file whole, or say in one sentence why not."""
    from lrt_explorer.errors import ArtifactError
    from lrt_explorer.store.swap import new_file

    try:
        with new_file(place.expanduser().resolve()) as fresh:
            fresh.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ArtifactError(f"cannot write {place}: {error.strerror}; name another place") from error


def _interval(holder: Json | None, name: str) -> str:
    if holder is None or holder[name] is None:
        return "–"
    return f"{number(holder[name])} ({number(holder[f'{name}_low'])} … {number(holder[f'{name}_high'])})"
