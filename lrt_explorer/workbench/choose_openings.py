"""Choose openings: for every concept of a pair the gentlest strength, and the prompts, on which the story shows."""

import re
from collections.abc import Generator, Iterable, Sequence

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.examples import EXAMPLES, example_prompts
from lrt_explorer.study.compare import compare
from lrt_explorer.study.corpora.texts import sample_texts
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.calibrate import calibrate_concept, two_digits
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.story import reads_well, shows
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.openings import Opening, Openings, map_mark
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
    for text in sample_texts(DOCUMENTS, ordinary):
        first = SENTENCE.match(text)
        if first is not None:
            prompts += [first[0], " ".join(first[0].split()[:BEGINNING])]
    prompts += [prompt.text for prompt in concept.prompts]
    return list(dict.fromkeys(prompts))[:TRIED]


def choose_opening(pair: Pair, saved: SavedMap, concept: ContrastSet, prompts: Sequence[str]) -> Opening:
    """The opening of one concept, from prompts that are tried in their order until enough show the story."""
    curve = finish(calibrate_concept(pair, saved.layers[1], concept)).curve
    best = Opening(two_digits(curve.strength(COSTS[0])), tuple(prompts[:EXAMPLES]), 0, len(prompts))
    for cost in COSTS:
        strength = two_digits(curve.strength(cost))
        good, tried = [], 0
        for prompt in prompts:
            written = finish(compare(pair, saved, SteerSpec(concept=concept, prompt=prompt, strength=strength)))
            tried += 1
            if shows(written) and reads_well(written):
                good.append(prompt)
            if len(good) == ENOUGH:
                break
        if len(good) > best.showed:
            offered = list(dict.fromkeys([*good, *prompts]))[:EXAMPLES]
            best = Opening(strength, tuple(offered), len(good), tried)
        if len(good) >= EXAMPLES:
            break
    return best
