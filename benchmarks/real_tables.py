"""The tables of docs/results-real.md that are not evidence: layers, estimators, pairs, tokens, texts and time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import bounded, headed, wrapped
from lrt_explorer.numerals import plain

EVERY = 3
"""Of the layers so many are passed over for each that is shown."""
BEST, CHANGED = 8, 4
LAYERS = """
## Layers

All {count} layer pairs from one reading of {tokens:,} tokens (`lrt-explorer fit SMALL LARGE --all-layers --concepts
all`, {seconds:.0f} s). First the mean cosine of mapped and native vectors over {concepts} concepts, then R² with every
dimension in units of its own deviation; rows are layers of the small model, columns of the large one. Cosines are high
where the large model has hardly begun to work, so they alone do not choose a layer to steer.
"""
ESTIMATORS = """
## Estimators and tokens

Mean retention over the {concepts} concepts that the large model's own vector steers, with Student's interval over
concepts; every vector is added at the native vector's length (`python -m benchmarks.needed`). More than 1 is no merit:
such a map lengthens what it maps, and what costs more moves more. `sgd` is the descent of the paper, on some 500 times
fewer tokens than the paper takes.

| map | tokens | held-out R² | retention | median | seconds |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
PAIRS = """
## Contrast pairs

The first so many contrast pairs of each concept: read in the small model and mapped, and read in the large model
itself. Both are judged against the native vector of all pairs.

| pairs | mapped | native |
| ---: | ---: | ---: |
"""
TEXTS = """
## Text to fit on

Maps of equal numbers of tokens from different text, judged on concepts and texts that none was fitted on (`python -m
benchmarks.corpora`). *self*: the large model wrote it; *everyday*: what ships, the default. Means over concepts with
their standard error.

| text | tokens | R², own text | R², encyclopedia | cosine | retention |
| --- | ---: | ---: | ---: | ---: | ---: |
"""


def layer_rows(result: Mapping[str, Any]) -> str:
    """Two grids of some layers, and the best pairs."""
    at = {(one["small_layer"], one["large_layer"]): one for one in result["pairs"]}
    rows, columns = (sorted({ends[side] for ends in at}) for side in (0, 1))
    text = headed(
        LAYERS,
        count=len(at),
        tokens=result["tokens_used"],
        seconds=result["seconds"],
        concepts=len(result["concepts"]),
    )
    for score in ("direction_cosine", "r2_standardised"):
        text += f"\n| | {' | '.join(map(str, columns[::EVERY]))} |\n| ---: |{' ---: |' * len(columns[::EVERY])}\n"
        for i in rows[::EVERY]:
            text += f"| **{i}** | {' | '.join(f'{at[i, j][score]:.2f}' for j in columns[::EVERY])} |\n"
    best = sorted(at.values(), key=lambda one: -float(one["r2_standardised"]))[:BEST]
    found = "; ".join(f"{one['small_layer']} → {one['large_layer']} {one['r2_standardised']:.2f}" for one in best)
    return f"{text}\n{wrapped(f'The highest R² in these units: {found}.')}\n"


def estimator_rows(result: Mapping[str, Any]) -> str:
    """Maps by tokens and by estimator."""
    maps = result["maps"]
    text = headed(ESTIMATORS, concepts=len(result["by_concept"]))
    for name, one in maps.items():
        label = "ridge, the default" if name.endswith(" tokens") else name
        text += (
            f"| {label} | {one['tokens']:,} | {one['r2']:.2f} | {bounded(one)} | {one['median']:.2f} "
            f"| {one['seconds']:.1f} |\n"
        )
    return text


def pair_rows(result: Mapping[str, Any]) -> str:
    """Vectors of few pairs."""
    text = headed(PAIRS)
    for count, one in result["pairs"].items():
        text += f"| {count} | {bounded(one['mapped'])} | {bounded(one['native'])} |\n"
    return text


def text_rows(result: Mapping[str, Any]) -> str:
    """Maps by what they were fitted on."""
    text = headed(TEXTS)
    for one in result["rows"]:
        name = "encyclopedia" if Path(one["corpus"]).suffix else one["corpus"]
        text += (
            f"| {name} | {one['used']:,} | {one['r2_self']:.2f} | {one['r2_file']:.2f} "
            f"| {one['cosine']['mean']:.2f} ± {one['cosine']['error']:.2f} "
            f"| {one['retention']['mean']:.2f} ± {one['retention']['error']:.2f} |\n"
        )
    return text + _text_decides(result)


def _text_decides(result: Mapping[str, Any]) -> str:
    """Which concepts gain and lose most when the large model writes the text."""
    most = {}
    for one in sorted(result["rows"], key=lambda row: float(row["used"])):
        most[one["corpus"]] = one["retention_by_concept"]
    if not {"self", "everyday"} <= set(most):
        return ""
    own, other = most["self"], most["everyday"]
    moved = sorted(own, key=lambda name: float(own[name] - other[name]))
    gain, loss = (
        ", ".join(f"{name} {plain(own[name])} instead of {plain(other[name])}" for name in names)
        for names in (moved[-1 : -CHANGED - 1 : -1], moved[:CHANGED])
    )
    said = (
        "What a map carries depends on what it was fitted to see. With the text that the large model wrote in place of "
        f"what ships, on the most tokens, these gain most: {gain}. These lose most: {loss}."
    )
    return f"\n{wrapped(said)}\n"


def costs_of_it(result: Mapping[str, Any]) -> str:
    """What a transfer saves, in sentences."""
    most = max((one for name, one in result["maps"].items() if name.endswith(" tokens")), key=lambda one: one["tokens"])
    vector = result["vector_seconds"]
    few, one = next(iter(result["pairs"].items()))
    small, large = (f"{vector[side]:.2f} s" for side in ("small", "large"))
    said = (
        f"On {result['device']} the map took {most['seconds']:.1f} s; a vector took {small} in the small model and "
        f"{large} in the large one, each read up to its layer. "
    )
    pays = result["pays_from_concepts"]
    said += (
        "So between these two models the map saves no time, however many concepts there are: the small one is deep, "
        "and reading it up to its layer takes longer. "
        if pays is None
        else f"So the map pays from {pays} concepts on. "
    )
    return said + (
        f"On average over concepts the large model's own vector of {few} pairs has {one['native']['retention']:.2f} of "
        f"the effect of that of all pairs, and the mapped vector of all pairs {most['retention']:.2f}: whoever can run "
        "the large model needs few pairs."
    )
