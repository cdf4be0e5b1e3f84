"""Which text a map of two real models is best fitted on. Prints one JSON object, with --table a table for people.

    python -m benchmarks.corpora SMALL LARGE --file encyclopedia.txt [--corpora self,everyday,self+everyday,FILE]
        [--tokens 5000,20000] [--small-layer 17 --large-layer 10] [--prompts 12] [--concepts NAME,…]

SMALL and LARGE are folders or .gguf files. Every corpus gives a map at each number of token pairs (fewer where it ends
before), and every map is judged by the same three things, none of which it was fitted on:

- *cosine*: of mapped and native vectors, over the concepts for models of everyday language;
- *retention*: slope of the readouts under the mapped vector over that under the native one, when both are added at the
  native vector's length, in both directions; over the concepts whose native slope is above 0 with all of its interval;
- *R²* on the last documents of --file and on texts that the large model wrote with another seed, and its median over
  the dimensions of the large model, which no single dimension can buy.

Means over concepts stand with their standard error, and with the mean difference from the first corpus, concept by
concept. *Distinct* is the share of different ones among the 4-grams of words of the text that was read, and of its
most repeated tenth of documents.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch

from benchmarks.grid import OWN_LENGTHS, some_prompts
from lrt_explorer.concepts.contrast import ContrastSet, read_contrast, real_concepts
from lrt_explorer.concepts.vectors import mean_difference
from lrt_explorer.errors import LRTError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import cosine, r2, r2_per_dimension
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.load import load
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.corpora.batches import DocumentStream
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.corpora.self_written import SelfWritten, WritingSettings
from lrt_explorer.study.corpora.texts import prepared, read_texts
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.fitting.collect import Route, collect
from lrt_explorer.study.fitting.estimators import closed_form
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish

HELD_OUT_DOCUMENTS = 64
OTHER_SEED = 1
GRAM = 4


def main() -> None:
    """Fit, judge, print."""
    asked = _arguments()
    small, large = load(asked.small), load(asked.large)
    layers = asked.small_layer, asked.large_layer
    corpora = [name.replace("FILE", asked.file or "") for name in asked.corpora.split(",")]
    corpora = [name for name in corpora if name]
    sizes = sorted(int(size) for size in asked.tokens.split(","))
    held = {name: _moments(small, large, *layers, texts) for name, texts in _held_out(large, asked.file).items()}
    maps: dict[tuple[str, int], AffineMap] = {}
    rows: list[dict[str, Any]] = []
    for name in corpora:
        for size, used, map_, seconds in _fitted(small, large, *layers, name, sizes):
            maps[name, size] = map_
            scores = {f"r2_{text}": r2(map_, moments) for text, moments in held.items()}
            medians = {f"median_r2_{t}": float(r2_per_dimension(map_, m).median()) for t, m in held.items()}
            rows.append({"corpus": name, "tokens": size, "used": used, "seconds": seconds, **scores, **medians})
            _say(f"{name}, {used:,} tokens: {json.dumps(scores | medians)}")
        diversity = _distinct(islice(_texts(large, name), HELD_OUT_DOCUMENTS))
        for row in rows:
            row |= diversity if row["corpus"] == name else {}
    judged = _judged(small, large, *layers, maps, _concepts(asked.concepts), asked.prompts)
    first = (corpora[0], sizes[-1])
    for row in rows:
        key = row["corpus"], row["tokens"]
        for what in ("cosine", "retention"):
            own, others = judged[what][key], judged[what][first]
            row[what] = _summary(list(own.values()))
            row[f"{what}_difference"] = _summary([own[one] - others[one] for one in own])
            row[f"{what}_by_concept"] = own
    result = {"small": small.name, "large": large.name, "layers": layers, "native": judged["native"], "rows": rows}
    print(_table(rows) if asked.table else json.dumps(result))


def _fitted(
    small: LanguageModel, large: LanguageModel, i: int, j: int, corpus: str, sizes: Sequence[int]
) -> Iterable[tuple[int, int, AffineMap, float]]:
    """For each size, how many tokens were used, the map, and the seconds since the reading began."""
    texts = finish(prepared(read_texts(corpus), large, sizes[-1]), lambda step: _say(step.message))
    begun = time.monotonic()
    route = Route(i, j)
    ridge = closed_form("ridge")
    states = None
    for size in sizes:
        # Each size goes on where the one before it stopped.
        stream = DocumentStream(texts)
        if states is not None:
            stream.skip_to(states.position, states.corpus_fingerprint)
        states = finish(collect(Pair(small=small, large=large), stream, [route], size, begun=states))
        moments = states.of(route)
        yield size, states.counts.used, ridge(moments["fit"], moments["select"]).map, time.monotonic() - begun


def _held_out(large: LanguageModel, file: str | None) -> dict[str, list[Document]]:
    other = SelfWritten(large, WritingSettings(seed=OTHER_SEED))
    finish(other.ahead(1), lambda step: _say(step.message))
    held: dict[str, list[Document]] = {"self": list(islice(other, HELD_OUT_DOCUMENTS))}
    if file:
        held["file"] = list(read_texts(file))[-HELD_OUT_DOCUMENTS:]
    return held


def _moments(small: LanguageModel, large: LanguageModel, i: int, j: int, texts: list[Document]) -> CrossMoments:
    moments = CrossMoments(small.width, large.width)
    for batch in DocumentStream(texts).batches(Windows(small, large)):
        if batch.texts:
            states = read_paired(small, large, batch.texts, [i], [j])
            moments.update(states.small[i], states.large[j])
    return moments


def _judged(
    small: LanguageModel,
    large: LanguageModel,
    i: int,
    j: int,
    maps: dict[tuple[str, int], AffineMap],
    concepts: list[ContrastSet],
    prompts: int,
) -> dict[str, Any]:
    """Cosine and retention of every map, concept by concept, and the native slopes."""
    cosines: dict[tuple[str, int], dict[str, float]] = {key: {} for key in maps}
    retained: dict[tuple[str, int], dict[str, float]] = {key: {} for key in maps}
    native_slopes: dict[str, list[float]] = {}
    for concept in concepts:
        try:
            found = mean_difference(small, concept, [i])[i].values
            native = mean_difference(large, concept, [j])[j].values
            mapped = {key: map_.direction(found) for key, map_ in maps.items()}
            arms = {"native": native, **{f"{key[0]} {key[1]}": values for key, values in mapped.items()}}
            chosen = some_prompts(concept, prompts)
            length = float(native.norm())
            study = dose_response(large, j, arms, chosen, length, strengths=OWN_LENGTHS)
            response = finish(study)
        except LRTError as error:
            _say(f"{concept.name} is left out: {error}")
            continue
        slope = response.slope("native")
        native_slopes[concept.name] = [slope.value, slope.low, slope.high]
        for key, values in mapped.items():
            cosines[key][concept.name] = cosine(values, native)
            if slope.low > 0:
                retained[key][concept.name] = response.slope(f"{key[0]} {key[1]}").value / slope.value
        _say(f"{concept.name}: native slope {slope.value:.2f} ({slope.low:.2f} … {slope.high:.2f})")
    return {"cosine": cosines, "retention": retained, "native": native_slopes}


def _concepts(names: str | None) -> list[ContrastSet]:
    known = real_concepts()
    return [read_contrast(known[name]) for name in (names.split(",") if names else known)]


def _texts(large: LanguageModel, corpus: str) -> Iterable[str]:
    for document in read_texts(corpus).written_by(large):
        yield document if isinstance(document, str) else document.text


def _distinct(texts: Iterable[str]) -> dict[str, float]:
    every: list[tuple[str, ...]] = []
    shares = []
    for text in texts:
        words = text.split()
        grams = [tuple(words[at : at + GRAM]) for at in range(len(words) - GRAM + 1)]
        every += grams
        shares += [len(set(grams)) / len(grams)] if grams else []
    worst = sorted(shares)[: max(1, len(shares) // 10)]
    return {"distinct": len(set(every)) / max(1, len(every)), "distinct_worst_tenth": float(np.mean(worst or [0.0]))}


def _summary(values: list[float]) -> dict[str, float | int]:
    if not values:
        return {"mean": float("nan"), "error": float("nan"), "concepts": 0}
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    return {"mean": float(np.mean(values)), "error": error, "concepts": len(values)}


def _table(rows: list[dict[str, Any]]) -> str:
    scores = [key for key in rows[0] if key.startswith(("r2_", "median_r2_"))]
    header = ["corpus", "tokens", *scores, "cosine", "difference", "retention", "difference", "distinct"]
    lines = ["| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    for row in rows:
        cells = [row["corpus"], f"{row['used']:,}", *(f"{row[score]:.2f}" for score in scores)]
        for what in ("cosine", "cosine_difference", "retention", "retention_difference"):
            cells.append(f"{row[what]['mean']:.3f} ± {row[what]['error']:.3f}")
        lines.append("| " + " | ".join([*cells, f"{row['distinct']:.2f}"]) + " |")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("small")
    parser.add_argument("large")
    parser.add_argument("--file", help="ordinary text, one document a line; its last documents are held out")
    parser.add_argument("--corpora", default="self,everyday,self+everyday,FILE")
    parser.add_argument("--tokens", default="5000,20000")
    parser.add_argument("--small-layer", type=int, default=17)
    parser.add_argument("--large-layer", type=int, default=10)
    parser.add_argument("--prompts", type=int, default=12)
    parser.add_argument("--concepts", help="default: all that ship for models of everyday language")
    parser.add_argument("--table", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
