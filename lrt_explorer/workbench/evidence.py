"""Evidence for a map: control maps beside it, and every concept kept as soon as it is finished."""

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.defaults import CONTROL_TOKENS
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.store import assets_home
from lrt_explorer.study.corpora.batches import BATCH_TOKENS
from lrt_explorer.study.corpora.texts import Source, read_texts
from lrt_explorer.study.evaluation import evaluate as study
from lrt_explorer.study.evaluation.case import Controls
from lrt_explorer.study.evaluation.evaluate import Evaluation, EvaluationSettings
from lrt_explorer.study.evaluation.kept import evaluations_folder
from lrt_explorer.study.fitting.controls import SEEDS, control_maps
from lrt_explorer.study.fitting.rivals import ARMS as RIVAL_ARMS
from lrt_explorer.study.fitting.rivals import Rival, rivals
from lrt_explorer.study.fitting.solve import least_tokens
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.ground.progress import Progress, retold
from lrt_explorer.study.ground.world import World
from lrt_explorer.study.steering.arms import UNTRAINED
from lrt_explorer.study.steering.brought import Side, take_vectors
from lrt_explorer.workbench.cards import Suite
from lrt_explorer.workbench.concepts import named_concept, shipped_sets
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.pair import Layers, Pair
from lrt_explorer.workbench.starting_points import corpus_name, corpus_named


@dataclass(frozen=True, kw_only=True)
class EvidenceSpec:
    """What an evaluation is asked for.

    Attributes:
        concepts: sets, names of those that ship for the pair, or paths of files; None for all that ship.
        settings: strengths, prompts, controls and the rest.
        corpus: what control maps are fitted on, as `read_texts` takes it; None for the text of the map under test, or
            for what suits the pair where that text cannot be read here.
        tokens: pairs of tokens of each control map; None for as many as the map has, up to `CONTROL_TOKENS`.
        neutral: prompts that have nothing to do with the concepts; None for beginnings of ordinary text.
        folder: where the evidence is kept; None for a place in the data folder.
        vectors: a folder of vectors, or vectors, that are measured in place of those of the one concept's texts.
    """

    concepts: tuple[str | ContrastSet, ...] | None = None
    settings: EvaluationSettings = field(default_factory=EvaluationSettings)
    corpus: Source | None = None
    tokens: int | None = None
    neutral: tuple[str, ...] | None = None
    folder: Path | None = None
    vectors: str | Mapping[Side, SteeringVector] = ""


def shipped_suites(world: World) -> tuple[Suite, ...]:
    """The concepts that ship for a pair of this world."""
    concepts = tuple(world.concepts())
    return (Suite(f"all {len(concepts)} {world.name} concepts", concepts),) if concepts else ()


def evidence_folder(pair: Pair, layers: Layers, spec: EvidenceSpec) -> Path:
    """Where the evidence of this layer pair is kept."""
    return spec.folder or evaluations_folder(pair.small.name, pair.large.name, *layers)


def control_tokens(saved: SavedMap) -> int:
    """Pairs of tokens to read for the control maps beside a map: as many as it has, within what is worth the wait."""
    most = max(CONTROL_TOKENS, least_tokens(saved.map.d_small))
    # The first batch only lends its rows to the second, see `_strangers` in collect.py.
    return min(saved.info.tokens_used + BATCH_TOKENS, most)


def evaluate(pair: Pair, saved: SavedMap, spec: EvidenceSpec) -> Generator[Progress, None, Evaluation]:
    """Evaluate concepts, with what is kept of an earlier run wherever nothing has changed.

    A concept is measured beside the same controls whether it is evaluated alone or among others.

    Args:
        pair: the models.
        saved: the map under test.
        spec: what is asked for.

    Raises what `control_maps` and `study.evaluation.evaluate.evaluate` raise.
    """
    shipped = shipped_sets(pair.world)
    chosen = shipped if spec.concepts is None else [named_concept(pair.world, one) for one in spec.concepts]
    vectors = take_vectors(spec.vectors)
    if vectors and spec.settings.whole_texts:
        # Before minutes of fitting control maps rather than after them.
        raise SettingsError(study.NO_HALVES)
    stands = yield from all_controls(pair, saved, spec)
    return (
        yield from study.evaluate(
            pair,
            saved,
            chosen,
            controls=replace(stands, vectors=vectors),
            among=shipped,
            neutral=spec.neutral,
            settings=spec.settings,
            keep=evidence_folder(pair, saved.layers, spec) / "concepts",
        )
    )


