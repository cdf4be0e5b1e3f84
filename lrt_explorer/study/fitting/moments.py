"""Moments of two models over a corpus: kept as they grow, taken up again after a break, used again for other maps."""

import hashlib
import json
import logging
import time
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from torch import Tensor

from lrt_explorer.errors import ArtifactError, LRTError
from lrt_explorer.linear.grid import GridMoments
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.placement import exact_device
from lrt_explorer.store import MomentsInfo, data_home, find_moments, forget_moments, load_moments, save_moments
from lrt_explorer.study.corpora.batches import BATCH_TOKENS, BLOCK_TEXTS, DocumentStream, Position
from lrt_explorer.study.corpora.paired import CONTEXT
from lrt_explorer.study.corpora.texts import prepared
from lrt_explorer.study.fitting.collect import PARTS, Collected, Route, TokenCounts, collect
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.readings import Readings
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.processes import Processes, processes
from lrt_explorer.study.ground.progress import Progress

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_SAVES = 30.0
SAVING_SHARE = 0.05
"""Of the time of a pass that saving may take at most; large sums are saved less often."""
KEPT = 4
"""Moments of a pair of models that stay on disk; older ones go."""
RULES = 4
"""Raised when other tokens are paired or kept than before, so that no sums of both are mixed."""


def moments_of(
    pair: Pair,
    texts: Iterable[Document],
    pairs: Collection[Layers],
    settings: FitSettings | None = None,
    *,
    watched: Collection[Layers] = (),
    crew: Processes | None = None,
    readings: Readings | None = None,
) -> Generator[Progress, None, Collected]:
    """The moments of layer pairs, from where an earlier call left off if there was one.

    They are saved now and then, when the generator is closed, and at the end. A later call for the same models, corpus,
    tokens and pairs, or some of these pairs, first reads the texts again to see that they are the same, which is quick,
    and then runs the models over the rest alone, if there is any. Sums then come out as those of an unbroken pass.

    Args:
        pair: the models.
        texts: documents; an iterator, which can be gone through only once, is never taken up again.
        pairs: (small layer, large layer) to collect in this pass.
        settings: tokens, the name of the corpus, whether to save the moments and to look for saved ones, and how often
            the last pair of every text counts; the rest matters only for solving.
        watched: further pairs whose layers decide which tokens are outliers.
        crew: processes that share the work; by default those of the launcher. The folder of moments is theirs together.
        readings: of a pass that this one shares its texts with; filled if they are empty.

    Raises:
        MapError: if too few tokens find a partner.
        ArtifactError: if the moments cannot be saved.
    """
    small, large = pair.both
    settings = settings or FitSettings()
    tokens, corpus, end_weight = settings.tokens, settings.corpus, settings.weight_of_ends(texts)
    crew = crew or processes()
    texts = yield from prepared(texts, large, tokens)
    again = not isinstance(texts, Iterator)
    asked = ({*pairs}, {*pairs, *watched}, end_weight)
    keeper = _Keeper(small, large, corpus, tokens, *asked, settings.sums) if settings.keep_moments and corpus else None
    stream = DocumentStream(texts)
    collected = None
    if keeper is not None and again and (found := keeper.find()):
        info, begun = found
        yield Progress(begun.counts.used, tokens, f"checking that {corpus} is unchanged")
        if stream.skip_to(begun.position, begun.corpus_fingerprint):
            if info.complete:
                return begun
            if crew.main:
                collected = begun
            else:
                collected = Collected.empty(small, large, [Route(*pair) for pair in begun.pairs])
                collected.counts, collected.position = begun.counts, begun.position
        else:
            yield Progress(0, tokens, f"{corpus} has changed, so its moments are collected again")
            stream = DocumentStream(texts)
    if collected is None:
        collected = Collected.empty(small, large, [Route(*pair) for pair in pairs])
    collected.corpus = corpus
    collected.readings = readings
    study = collect(pair, stream, (), tokens, watched=watched, begun=collected, processes=crew, end_weight=end_weight)
    saved_at = 0
    try:
        for step in study:
            yield step
            if keeper is not None and crew.agree(keeper.due()):
                keeper.save(collected, crew, complete=False)
                saved_at = collected.counts.used
    except GeneratorExit:
        # Closed between two batches, so the sums are whole. Others would have to take part, and may not be closed.
        if keeper is not None and crew.count == 1 and collected.counts.used > saved_at:
            keeper.save(collected, crew, complete=False)
        raise
    if crew.count > 1:
        collected.grids = {part: crew.merge(grid) for part, grid in collected.grids.items()}
    if keeper is not None and collected.counts.used:
        keeper.save(collected, crew, complete=True)
    return collected


def known_moments(pair: Pair, layers: Layers, corpus: str | None = None, sums: Path | None = None) -> Collected | None:
    """Whole moments of a layer pair that are on disk, those of the most tokens; None if there are none.

    The corpus is not read, so a map can be made from them at once.

    Args:
        pair: the models.
        layers: a block of each, counted from 0.
        corpus: its name; by default any.
        sums: a folder whose moments count before those of the data folder.
    """
    small, large = pair.both
    for home in _homes(small, large, sums):
        if (found := _known_in(home, pair, layers, corpus)) is not None:
            return found
    return None


