"""A finished comparison as the Steer tab shows it: written just now, or shipped with the pair and there at once."""

from dataclasses import dataclass

from markupsafe import Markup

from lrt_explorer.study.compare import Comparison
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.panes import added_line, panes
from lrt_explorer.ui.result_key import ResultKey, keyed
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.ui.verdicts import sentence_card
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.firsts import FirstTexts
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.shipped import ShippedEvidence


@dataclass(frozen=True)
class FinishedTexts:
    """What stands on the tab of a comparison, each part with the settings that it belongs to.

    Attributes:
        panes: the texts.
        said: the sentence above them.
        added: the line below them.
    """

    panes: Markup
    said: Markup
    added: Markup

    @classmethod
    def of(
        cls,
        done: Comparison,
        made: ResultKey,
        session: Session,
        card: ConceptCard,
        evidence: ShippedEvidence | None,
        *,
        shipped: str = "",
    ) -> "FinishedTexts":
        """A comparison as it is shown.

        Args:
            done: the comparison.
            made: what it was made with.
            session: the pair.
            card: the concept.
            evidence: what ships of the map in use.
            shipped: since when it ships, for a comparison that was not made just now.
        """
        return cls(
            keyed(made, panes(done.arms, done.prompt, card)),
            keyed(made, sentence_card(done, evidence)),
            keyed(made, added_line(done, session, card, shipped=shipped)),
        )


@dataclass(frozen=True, eq=False)
class FirstShown:
    """The texts that ship with the pair shown first, as the tab shows them before a model is in memory.

    Attributes:
        first: the texts and what they were made with.
        asked: what the controls hold then.
        card: the concept.
        made: the settings of the texts.
        texts: what is shown.
    """

    first: FirstTexts
    asked: SteerControls
    card: ConceptCard
    made: ResultKey
    texts: FinishedTexts

    @classmethod
    def from_engine(cls, engine: Engine) -> "FirstShown | None":
        """What an engine has; None if nothing ships for the pair that it shows first."""
        first = engine.first()
        if first is None:
            return None
        card = engine.concepts(None)[0]
        done, spec = first.comparison, first.spec
        asked = SteerControls(
            card.name,
            done.prompt,
            done.strength,
            vectors="",
            seed=spec.seed,
            temperature=spec.temperature or 0.0,
            length=spec.max_new_tokens,
            reading="",
            as_in_paper=False,
        )
        made = asked.key(first.session, card)
        texts = FinishedTexts.of(done, made, first.session, card, first.evidence, shipped=first.made)
        return cls(first, asked, card, made, texts)
