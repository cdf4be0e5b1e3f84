"""Does steering work in the demo family, and does it transfer? Prints one JSON object, progress on stderr.

    python -m benchmarks.steering native tinyworld-s:3 tinyworld-m:5 tinyworld-l:5
    python -m benchmarks.steering places tinyworld-s tinyworld-m tinyworld-l
    python -m benchmarks.steering transfer tinyworld-s:3 tinyworld-l:5

`native`: per model and concept, the readout over s = -0.6 ... 0.6 with the model's own vector (Spearman of its mean,
slope with a bootstrap interval over held-out prompts) and the judge's score of generated text at both ends. For
truthfulness also the share of right answers, greedily given, after a mistaken narrator.

`places`: the same as `native`, each concept at the layer and read at the place where it steers best: at the token
before the latent shows (last-token), over all tokens, or at the end of what shows it (told). They are chosen on prompts
that are not measured on: of the four places with the steepest readout, the one where the judge's score moves most.

`transfer`: per concept, retention with its interval, and that of random directions and of maps fitted on shuffled
pairs, each the mean of several seeds. `--corpus tinyworld` fits on whole documents, every token alike, in place of
texts broken off where vectors are read.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.grid import STRENGTHS, unit_for
from lrt_explorer.concepts.contrast import READINGS, ContrastSet, Reading, ReadoutPrompt, load_concept
from lrt_explorer.concepts.readout import answer_tokens
from lrt_explorer.concepts.vectors import addition, random_vector
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.corpora.texts import BROKEN_OFF, read_texts
from lrt_explorer.study.evaluation.dose import DoseResponse, Sampling, dose_response, score_response
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.fit import fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import Known, read_known
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.judged import judged_score
from lrt_explorer.tinyworld.contrasts import contrast_set
from lrt_explorer.tinyworld.lexicon import CONCEPTS

ENDS = (-0.6, 0.6)
CONTROL_STRENGTHS = (-0.6, 0.0, 0.6)
SEEDS = 5
PROMPTS = 60


def place(text: str) -> tuple[LanguageModel, int]:
    """A model and a layer from "name:layer"."""
    name, _, layer = text.rpartition(":")
    return models().get(name), int(layer)


def interval(value: Any) -> dict[str, float]:
    """An interval with two digits more than anybody needs."""
    return {"value": round(value.value, 4), "low": round(value.low, 4), "high": round(value.high, 4)}


def right_answers(lm: LanguageModel, layer: int, contrast: ContrastSet, values: Any) -> dict[str, float]:
    """Share of right answers, the likeliest token taken, where the last fact before was told wrong."""
    mistaken = [p for i, p in enumerate(contrast.prompts) if i % 2 == 1]  # the last fact before was told wrong
    answers = answer_tokens(lm, mistaken)
    shares = {}
    for strength in STRENGTHS:
        added = addition(values, strength, unit_for(lm, layer)).expand(len(mistaken), -1)
        best = next_token_logprobs(lm, [p.text for p in mistaken], layer, added).argmax(1).tolist()
        right = [token in answer.positive for token, answer in zip(best, answers, strict=True)]
        shares[f"{strength:g}"] = round(float(np.mean(right)), 3)
    return shares


def native(lm: LanguageModel, layer: int, contrast: ContrastSet, known: Known, tokens: int) -> dict[str, Any]:
    """Readout and judged text of one model steered by its own vector."""
    vectors = {"native": known.vector.values}
    prompts, unit = contrast.prompts[:PROMPTS], unit_for(lm, layer)
    read = finish(dose_response(lm, layer, vectors, prompts, unit, strengths=STRENGTHS))
    low, high = judged_ends(lm, layer, contrast, known, contrast.prompts[:PROMPTS], tokens)
    result: dict[str, Any] = {
        "readout": [round(float(x), 3) for x in read.mean("native")],
        "spearman": round(read.spearman[0], 3),
        "slope": interval(read.slope("native")),
        "score_low": round(low, 3),
        "score_high": round(high, 3),
        "score_moves": round(high - low, 3),
    }
    passes = read.spearman[0] >= 0.9 and read.slope("native").low > 0 and high - low >= 0.3
    if contrast.name == "truthfulness":
        shares = right_answers(lm, layer, contrast, known.vector.values)
        result["right_after_a_mistaken_narrator"] = shares
        passes = passes and shares["0.6"] - shares["-0.6"] >= 0.3
    return {**result, "passes": passes}


def judged_ends(
    lm: LanguageModel,
    layer: int,
    contrast: ContrastSet,
    known: Known,
    prompts: Sequence[ReadoutPrompt],
    tokens: int,
) -> tuple[float, float]:
    """The judge's mean score of generated text at both ends."""

    def score(prompt: str, text: str) -> float | None:
        return judged_score(contrast, prompt, text)

    written = finish(
        score_response(
            lm,
            layer,
            {"native": known.vector.values},
            [prompt.text for prompt in prompts],
            score,
            unit_for(lm, layer),
            strengths=ENDS,
            sampling=Sampling(max_new_tokens=tokens, temperature=0.7),
        )
    )
    low, high = (float(x) for x in written.mean("native"))
    return low, high


