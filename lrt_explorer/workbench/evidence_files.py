"""An evaluation as files that a visitor takes away."""

from pathlib import Path

from lrt_explorer.report import evaluation_sheet, report_page
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.workbench.downloads import download

KINDS = {"csv": evaluation_sheet, "html": report_page}


def evidence_file(evaluation: Evaluation, kind: str) -> Path:
    """Write the sheet ("csv") or the report ("html"); the same evaluation finds its own file again."""
    text = KINDS[kind](evaluation)
    layers = f"{evaluation.small_layer}-{evaluation.large_layer}"
    pair = f"{folder_name(evaluation.small)}--{folder_name(evaluation.large)}"
    return download(text, f"evidence-{pair}-{layers}.{kind}")
