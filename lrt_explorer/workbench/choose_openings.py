"""Choose openings: for every concept of a pair the gentlest strength, and the prompts, on which the story shows.

`choose_openings` is for the pairs that ship, where evidence says which concepts may have one and hundreds of prompts
are tried. `find_openings` is for any pair and map: it tries few prompts, gives a strength up early, and keeps what it
found after each concept.
"""

import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.examples import EXAMPLES, example_prompts
from lrt_explorer.defaults import EXAMPLE_TRIES
from lrt_explorer.errors import ArtifactError, SettingsError
from lrt_explorer.study.compare import compare
from lrt_explorer.study.corpora.texts import sample_texts
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN
from lrt_explorer.study.ground.progress import Progress, finish, retold
from lrt_explorer.study.steering.calibrate import calibrate_concept, two_digits
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.story import is_judged, moves, reaches, reads_well, shows
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.openings import (
    Opening,
    Openings,
    found_openings,
    found_openings_file,
    header_mark,
    keep_openings,
    map_mark,
)
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.shipped import shipped_evidence

COSTS = (0.1, 0.2, 0.3, 0.5, 0.8)
"""Nats on neutral text: strengths that cost so much are tried from the gentlest up. At 1 nat text breaks."""
TRIED = 200
"""Prompts tried for each concept at most."""
ENOUGH = 6
"""Prompts that show the story at a strength, after which no more are tried."""
DOCUMENTS = 120
"""Of ordinary text, whose first sentences are tried, and how these begin."""
BEGINNING = 3
"""Words of such a beginning."""
GRAINS = 100
"""Steps of progress in one concept."""
PATIENCE = 5
"""Texts in a row that show nothing at a strength, after which `find_openings` goes on to the next one."""
LOOKED_AT = 4
"""Where a readout tells before a text is written, this many prompts may be looked at for each text that may be written,
and for each that patience allows."""
SENTENCE = re.compile(r"[^.!?]+[.!?]+\"?")


def choose_openings(pair: Pair, saved: SavedMap) -> Generator[Progress, None, Openings]:
    """Compare on many prompts, and for each concept keep those that show the story at the gentlest strength that does.

    Where fewer prompts show it than are offered, at any strength, the concept's usual examples make up the number. A
    concept of which the evidence that ships shows no transfer gets none: prompts picked for the few cases where it
    seems to transfer would mislead.

    Args:
        pair: the models.
        saved: the map that ships for them.
    """
    concepts, evidence = shipped_sets(pair.world), shipped_evidence(pair, saved)
    verdicts = {} if evidence is None else evidence.verdicts
    shown = [concept for concept in concepts if verdicts.get(concept.name) not in (NOT_SHOWN, NOT_MEASURABLE)]
    chosen = {}
    for number, concept in enumerate(shown):
        yield Progress(number, len(shown), f"trying examples of {concept.name}")
        chosen[concept.name] = choose_opening(pair, saved, concept, candidates(concept, concepts, pair.world.ordinary))
    sets = {concept.name: concept.fingerprint() for concept in shown}
    return Openings(saved.layers, map_mark(pair.small.name, pair.large.name), sets, chosen)


def candidates(concept: ContrastSet, others: Iterable[ContrastSet], ordinary: str) -> list[str]:
    """Prompts to try: the concept's own examples, those of other concepts, ordinary sentences, its readout prompts."""
    prompts = [*example_prompts(concept)]
    for other in others:
        prompts += example_prompts(other)
    prompts += _beginnings(ordinary)
    prompts += [prompt.text for prompt in concept.prompts]
    return list(dict.fromkeys(prompts))[:TRIED]


def _beginnings(ordinary: str) -> list[str]:
    """First sentences of ordinary text, and how each begins."""
    firsts = [found[0] for text in sample_texts(DOCUMENTS, ordinary) if (found := SENTENCE.match(text)) is not None]
    return [prompt for first in firsts for prompt in (first, " ".join(first.split()[:BEGINNING]))]


def find_openings(
    pair: Pair, saved: SavedMap, concepts: Sequence[ContrastSet], *, tries: int = EXAMPLE_TRIES
) -> Generator[Progress, None, Openings]:
    """Openings of any pair, kept in the data folder after each concept, beside those of other concepts found before.

    Every face begins a concept with what was found as soon as this map is used. A concept that shows the story on fewer
    prompts than are offered gets no opening, since these few would mislead; it is among what is returned all the same.

    Args:
        pair: the models.
        saved: the map; it must lie in a folder.
        concepts: sets for which openings are sought.
        tries: prompts after which texts are written at each strength, at most.

    Raises:
        ArtifactError: if the map is in no folder, or the openings cannot be written.
        SettingsError: if there are fewer tries than examples.
        LRTError: as for `compare`.
    """
    names, mark = (pair.small.name, pair.large.name), header_mark(saved.folder)
    check_tries(tries)
    if not mark:
        raise ArtifactError("this map lies in no folder; save it first")
    pair.check(saved.info)
    sets = {concept.name: concept.fingerprint() for concept in concepts}
    chosen: dict[str, Opening] = {}
    for number, concept in enumerate(concepts):
        most = tries if is_judged(concept) else LOOKED_AT * tries
        prompts = own_candidates(concept, pair.world.ordinary)[:most]
        found = yield from retold(
            opening_of(pair, saved, concept, prompts, tries=tries, patience=PATIENCE),
            partial(_within, number, len(concepts)),
        )
        chosen[concept.name] = found
        known = found_openings(*names, mark) or Openings(saved.layers, mark, {}, {})
        kept, marks = dict(known.concepts), {**known.sets, concept.name: sets[concept.name]}
        kept.pop(concept.name, None)
        if found.shows_enough:
            kept[concept.name] = found
        keep_openings(*names, replace(known, sets={name: marks[name] for name in kept}, concepts=kept))
    return Openings(saved.layers, mark, sets, chosen)