def best_place(lm: LanguageModel, concept: str, tokens: int) -> tuple[int, str, Known]:
    """The layer and the place of reading where a concept steers best, by the prompts after the first `PROMPTS`."""
    contrast, told = load_concept(concept), contrast_set(concept, told=True)
    others = contrast.prompts[PROMPTS:]
    found: list[tuple[float, int, str, Known]] = []
    sources = (
        (contrast, "last-token", "last-token"),
        (contrast, "all-tokens", "all-tokens"),
        (told, "last-token", "told"),
    )
    for source, reading, name in sources:
        for layer, known in read_known(lm, source, range(lm.layers), reading).items():
            vectors = {"native": known.vector.values}
            read = finish(dose_response(lm, layer, vectors, others, unit_for(lm, layer), strengths=STRENGTHS))
            slope = read.slope("native").value if read.spearman[0] >= 0.9 else 0.0
            found.append((slope, layer, name, known))
    steepest = sorted(found, key=lambda one: -one[0])[:4]

    def moves(one: tuple[float, int, str, Known]) -> float:
        low, high = judged_ends(lm, one[1], contrast, one[3], others, tokens)
        return high - low

    _, layer, name, known = max(steepest, key=moves)
    return layer, name, known


def transfers(
    small: LanguageModel, i: int, large: LanguageModel, j: int, reading: Reading | None, corpus: str, tokens: int
) -> dict[str, Any]:
    """Retention of every concept through the map i → j, with both controls."""
    routes = [Route(i, j), *(Route(i, j, shuffle=seed) for seed in range(1, SEEDS + 1))]
    fitted, *shuffled = finish(
        fit_maps(Pair(small=small, large=large), read_texts(corpus), routes, FitSettings(tokens, corpus))
    )
    concepts = {}
    for concept in CONCEPTS:
        contrast = load_concept(concept.name)
        source = read_known(small, contrast, [i], reading)[i].vector.values
        own = read_known(large, contrast, [j], reading)[j]
        native = {"native": own.vector.values}
        control = {f"random {k}": random_vector(large.width, k) for k in range(SEEDS)}
        control |= {f"shuffled {k}": other.map.direction(source) for k, other in enumerate(shuffled)}
        unit, prompts = unit_for(large, j), contrast.prompts[:PROMPTS]
        mapped = fitted.map.direction(source)
        effect = finish(dose_response(large, j, native | {"transferred": mapped}, prompts, unit, strengths=STRENGTHS))
        controls = finish(dose_response(large, j, native | control, prompts, unit, strengths=CONTROL_STRENGTHS))
        concepts[concept.name] = {
            "native_slope": interval(effect.slope("native")),
            "transferred_slope": interval(effect.slope("transferred")),
            "retention": retention(effect, ["transferred"]),
            "random": retention(controls, [f"random {k}" for k in range(SEEDS)]),
            "shuffled": retention(controls, [f"shuffled {k}" for k in range(SEEDS)]),
            "direction_cosine": round(cosine(mapped, own.vector.values), 3),
            "reachable_share": round(fitted.map.reachable_share(own.vector.values), 3),
        }
        print(concept.name, json.dumps(concepts[concept.name]), file=sys.stderr, flush=True)
    good = [name for name, row in concepts.items() if holds(row)]
    return {
        "r2": round(fitted.info.r2, 4),
        "coverage": round(fitted.info.coverage, 4),
        "tokens": fitted.info.tokens_used,
        "corpus": corpus,
        "concepts": concepts,
        "hold": good,
    }


def retention(doses: DoseResponse, arms: list[str]) -> dict[str, float] | None:
    """Retention of the mean of some arms; None where it is not measurable."""
    found = doses.retention(arms)
    return None if found is None else interval(found)


def holds(row: dict[str, Any]) -> bool:
    """Whether a concept transfers and its controls do not."""
    if row["retention"] is None:
        return False
    controlled = abs(row["random"]["value"]) <= 0.15 and abs(row["shuffled"]["value"]) <= 0.25
    return bool(row["retention"]["value"] >= 0.85 and controlled)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("native", "places", "transfer"))
    parser.add_argument("places", nargs="+", metavar="MODEL[:LAYER]")
    parser.add_argument("--reading", choices=READINGS, help="default: what each concept prefers")
    parser.add_argument("--new-tokens", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=150_000, help="tokens for the map")
    parser.add_argument("--corpus", default=BROKEN_OFF, help="what the map is fitted on (default: %(default)s)")
    arguments = parser.parse_args()
    report: dict[str, Any] = {}
    if arguments.what == "places":
        for name in arguments.places:
            lm, rows = models().get(name), report.setdefault(name, {})
            for concept in CONCEPTS:
                layer, reading, known = best_place(lm, concept.name, arguments.new_tokens)
                row = native(lm, layer, load_concept(concept.name), known, arguments.new_tokens)
                rows[concept.name] = {"layer": layer, "reading": reading, **row}
                print(lm.name, concept.name, json.dumps(rows[concept.name]), file=sys.stderr, flush=True)
        print(json.dumps({"prompts": PROMPTS, "models": report}, indent=1))
        return
    places = [place(text) for text in arguments.places]
    if arguments.what == "transfer":
        (small, i), (large, j) = places
        found = transfers(small, i, large, j, arguments.reading, arguments.corpus, arguments.tokens)
        pair = {"small": small.name, "small_layer": i, "large": large.name, "large_layer": j}
        print(json.dumps({**pair, **found}, indent=1))
        return
    for lm, layer in places:
        rows = report[f"{lm.name}:{layer}"] = {}
        for concept in CONCEPTS:
            contrast = load_concept(concept.name)
            known = read_known(lm, contrast, [layer], arguments.reading or contrast.reading)[layer]
            rows[concept.name] = native(lm, layer, contrast, known, arguments.new_tokens)
            print(lm.name, concept.name, json.dumps(rows[concept.name]), file=sys.stderr, flush=True)
    print(json.dumps({"prompts": PROMPTS, "models": report}, indent=1))


if __name__ == "__main__":
    main()
