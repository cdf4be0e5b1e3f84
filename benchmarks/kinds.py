"""Kinds of map side by side: what each carries of every concept of the demo family, and what any linear map could.

    python -m benchmarks.kinds [--pairs tinyworld-s,tinyworld-m] [--large-layer N] [--out FILE]

For each pair, at its default layers (or another of the large model), with the corpus and, but for the first, the tokens
that `lrt-explorer fit` takes by default:

- *next tokens*: what ships, with as many tokens as that; ordinary documents, no label, nothing of any concept;
- *within contexts*: the same without averaging over states that go on alike;
- *ridge*: the same documents, every token alike;
- *leave-concept-out*: ridge on texts that break off where the other concepts decide the next word, one map a concept;
- *where vectors are read*: ridge on texts that break off where any concept does, this one too, ends counted 600 times;
- *upper bound*: ridge refined on half of the concept's own contrast pairs, so that it is the best that a linear map
  between these layers is known to do; the vector comes from the other half.

Retention over the fixed grid of strengths with Fieller's interval over held-out prompts, the cosine of mapped and
native direction, and R² both on other whole documents and at the ends of other texts that break off. Prints one JSON
object; with --out every pair is written as soon as it is measured, and taken from there by the next run.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from benchmarks.grid import STRENGTHS, unit_for
from benchmarks.steering import PROMPTS, interval
from lrt_explorer.concepts.contrast import ContrastSet, load_concept, shipped_concepts
from lrt_explorer.concepts.reading import read_pairs
from lrt_explorer.defaults import FIT_TOKENS, SHIPPED_FIT_TOKENS
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import cosine, r2
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import load_map
from lrt_explorer.store.swap import new_file
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.corpora.texts import BROKEN_OFF, BROKEN_OFF_END_WEIGHT, ENDLESS, TINYWORLD, Corpus, read_texts
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.fitting.estimators import NEXT_TOKENS, WITHIN_CONTEXTS
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.tinyworld.contrasts import broken_off_texts
from lrt_explorer.tinyworld.corpus import documents
from lrt_explorer.workbench.maps import shipped_map_folder

SCORED_TEXTS, FIRST_SCORED = 300, 5_000_000
"""Texts that R² is measured on, far beyond those that are fitted on."""
ANCHOR = 0.01
"""Of the covariance of ordinary tokens, added to that of the pairs: keeps the refined map sane where no pair says."""
NEXT, WITHIN, RIDGE, OTHERS, READ, BOUND = (
    "next tokens",
    "within contexts",
    "ridge",
    "leave-concept-out",
    "where vectors are read",
    "upper bound",
)


def fitted(pair: Pair, layers: Layers, corpus: Corpus, method: str) -> AffineMap:
    """The map that ships, if it is this one, or one of the size of its kind."""
    if method == NEXT_TOKENS:
        map, info = load_map(shipped_map_folder(pair.small.name, pair.large.name))
        if (info.small_layer, info.large_layer) == layers:
            return map
    tokens = SHIPPED_FIT_TOKENS if method == NEXT_TOKENS else FIT_TOKENS
    settings = FitSettings(tokens=tokens, corpus=corpus.name, method=method)
    return finish(fit_one(pair, corpus, layers, settings)).map


def moments(pair: Pair, layers: Layers, texts: Iterable[str], *, ends: bool) -> CrossMoments:
    """Of all tokens of some texts, or of their last ones."""
    small, large = pair.both
    found = CrossMoments(small.width, large.width)
    left = iter(texts)
    while batch := list(islice(left, 16)):
        states = read_paired(small, large, batch, [layers[0]], [layers[1]])
        chosen = torch.ones(len(states.text), dtype=torch.bool)
        if ends:
            chosen[:-1] = states.text[1:] != states.text[:-1]
        found.update(states.small[layers[0]][chosen], states.large[layers[1]][chosen])
    return found


def bound(pair: Pair, layers: Layers, concept: ContrastSet, ridge: AffineMap, ordinary: CrossMoments) -> AffineMap:
    """The ridge map refined on every other pair of a concept."""
    both = []
    for lm, layer in zip(pair.both, layers, strict=True):
        states = read_pairs(lm, concept, [layer], concept.reading)[layer]
        half = torch.cat([states.positive[::2], states.negative[::2]]).double()
        both.append(half - half.mean(0))
    x, y = both
    covariance = ANCHOR * ordinary.cxx / ordinary.count
    weight = torch.linalg.solve(x.T @ x / len(x) + covariance, x.T @ y / len(x) + covariance @ ridge.weight)
    return AffineMap(weight, ridge.bias)


def measured(small: str, large: str, layers: Layers) -> dict[str, Any]:
    """All kinds of map of one pair."""
    pair = Pair(small=models().get(small), large=models().get(large))
    concepts = [load_concept(name) for name in shipped_concepts()]
    whole = read_texts(TINYWORLD)
    maps: dict[str, AffineMap] = {}
    for name, corpus, method in (
        (NEXT, whole, NEXT_TOKENS),
        (WITHIN, whole, WITHIN_CONTEXTS),
        (RIDGE, whole, "ridge"),
        (READ, read_texts(BROKEN_OFF), "ridge"),
    ):
        print(f"{small}: fitting {name}", file=sys.stderr, flush=True)
        maps[name] = fitted(pair, layers, corpus, method)
    others: dict[str, AffineMap] = {}
    for concept in concepts:
        print(f"{small}: fitting without the places of {concept.name}", file=sys.stderr, flush=True)
        others[concept.name] = fitted(pair, layers, _without(concept.name), "ridge")
    on_documents = moments(pair, layers, _documents(), ends=False)
    at_ends = moments(pair, layers, broken_off_texts("fit", SCORED_TEXTS, FIRST_SCORED), ends=True)
    rows = {}
    for concept in concepts:
        kinds = {**maps, OTHERS: others[concept.name], BOUND: bound(pair, layers, concept, maps[RIDGE], on_documents)}
        rows[concept.name] = _carried(pair, layers, concept, kinds)
        print(f"{small} {concept.name} {json.dumps(rows[concept.name])}", file=sys.stderr, flush=True)
    shares = {
        name: {"documents": round(r2(one, on_documents), 3), "ends": round(r2(one, at_ends), 3)}
        for name, one in maps.items()
    }
    return {
        "small": small,
        "large": large,
        "layers": list(layers),
        "tokens": FIT_TOKENS,
        "tokens_shipped": SHIPPED_FIT_TOKENS,
        "prompts": PROMPTS,
        "r2": shares,
        "concepts": rows,
    }


def _carried(pair: Pair, layers: Layers, concept: ContrastSet, kinds: dict[str, AffineMap]) -> dict[str, Any]:
    """Retention and cosine of one concept through every kind of map."""
    small, large = pair.both
    source = known_vectors().get(small, concept, layers[0]).vector.values
    own = known_vectors().get(large, concept, layers[1]).vector.values
    pairs = read_pairs(small, concept, [layers[0]], concept.reading)[layers[0]]
    unseen = pairs.differences[1::2].mean(0)
    mapped = {name: one.direction(unseen if name == BOUND else source) for name, one in kinds.items()}
    unit, prompts = unit_for(large, layers[1]), concept.prompts[:PROMPTS]
    doses = finish(dose_response(large, layers[1], {"native": own, **mapped}, prompts, unit, strengths=STRENGTHS))
    found: dict[str, Any] = {"native_slope": interval(doses.slope("native"))}
    for name, direction in mapped.items():
        kept = doses.retention([name])
        found[name] = {
            "retention": None if kept is None else interval(kept),
            "cosine": round(cosine(direction, own), 3),
        }
    return found


def _documents() -> Iterator[str]:
    return (one.text for one in documents("fit", SCORED_TEXTS, FIRST_SCORED))


def _without(concept: str) -> Corpus:
    return Corpus(
        f"{BROKEN_OFF} without {concept}",
        lambda: broken_off_texts("fit", ENDLESS, without=concept),
        BROKEN_OFF_END_WEIGHT,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", default="tinyworld-s,tinyworld-m", help="small models (default: %(default)s)")
    parser.add_argument("--large-layer", type=int, metavar="N", help="steered layer (default: that of the pair)")
    parser.add_argument("--out", type=Path, help="file to keep each pair in")
    options = parser.parse_args(arguments)
    kept: dict[str, Any] = {}
    if options.out is not None and options.out.exists():
        kept = json.loads(options.out.read_text(encoding="utf-8"))
    presets = {pair.small: pair for pair in PAIRS if pair.large == "tinyworld-l"}
    for name in options.pairs.split(","):
        preset = presets[name]
        if name not in kept:
            steered = preset.large_layer if options.large_layer is None else options.large_layer
            kept[name] = measured(preset.small, preset.large, (preset.small_layer, steered))
            if options.out is not None:
                with new_file(options.out.resolve()) as fresh:
                    fresh.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
