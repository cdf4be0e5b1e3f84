"""The tables of `benchmarks/estimators.py` for people, in Markdown."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrt_explorer.study.evaluation.statistics import Interval, sample_interval

ENOUGH = 0.85
OPENING = """
## Which estimator

`benchmarks/estimators.py`, every concept and every pair that ships, at the layers and on the texts of the shipped maps.
*|1 − retention|*: its mean over the concepts whose native vector steers. *Against ridge*: by how much that is more than
for ridge, with Student's interval over concepts; below 0 is better. *Minutes*: from texts to map on one core of a
shared machine; estimators in closed form share their one pass, which each pays alone here. *sgd* is the descent of
arXiv 2506.00653 at its two learning rates and at ten times the higher one, on 100,000 tokens an epoch where the paper
takes 10 million: a hundred times shorter. *distilled* starts from ridge and learns
from differences of random texts; *distilled, concepts* learns from concepts, each concept judged by a map that never
saw it. What is left for distillation to gain is *nats*: KL on select prompts between native steering and steering by
the mapped direction, for ridge and after it.

Distilled maps differ from ridge by {least:+.3f} to {most:+.3f}; in {even} of {all} cases the interval holds 0. So much
is known of why: without a limit on rank, least squares is the best linear map under every fixed metric of its outputs,
so what the outputs do can only change which inputs count. Distillation lowers the divergence on directions like those
that it learns from, and there little is left to lower. Where a concept fails, its mapped direction points elsewhere
(see *direction cosine* above), and other concepts do not tell where it should point.
"""
SUMMARY = """
### {small} layer {i} → {large} layer {j}

| estimator | R² | direction cosine | retention | reach 0.85 | \\|1 − retention\\| | against ridge | nats | minutes |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def estimators_section(pairs: Sequence[dict[str, Any]]) -> str:
    """A summary and every retention with its interval, for each pair."""
    tables = [{row["estimator"]: row for row in pair["estimators"]} for pair in pairs]
    against = [
        distance_from(row, rows["ridge"])
        for rows in tables
        for name, row in rows.items()
        if name.startswith("distilled")
    ]
    values = [found.value for found in against]
    even = sum(found.low <= 0 <= found.high for found in against)
    opening = OPENING.format(least=min(values), most=max(values), even=even, all=len(against))
    return opening + "".join(_pair(pair, rows) for pair, rows in zip(pairs, tables, strict=True))


def _pair(pair: dict[str, Any], rows: dict[str, dict[str, Any]]) -> str:
    text = SUMMARY.format(small=pair["small"], i=pair["small_layer"], large=pair["large"], j=pair["large_layer"])
    for name, row in rows.items():
        values = [value[0] for value in row["retention"].values() if value is not None]
        worse = "" if name == "ridge" else _interval(distance_from(row, rows["ridge"]))
        nats = f"{row['divergence_ridge']:.3f} → {row['divergence']:.3f}" if "divergence" in row else ""
        text += (
            f"| {name} | {row['r2']:.2f} | {row['direction_cosine']:.3f} | {row['mean_retention']:.3f} "
            f"| {sum(value >= ENOUGH for value in values)} of {len(values)} | {row['mean_distance_from_1']:.3f} "
            f"| {worse} | {nats} | {row['seconds'] / 60:.1f} |\n"
        )
    text += f"\n| retention | {' | '.join(rows)} |\n| --- |{' ---: |' * len(rows)}\n"
    for concept in rows["ridge"]["retention"]:
        text += f"| {concept} | {' | '.join(_bounded(row['retention'][concept]) for row in rows.values())} |\n"
    return text


def distance_from(row: dict[str, Any], ridge: dict[str, Any]) -> Interval:
    """By how much |1 − retention| is more than ridge's, over the concepts that both measure."""
    both = [
        (value[0], ridge["retention"][concept][0])
        for concept, value in row["retention"].items()
        if value is not None and ridge["retention"][concept] is not None
    ]
    return sample_interval(np.array([abs(1 - one) - abs(1 - other) for one, other in both]))


def _interval(found: Interval) -> str:
    return f"{found.value:+.3f} ({found.low:+.3f} … {found.high:+.3f})".replace("-", "−")


def _bounded(value: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    middle, low, high = value
    return f"{middle:.2f} ({low:.2f} … {high:.2f})".replace("inf", "∞").replace("-", "−")
