"""Evidence as tables, a sheet of numbers, and a page that needs nothing else."""

from lrt_explorer.report.page import report_page
from lrt_explorer.report.picture import picture_page, picture_rows, picture_sheet
from lrt_explorer.report.prompts import prompt_cards
from lrt_explorer.report.sheet import COLUMNS, evaluation_rows, evaluation_sheet
from lrt_explorer.report.tables import arms_table, suite_table
from lrt_explorer.report.words import concept_summary, suite_summary

__all__ = [
    "COLUMNS",
    "arms_table",
    "concept_summary",
    "evaluation_rows",
    "evaluation_sheet",
    "picture_page",
    "picture_rows",
    "picture_sheet",
    "prompt_cards",
    "report_page",
    "suite_summary",
    "suite_table",
]
