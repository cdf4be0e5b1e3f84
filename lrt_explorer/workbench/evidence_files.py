"""An evaluation as files that a visitor takes away."""

from pathlib import Path

from lrt_explorer.report import evaluation_sheet, report_page
from lrt_explorer.store import data_home
from lrt_explorer.store.swap import new_file
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.ground.known import folder_name, short_hash

KINDS = {"csv": evaluation_sheet, "html": report_page}


def evidence_file(evaluation: Evaluation, kind: str) -> Path:
    """Write the sheet ("csv") or the report ("html"); the same evaluation finds its own file again."""
    text = KINDS[kind](evaluation)
    layers = f"{evaluation.small_layer}-{evaluation.large_layer}"
    pair = f"{folder_name(evaluation.small)}--{folder_name(evaluation.large)}"
    place = data_home() / "downloads" / short_hash(text) / f"evidence-{pair}-{layers}.{kind}"
    with new_file(place.resolve()) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="")
    return place