def check_tries(tries: int) -> None:
    """Raise SettingsError if fewer prompts would be tried than are offered."""
    if tries < EXAMPLES:
        raise SettingsError(f"{tries} tries are too few; try at least {EXAMPLES} prompts")


def own_candidates(concept: ContrastSet, ordinary: str) -> list[str]:
    """Prompts to try where no others are known to suit: the concept's own, then ordinary sentences."""
    own = [*example_prompts(concept), *(prompt.text for prompt in concept.prompts)]
    return list(dict.fromkeys([*own, *_beginnings(ordinary)]))


def _within(number: int, concepts: int, step: Progress) -> Progress:
    """Progress within one of several concepts."""
    done = int(GRAINS * (number + step.share))
    return Progress(done, GRAINS * concepts, step.message)


def choose_opening(pair: Pair, saved: SavedMap, concept: ContrastSet, prompts: Sequence[str]) -> Opening:
    """The opening of one concept, from prompts that are tried in their order until enough show the story."""
    return finish(opening_of(pair, saved, concept, prompts))


def opening_of(
    pair: Pair, saved: SavedMap, concept: ContrastSet, prompts: Sequence[str], *, tries: int = 0, patience: int = 0
) -> Generator[Progress, None, Opening]:
    """`choose_opening` with progress in comparisons.

    Args:
        pair: the models.
        saved: their map.
        concept: a set.
        prompts: tried in this order.
        tries: prompts after which texts are written at each strength, at most; 0 for all that may show the story.
        patience: texts that may show nothing before a strength is given up; 0 to try all.

    Where a readout tells the story, it is asked first, so most prompts that cannot show it cost one token.

    Raises what `compare` and `calibrate_concept` raise.
    """
    said, most = f"trying examples of {concept.name}", len(COSTS) * len(prompts)
    judged = is_judged(concept)
    yield Progress(0, most, said)
    calibrated = yield from retold(
        calibrate_concept(pair, saved.layers[1], concept), lambda step: Progress(0, most, step.message)
    )
    curve = calibrated.curve
    best = Opening(two_digits(curve.strength(COSTS[0])), tuple(prompts[:EXAMPLES]), 0, 0)
    if not judged and not concept.prompts:
        return best  # nothing tells
    for number, cost in enumerate(COSTS):
        strength = two_digits(curve.strength(cost))
        good: dict[str, bool] = {}
        tried = texts = 0
        for prompt in prompts:
            yield Progress(number * len(prompts) + tried, most, said)
            spec = SteerSpec(concept=concept, prompt=prompt, strength=strength)
            tried += 1
            if judged or moves(finish(compare(pair, saved, replace(spec, max_new_tokens=1)))):
                written = finish(compare(pair, saved, spec))
                texts += 1
                if shows(written, judged=judged) and reads_well(written):
                    good[prompt] = reaches(written)
            enough = len(good) == ENOUGH or (tries > 0 and texts == tries)
            hopeless = not good and (texts == patience or (not texts and tried == LOOKED_AT * patience))
            if enough or (patience > 0 and hopeless):
                break
        if len(good) > best.showed or number == 0:
            # The first is what a visitor meets first: the texts of a plain one say it without their numbers.
            plain_first = sorted(good, key=lambda prompt: not good[prompt])
            offered = list(dict.fromkeys([*plain_first, *prompts]))[:EXAMPLES]
            best = Opening(strength, tuple(offered), len(good), tried)
        if len(good) >= EXAMPLES:
            break
    return best


def openings_document(saved: SavedMap, found: Openings) -> dict[str, Any]:
    """What was found, as plain JSON values, and where it is kept."""
    concepts = [
        {"name": name, "set": found.sets[name], **asdict(one), "kept": one.shows_enough}
        for name, one in found.concepts.items()
    ]
    small, large = saved.info.small, saved.info.large
    return {
        "small": small,
        "large": large,
        "small_layer": saved.layers[0],
        "large_layer": saved.layers[1],
        "map": str(saved.folder),
        "concepts": [{**one, "prompts": list(one["prompts"])} for one in concepts],
        "artifact": str(found_openings_file(small, large, found.map)),
    }
