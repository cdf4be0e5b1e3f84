"""What the evidence that ships says of each concept, in the list of concepts and above the panes; pure functions."""

from collections.abc import Mapping

from markupsafe import Markup

from lrt_explorer.numerals import plain
from lrt_explorer.plots import between
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.report.words import SHORT, verdict_word
from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.evaluation.evaluate import ConceptResult
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN, PARTLY, TRANSFERS, VERDICTS
from lrt_explorer.study.sentence import Outcome, effects, sentence
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.shipped import ShippedEvidence

MARKS = {TRANSFERS: "●", PARTLY: "◐", NOT_SHOWN: "○", NOT_MEASURABLE: "–"}
"""Before each concept of the list, so that colour is not all that tells them apart."""
_SAID: dict[Outcome, int] = {"transfers": 0, "partly": 1, "not transferred": 2, "backwards": 2, "no native effect": 3}
_SENTENCE = HtmlTemplate("""
    <p class="sentence o{{ kind }}"><i aria-hidden="true"></i>{{ said }}</p>{{ evidence }}
""")
_EVIDENCE = HtmlTemplate("""
    <p class="added">On {{ prompts }} held-out prompts: {{ word }}, {{ why }}. See Evidence.</p>
""")


def concept_label(card: ConceptCard, verdict: str | None) -> str:
    """A concept as the list shows it: "● pirate ↔ plain · transfers", without a verdict "pirate ↔ plain"."""
    return card.title if verdict is None else f"{MARKS[verdict]} {card.title} · {SHORT[verdict]}"


def by_verdict(cards: list[ConceptCard], verdicts: Mapping[str, str]) -> list[ConceptCard]:
    """What transfers first, then partly, not shown, not measurable, and last what was not evaluated."""
    rank = {word: number for number, word in enumerate(VERDICTS)}
    return sorted(cards, key=lambda card: rank.get(verdicts.get(card.name, ""), len(VERDICTS)))


def sentence_card(comparison: Comparison, shipped: ShippedEvidence | None) -> Markup:
    """What happened in this comparison, and what the evidence says beyond its one prompt."""
    name = comparison.settings.get("concept")
    found = [] if shipped is None else [one for one in shipped.evaluation.concepts if one.evidence.name == name]
    outcome = "silent" if comparison.strength == 0 else effects(comparison).outcome
    return _SENTENCE(
        kind=_SAID.get(outcome, 4), said=sentence(comparison), evidence=_evidence(found[0]) if found else ""
    )


def _evidence(result: ConceptResult) -> Markup:
    retention = result.evidence.retention
    share = "" if retention is None else f"{plain(retention.value)} ({between(retention)}) of the native effect"
    why = {
        TRANSFERS: f"with {share}",
        PARTLY: f"with {share}",
        NOT_SHOWN: f"because controls might explain it; {share} came across",
        NOT_MEASURABLE: "because the large model’s own vector does nothing there",
    }[result.verdict.word]
    return _EVIDENCE(word=verdict_word(result.verdict.word), prompts=len(result.evidence.prompts), why=why)
