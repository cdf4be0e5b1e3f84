"""What the Evidence tab shows of an evaluation: pure functions from results to the values of its pieces."""

from html import escape
from typing import Any

import gradio as gr

from lrt_explorer.plots import cost_figure, dose_figure, forest_figure, prompts_figure
from lrt_explorer.report import arms_table, captions, concept_summary, prompt_cards, suite_summary, suite_table
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.ui.cards import notice
from lrt_explorer.workbench.session import Session

NOTHING_SHOWN: tuple[Any, ...] = ("", gr.Row(visible=False), *[""] * 10)


def shown_pieces(evaluation: Evaluation, chosen: str) -> tuple[Any, ...]:
    """Head, takeaway, table, forest, concept, dose and caption, cost and caption, arms, prompts, cards, in this order.

    Args:
        evaluation: at least one concept.
        chosen: the concept that was picked; the one with the highest retention if it is not among them.
    """
    ranked = evaluation.ranked()
    result = next((one for one in ranked if one.evidence.name == chosen), ranked[0])
    evidence = result.evidence
    ends = f"{escape(evidence.negative_label)} → {escape(evidence.positive_label)}"
    about = (
        f'{_caption(captions.FOREST)}<h2 class="concept-head">{escape(evidence.name)} <small>{ends}</small></h2>'
        f"{concept_summary(result)}"
    )
    return (
        suite_summary(evaluation),
        gr.Row(visible=True),
        suite_table(evaluation, evidence.name) + _caption(captions.TABLE),
        forest_figure(evaluation).to_json(),
        about,
        dose_figure(evidence).to_json(),
        _caption(captions.DOSE),
        cost_figure(evidence).to_json(),
        _caption(captions.COST),
        arms_table(evidence),
        prompts_figure(evidence).to_json(),
        _caption(captions.PROMPTS) + prompt_cards(evidence),
    )


def stale_notice(made: Session, now: Session | None) -> str:
    """One sentence where the session is no longer the one that the evidence was made in."""
    if now is None or _matters(made) == _matters(now):
        return ""
    pair = f"{model_label(made.small)} layer {made.small_layer} → {model_label(made.large)} layer {made.large_layer}"
    changed = "the map in use is another" if _pair(made) == _pair(now) else "another pair of layers is in use"
    return notice(f"This is the evidence for {pair}, but {changed} now; press Run to evaluate what is in use.", "bad")


def _pair(session: Session) -> tuple[object, ...]:
    return session.small, session.small_layer, session.large, session.large_layer


def _matters(session: Session) -> tuple[object, ...]:
    return *_pair(session), session.map_folder, session.map_mark


def _caption(text: str) -> str:
    return f'<p class="added">{text}</p>'
