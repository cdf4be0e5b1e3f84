"""Evidence for a pair: control maps beside the map in use, and every concept kept as soon as it is finished."""

from collections.abc import Generator

from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo
from lrt_explorer.study.controls import CONTROL_TOKENS, control_maps
from lrt_explorer.study.evaluate import Evaluation, EvaluationSettings, evaluate
from lrt_explorer.study.evaluation.kept import evaluations_folder
from lrt_explorer.study.progress import Progress, retold
from lrt_explorer.study.texts import read_texts
from lrt_explorer.study.world import World
from lrt_explorer.workbench.cards import Suite
from lrt_explorer.workbench.known_concepts import named_concept
from lrt_explorer.workbench.session import EvidenceSettings


def shipped_suites(world: World) -> tuple[Suite, ...]:
    """The concepts that ship for a pair of this world."""
    concepts = tuple(world.concepts())
    return (Suite(f"all {len(concepts)} {world.name} concepts", concepts),) if concepts else ()


def evidence(
    small: LanguageModel,
    large: LanguageModel,
    map: AffineMap,
    info: MapInfo,
    asked: EvidenceSettings,
    text: tuple[str, str],
    world: World,
) -> Generator[Progress, None, Evaluation]:
    """Evaluate concepts, with what is kept of an earlier run wherever nothing has changed.

    Args:
        small: the model that vectors come from.
        large: the model that is steered.
        map: the map in use.
        info: what it was fitted on.
        asked: concepts, prompts, strengths.
        text: what control maps are fitted on, and the name that they bear.
        world: of the pair, by which concepts are named.

    Raises what `control_maps` and `evaluate` raise.
    """
    source, corpus = text
    home = evaluations_folder(small.name, large.name, info.small_layer, info.large_layer)
    settings = EvaluationSettings(prompts=asked.prompts, strengths=asked.strengths, generate=asked.texts)
    concepts = [named_concept(world, name) for name in asked.concepts]
    # A visitor's own concept needs others beside it.
    among = [named_concept(world, name) for name in world.concepts()]
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
