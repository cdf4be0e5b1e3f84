"""`lrt-explorer evaluate`: does it transfer, how sure is that, and what does it cost, for many concepts at once."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrt_explorer.cli.common import (
    ELSEWHERE,
    Json,
    add_concepts,
    add_json,
    add_map,
    add_models,
    add_own_vectors,
    add_places,
    add_readout,
    add_scorer,
    add_vectors,
    chosen_models,
    chosen_scorer,
    chosen_vectors,
    named_concepts,
    number,
    route,
    run_study,
    table,
)
from lrt_explorer.cli.streams import write_or_keep
from lrt_explorer.defaults import (
    CONTROL_TOKENS,
    FIRST_FIT_TOKENS,
    NEUTRAL_PROMPTS,
    OTHER_CONCEPTS,
    PROMPTS,
    RANDOM_SEEDS,
)
from lrt_explorer.study.steering.arms import TRANSFERRED_DIRECT, beside

if TYPE_CHECKING:
    from lrt_explorer.study.ground.world import World
    from lrt_explorer.workbench.evidence import EvidenceSpec

DOCUMENT = "evaluation.json"


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate", help="gather the evidence for transfer: all arms, all strengths, many concepts"
    )
    add_models(parser)
    add_concepts(parser, "evaluate")
    add_vectors(parser)
    add_own_vectors(parser)
    add_readout(parser)
    add_map(parser)
    parser.add_argument(
        "--prompts",
        type=int,
        default=PROMPTS,
        metavar="N",
        help="held-out prompts of each concept (default: %(default)s)",
    )
    parser.add_argument(
        "--strengths", type=float, nargs="+", metavar="S", help="strengths, in typical deviations (default: calibrated)"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=RANDOM_SEEDS,
        metavar="N",
        help="number of random directions (default: %(default)s)",
    )
    parser.add_argument(
        "--others",
        type=int,
        default=OTHER_CONCEPTS,
        metavar="N",
        help="other concepts sent through the same map as controls (default: %(default)s)",
    )
    parser.add_argument("--generate", action="store_true", help="also write and score texts, which takes longer")
    add_scorer(parser)
    parser.add_argument(
        "--whole-texts", action="store_true", help="also score the texts of the pairs to their last token"
    )
    parser.add_argument(
        "--neutral",
        type=Path,
        metavar="FILE",
        help=f"file of neutral prompts, one per line; the first {NEUTRAL_PROMPTS} are used",
    )
    parser.add_argument(
        "--corpus",
        metavar="NAME|FILE",
        help="text for control maps, and for the map if there is none (default: for controls the map's own text, for a "
        "map as for fit)",
    )
    parser.add_argument(
        "--tokens",
        type=int,
        metavar="N",
        help=f"pairs of tokens for each of these maps (default: for controls as many as the map has, up to "
        f"{CONTROL_TOKENS:,}; for a map {FIRST_FIT_TOKENS:,})",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the evidence (default: a place in the data folder)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write an HTML page that opens without a network")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write a table with one row per concept, arm and strength"
    )
    add_json(parser)
    add_places(parser, folders=("out",), files=("report", "csv"), keeps=True)
    parser.set_defaults(run=run, show=show)


def run(options: argparse.Namespace) -> Json:
    """Evaluate, keep what is finished as it comes, and write the whole as one JSON document."""
    from lrt_explorer.study.evaluation.document import evaluation_document
    from lrt_explorer.study.evaluation.kept import evaluations_folder
    from lrt_explorer.workbench.requests import evaluate_models

    models = chosen_models(options)
    asked = _asked(options, models.world)
    evaluation = run_study(evaluate_models(models, asked, chosen_vectors(options)), keeps=True)
    layers = (evaluation.small_layer, evaluation.large_layer)
    out = options.out or evaluations_folder(evaluation.small, evaluation.large, *layers)
    document = evaluation_document(evaluation)
    whole = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    trouble = [write_or_keep(out / DOCUMENT, whole)]
    if options.csv or options.report:
        from lrt_explorer.report import evaluation_sheet, report_page  # with its plots, for those who want them

        if options.csv:
            trouble.append(write_or_keep(options.csv, evaluation_sheet(evaluation)))
        if options.report:
            trouble.append(write_or_keep(options.report, report_page(evaluation)))
    said = "; ".join(sentence for sentence in trouble if sentence)
    return {**document, "out": str(out)} | ({ELSEWHERE: said} if said else {})


def _asked(options: argparse.Namespace, world: "World") -> "EvidenceSpec":
    """What the options ask for."""
    from lrt_explorer.study.corpora.texts import read_texts
    from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
    from lrt_explorer.workbench.evidence import EvidenceSpec

    settings = EvaluationSettings(
        strengths=tuple(options.strengths) if options.strengths else None,
        prompts=options.prompts,
        random_seeds=options.seeds,
        other_concepts=options.others,
        reading=options.reading,
        readout=options.readout,
        method=options.method,
        whiten=options.whiten,
        generate=options.generate,
        scorer=chosen_scorer(options),
        whole_texts=options.whole_texts,
    )
    neutral = None
    if options.neutral:
        lines = [text for text in read_texts(str(options.neutral)) if isinstance(text, str)]
        neutral = tuple(lines[: settings.neutral_prompts])
    read_texts(options.corpus or world.corpus)
    return EvidenceSpec(
        concepts=tuple(named_concepts(options.concepts, world)),
        settings=settings,
        corpus=options.corpus,
        tokens=options.tokens,
        neutral=neutral,
        folder=options.out,
    )


def show(result: Json) -> str:
    """The concepts from the highest retention down, with what stands beside it."""

    def ranked(concept: Json) -> float:
        return float("inf") if concept["retention"] is None else -float(concept["retention"])

    controls = beside({arm["name"] for concept in result["concepts"] for arm in concept["arms"]})
    rows = []
    for concept in sorted(result["concepts"], key=ranked):
        arms = {arm["name"]: arm for arm in concept["arms"]}
        rows.append(
            (
                concept["name"],
                concept["verdict"],
                _interval(concept, "retention"),
                _interval(concept, "retention_at_equal_cost"),
                *(_interval(arms.get(name), "retention") for name in controls),
                number(arms[TRANSFERRED_DIRECT]["retention"]),
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
        *controls,
        "direct",
        "r",
        "anti-steerable",
    )
    return (
        f"{route(result)}, {grid} strengths, up to {result['settings']['prompts']} prompts for each concept\n"
        f"{table(header, rows)}\n"
        f"{''.join(_remarks(concept) for concept in sorted(result['concepts'], key=ranked))}"
        f"saved in {result['out']}"
    )


def _remarks(concept: Json) -> str:
    """What a reader must know beside the verdict on a concept, a line each."""
    return "".join(f"{concept['name']}: {remark}\n" for remark in concept["remarks"])


def _interval(holder: Json | None, name: str) -> str:
    if holder is None or holder[name] is None:
        return "–"
    return f"{number(holder[name])} ({number(holder[f'{name}_low'])} … {number(holder[f'{name}_high'])})"