def _known_in(home: Path, pair: Pair, layers: Layers, corpus: str | None) -> Collected | None:
    small, large = pair.both
    fitting = [
        (info.counts["used"], folder)
        for folder, info in find_moments(home)
        if info.complete
        and layers in info.pairs
        and (info.small_fingerprint, info.large_fingerprint) == (small.fingerprint, large.fingerprint)
        and info.settings.get("read_as") == _read_as(small, large)
        and corpus in (None, info.corpus)
    ]
    for _, folder in sorted(fitting, key=lambda entry: entry[0], reverse=True):
        try:
            return _collected(*load_moments(folder), small, large)
        except LRTError:  # damaged, or gone since
            continue
    return None


def moments_home(small: LanguageModel, large: LanguageModel, sums: Path | None = None) -> Path:
    """The folder of all moments of a pair of models, in the data folder or below `sums`."""
    return (sums or data_home() / "moments") / f"{folder_name(small.name)}--{folder_name(large.name)}"


def _homes(small: LanguageModel, large: LanguageModel, sums: Path | None) -> list[Path]:
    """Where moments of a pair are looked for, in this order."""
    return [moments_home(small, large, place) for place in ([None] if sums is None else [sums, None])]


def _read_as(small: LanguageModel, large: LanguageModel) -> list[str] | None:
    """The reading marks of both models; None where both are their fingerprints, which moments hold anyway."""
    marks = [lm.reading_mark for lm in (small, large)]
    return None if marks == [small.fingerprint, large.fingerprint] else marks


class _Keeper:
    """Saves and finds the moments of one question: models, corpus, tokens, layers."""

    def __init__(
        self,
        small: LanguageModel,
        large: LanguageModel,
        corpus: str,
        tokens: int,
        pairs: set[Layers],
        watched: set[Layers],
        end_weight: int,
        sums: Path | None = None,
    ) -> None:
        self._small, self._large = small, large
        self._corpus, self._tokens, self._pairs = corpus, tokens, pairs
        self._settings = {
            "rules": RULES,
            "context": min(CONTEXT, small.context, large.context),
            "batch_tokens": BATCH_TOKENS,
            "block_texts": BLOCK_TEXTS,
            "end_weight": end_weight,
            "watched": [sorted({i for i, _ in watched}), sorted({j for _, j in watched})],
        }
        if read_as := _read_as(small, large):
            self._settings["read_as"] = read_as
        key = [small.fingerprint, large.fingerprint, corpus, tokens, sorted(pairs), self._settings]
        self._home, self._homes = moments_home(small, large, sums), _homes(small, large, sums)
        self._folder = self._home / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
        self._next_save = time.monotonic() + SECONDS_BETWEEN_SAVES

    def find(self) -> tuple[MomentsInfo, Collected] | None:
        """Own moments to go on from, or whole ones of the same tokens that hold these pairs among others."""
        fixed = {key: value for key, value in self._settings.items() if key != "watched"}
        for folder, info in [entry for home in self._homes for entry in find_moments(home)]:
            same = (info.small_fingerprint, info.large_fingerprint, info.corpus, info.tokens) == (
                self._small.fingerprint,
                self._large.fingerprint,
                self._corpus,
                self._tokens,
            )
            # None for both where nothing but float32 was read, which is no part of the settings.
            same = same and info.settings.get("read_as") == self._settings.get("read_as")
            whole = info.complete and set(info.pairs) >= self._pairs and info.settings.items() >= fixed.items()
            if same and (folder.name == self._folder.name or whole):
                try:
                    return info, _collected(*load_moments(folder), self._small, self._large)
                except LRTError:  # damaged: a new pass replaces them
                    continue
        return None

    def due(self) -> bool:
        return time.monotonic() >= self._next_save

    def save(self, collected: Collected, crew: Processes, *, complete: bool) -> None:
        """Save what all processes have, which is together already once it is complete; only the main one writes."""
        begun = time.monotonic()
        grids = collected.grids
        if not complete:
            grids = {part: crew.merge(grid, everywhere=False) for part, grid in grids.items()}
        if crew.main:
            try:
                states: dict[str, dict[str, Tensor]] = {part: grid.state() for part, grid in grids.items()}
                save_moments(self._folder, self._info(collected, complete=complete), states)
                forget_moments(self._home, but=KEPT)
            except ArtifactError as error:
                # The map comes from the sums in memory, and is worth more than they are.
                logger.warning("the sums of this pass are not kept (%s)", error)
        now = time.monotonic()
        self._next_save = now + max(SECONDS_BETWEEN_SAVES, (now - begun) / SAVING_SHARE)

    def _info(self, collected: Collected, *, complete: bool) -> MomentsInfo:
        return MomentsInfo(
            small=self._small.name,
            large=self._large.name,
            small_fingerprint=self._small.fingerprint,
            large_fingerprint=self._large.fingerprint,
            corpus=self._corpus,
            corpus_fingerprint=collected.corpus_fingerprint,
            tokens=self._tokens,
            complete=complete,
            pairs=collected.pairs,
            settings=self._settings,
            counts=asdict(collected.counts),
            position=asdict(collected.position),
            created=datetime.now(UTC).isoformat(),
        )


def _collected(
    info: MomentsInfo, states: dict[str, dict[str, Tensor]], small: LanguageModel, large: LanguageModel
) -> Collected:
    try:
        grids = {part: GridMoments.from_state(states[part], exact_device(small.device, large.device)) for part in PARTS}
        counts, position = TokenCounts(**info.counts), Position(**info.position)
    except (KeyError, TypeError) as error:
        raise ArtifactError("these moments are incomplete; collect them again") from error
    return Collected(grids, {}, counts, info.corpus, info.corpus_fingerprint, position)
