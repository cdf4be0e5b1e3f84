"""Evidence for a pair: control maps beside the map in use, and every concept kept as soon as it is finished."""

from collections.abc import Generator, Sequence

from lrt_explorer.concepts.contrast import real_concepts, shipped_concepts
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo
from lrt_explorer.study.controls import CONTROL_TOKENS, control_maps
from lrt_explorer.study.evaluate import Evaluation, EvaluationSettings, evaluate
from lrt_explorer.study.evaluation.kept import evaluations_folder
from lrt_explorer.study.progress import Progress, retold
from lrt_explorer.study.texts import read_texts
from lrt_explorer.ui.engine import Suite
from lrt_explorer.ui.known_concepts import named_concept
from lrt_explorer.ui.session import EvidenceSettings


def shipped_suites() -> tuple[Suite, ...]:
    """The concepts of the demo family, and those for models of everyday language, as far as they ship."""
    found = (("demo", shipped_concepts()), ("instruct", real_concepts()))
    return tuple(Suite(f"all {len(concepts)} {whom} concepts", tuple(concepts)) for whom, concepts in found if concepts)


def evidence(
    small: LanguageModel,
    large: LanguageModel,
    map: AffineMap,
    info: MapInfo,
    asked: EvidenceSettings,
    text: tuple[str, str],
) -> Generator[Progress, None, Evaluation]:
    """Evaluate concepts, with what is kept of an earlier run wherever nothing has changed.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        map: the map in use.
        info: what it was fitted on.
        asked: concepts, prompts, strengths.
        text: what control maps are fitted on, and the name that they bear.

    Raises what `control_maps` and `evaluate` raise.
    """
    source, corpus = text
    home = evaluations_folder(small.name, large.name, info.small_layer, info.large_layer)
    settings = EvaluationSettings(prompts=asked.prompts, strengths=asked.strengths, generate=asked.texts)
    concepts = [named_concept(name) for name in asked.concepts]
    among = [named_concept(name) for name in _suite_of(asked.concepts)]
    yield Progress(0, CONTROL_TOKENS, "control maps: reading the first texts")
    controls = yield from retold(
        control_maps(
            small,
            large,
            read_texts(source),
            info.small_layer,
            info.large_layer,
            tokens=CONTROL_TOKENS,
            corpus=corpus,
            keep=home / "controls",
        ),
        lambda step: Progress(step.done, step.total, f"control maps: {step.message}"),
    )
    return (
        yield from evaluate(
            small,
            large,
            map,
            info,
            concepts,
            control_maps=controls,
            among=among,
            settings=settings,
            keep=home / "concepts",
        )
    )


def _suite_of(names: Sequence[str]) -> tuple[str, ...]:
    """The suite that the concepts are of; for a visitor's own concept the first one, for it needs others beside it."""
    suites = shipped_suites()
    return next(
        (suite.concepts for suite in suites if set(names) <= set(suite.concepts)), suites[0].concepts if suites else ()
    )