def all_controls(pair: Pair, saved: SavedMap, spec: EvidenceSpec) -> Generator[Progress, None, Controls]:
    """All that stands beside a map in an evaluation, kept or fitted now; arguments as for `evaluate`.

    Raises what `control_maps` and `rivals` raise.
    """
    maps = yield from controls_of(pair, saved, spec)
    others = yield from retold(
        _rivals(pair, saved, spec),
        lambda step: Progress(step.done, step.total, f"rivals of the map: {step.message}"),
    )
    return Controls(maps, others)


def rivals_folder(small: str, large: str) -> Path:
    """Where the map of the untrained small model of a pair ships, which takes minutes to fit."""
    return assets_home() / "rivals" / f"{folder_name(small)}--{folder_name(large)}"


def _rivals(pair: Pair, saved: SavedMap, spec: EvidenceSpec) -> Generator[Progress, None, tuple[Rival, ...]]:
    """The rivals of a map. The untrained small model's map has seen as much text as the map itself.

    With less it would carry less, and the trained model would seem to owe more to its training than it does.
    """
    keep = (evidence_folder(pair, saved.layers, spec) / "rivals", rivals_folder(pair.small.name, pair.large.name))
    tokens = _control_text(pair, saved, spec)[2]
    as_much = tokens if spec.tokens is not None else max(tokens, saved.info.tokens_used)
    first = yield from _rivals_of(pair, saved, spec, as_much, (UNTRAINED,), keep)
    rest = yield from _rivals_of(pair, saved, spec, tokens, set(RIVAL_ARMS) - {UNTRAINED}, keep)
    return first + rest


def ship_rivals(pair: Pair, saved: SavedMap) -> Generator[Progress, None, tuple[Path, ...]]:
    """Fit the map of the untrained small model beside a map that ships, and save it where it ships.

    Raises what `rivals` raises.
    """
    folder = rivals_folder(pair.small.name, pair.large.name)
    yield from _rivals_of(pair, saved, EvidenceSpec(), saved.info.tokens_used, (UNTRAINED,), (folder,))
    return tuple(sorted(folder.iterdir()))


def _rivals_of(
    pair: Pair, saved: SavedMap, spec: EvidenceSpec, tokens: int, arms: Collection[str], keep: Sequence[Path]
) -> Generator[Progress, None, tuple[Rival, ...]]:
    source, name, _ = _control_text(pair, saved, spec)
    return (
        yield from rivals(
            pair,
            read_texts(source),
            saved.layers,
            tokens=tokens,
            corpus=name,
            keep=keep,
            method=saved.info.method,
            arms=arms,
        )
    )


def controls_of(
    pair: Pair, saved: SavedMap, spec: EvidenceSpec, seeds: Sequence[int] = SEEDS
) -> Generator[Progress, None, tuple[AffineMap, ...]]:
    """The control maps beside a map, kept ones or fitted now; arguments as for `evaluate`, seeds as for `control_maps`.

    Raises what `control_maps` raises.
    """
    source, name, tokens = _control_text(pair, saved, spec)
    texts = read_texts(source)
    yield Progress(0, tokens, f"control maps: reading {tokens:,} tokens of {name}")
    fitting = control_maps(
        pair,
        texts,
        saved.layers,
        tokens=tokens,
        corpus=name,
        seeds=seeds,
        keep=evidence_folder(pair, saved.layers, spec) / "controls",
        method=saved.info.method,
    )
    return (yield from retold(fitting, lambda step: Progress(step.done, step.total, f"control maps: {step.message}")))


def _control_text(pair: Pair, saved: SavedMap, spec: EvidenceSpec) -> tuple[Source, str, int]:
    """What control maps are fitted on, its name, and how many pairs of tokens of it."""
    source = spec.corpus or corpus_named(saved.info.corpus) or pair.world.corpus
    return source, corpus_name(source), control_tokens(saved) if spec.tokens is None else spec.tokens
