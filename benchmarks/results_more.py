"""Measure more of the demo family, and write docs/results-more.md: native steering, estimators, how transfer scales.

    python -m benchmarks.results_more [--keep DIR]

Takes about two hours on one core. What is measured already is kept and taken from there, as by `benchmarks.results`.
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.curves import Curve, write_chart
from benchmarks.estimator_tables import estimators_section
from benchmarks.results import mark, measured
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import data_home

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "results-more.md"
STEERING = ("-m", "benchmarks.steering")
ESTIMATORS = ("-m", "benchmarks.estimators", "--pairs")
DEMO = {pair.small.removeprefix("tinyworld-"): pair for pair in PAIRS if pair.small.startswith("tinyworld-")}
S, M, G = (
    (f"{pair.small}:{pair.small_layer}", f"{pair.large}:{pair.large_layer}")
    for pair in (DEMO["s"], DEMO["m"], DEMO["g"])
)
# Name to the command that measures it; every one prints one JSON object.
MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "native": (*STEERING, "native", S[0], M[0], S[1]),
    "places": (*STEERING, "places", "tinyworld-s", "tinyworld-m", "tinyworld-l"),
    **{f"estimators-{size}": (*ESTIMATORS, f"{pair.small}:{pair.large}") for size, pair in DEMO.items()},
    "scaling": ("-m", "benchmarks.scaling"),
}
OPENING = """# More about the demo family

Measured and written by `python -m benchmarks.results_more`; nothing here is typed by hand but the prose. Intervals
are of 95 % over {prompts} held-out prompts: of slopes by bootstrap, of retentions by Fieller's method. Each prompt
holds one sentence told from each side of the concept, so that the context leaves it open, and breaks off where the
concept decides the next word. Strengths are in units of the typical deviation, from −0.6 to 0.6.
"""
NATIVE = """
## Native steering

The model's own vector. *Readout*: its mean at −0.6 and 0.6, in nats. *Slope*: least squares over seven strengths.
*Judge*: the score of 40 generated tokens (temperature 0.7) at both ends. A concept **steers** where Spearman ≥ 0.9, the
slope's interval lies above 0 and the judge's score moves by at least 0.3.
"""
PLACES = """
## Native steering at each concept's own place

The same, but every concept at the layer and read at the place where it steers best in this model: at the token before
it shows (*last-token*), over *all-tokens*, or at the end of what shows it (*told*). Layer and place were chosen on 20
other prompts.
"""
CORRECTION = """
Factual correction in `{model}`: share of right answers (likeliest token) after a narrator whose last fact was wrong,
over the strengths {strengths}: {shares}.
"""


def spread(value: dict[str, float] | None) -> str:
    """An estimate with its interval."""
    return "not measurable" if value is None else f"{value['value']:.2f} ({value['low']:.2f} … {value['high']:.2f})"


def native_section(model: str, concepts: dict[str, Any]) -> str:
    """The table of one model."""
    count = sum(row["passes"] for row in concepts.values())
    own = "layer" in next(iter(concepts.values()))
    lines = [
        f"\n### {model.replace(':', ', layer ')}: {count} of {len(concepts)} steer\n",
        f"| concept |{' layer | read at |' if own else ''} readout | Spearman | slope | judge | |",
        f"| --- |{' ---: | --- |' if own else ''} ---: | ---: | ---: | ---: | --- |",
    ]
    for name, row in concepts.items():
        where = f" {row['layer']} | {row['reading']} |" if own else ""
        lines.append(
            f"| {name} |{where} {row['readout'][0]:.1f} … {row['readout'][-1]:.1f} | {row['spearman']:.2f} "
            f"| {spread(row['slope'])} | {row['score_low']:.2f} … {row['score_high']:.2f} "
            f"| {'steers' if row['passes'] else 'not shown'} |"
        )
    text = "\n".join(lines) + "\n"
    shares = concepts["truthfulness"]["right_after_a_mistaken_narrator"]
    return text + CORRECTION.format(
        model=model.split(":")[0], strengths=", ".join(shares), shares=", ".join(f"{x:.2f}" for x in shares.values())
    )


SCALING = """
## How transfer scales

Mean retention over the concepts whose native vector steers the large model, with Student's interval over concepts;
beside it how many of them reach 0.85, and the same mean of random directions. {prompts} prompts a concept; maps of
{tokens:,} tokens unless tokens are what varies.
"""
CURVES = (
    ("pairs", "contrast pairs", "By number of contrast pairs", True),
    ("tokens", "tokens the map is fitted on", "By number of fit tokens", True),
    ("depth", "steered layer of the large model", "By depth", False),
)
COLOURS = {"tinyworld-s": "#E69F00", "tinyworld-m": "#0072B2"}


def scaling_section(result: dict[str, Any]) -> str:
    """The four studies: tables, and charts beside docs/results-more.md."""
    text = SCALING.format(prompts=result["prompts"], tokens=result["fit_tokens"])
    for study, title in (("sizes", "By pair of sizes"), ("composition", "By way of a third model")):
        text += f"\n### {title}\n\n| models | layers | retention | reach 0.85 | random |\n"
        text += "| --- | --- | ---: | ---: | ---: |\n"
        for point in result[study]:
            text += f"| {point['x']} | {point['small_layer']} → {point['large_layer']} {_point(point)}\n"
    for study, label, title, log in CURVES:
        points = result[study]
        curves = [
            Curve(
                f"{small} → l",
                colour,
                tuple((p["x"], p["retention"], p["low"], p["high"]) for p in points if p["small"] == small),
            )
            for small, colour in COLOURS.items()
        ]
        random = tuple((p["x"], p["random"], None, None) for p in points if p["small"] == "tinyworld-s")
        curves.append(Curve("random", "#999999", random, "2 4"))
        chart = TARGET.parent / f"scaling-{study}.svg"
        write_chart(chart, title, label, "mean retention", curves, log)
        native = study == "pairs"
        text += f"\n### {title}\n\n![{title}: mean retention]({chart.name})\n\n"
        text += f"| small model | {label} | layers | retention | reach 0.85 | random |{' native |' if native else ''}\n"
        text += f"| --- | ---: | --- | ---: | ---: | ---: |{' ---: |' if native else ''}\n"
        for p in points:
            own = f" {p['native']:.2f} |" if native else ""
            text += f"| {p['small']} | {p['x']:,} | {p['small_layer']} → {p['large_layer']} {_point(p)}{own}\n"
        if native:
            text += "\n*Native*: the large model's own vector from as few pairs, by that from all of them.\n"
    return text


def _point(point: dict[str, Any]) -> str:
    return (
        f"| {point['retention']:.2f} ({point['low']:.2f} … {point['high']:.2f}) "
        f"| {point['enough']} of {point['measurable']} | {point['random']:.2f} |"
    )


def main() -> None:
    """Measure what is missing and put the sections together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, default=data_home() / "results", help="default: in the data folder")
    parser.add_argument("--only", help="measure these alone, by name, and write nothing: " + ", ".join(MEASUREMENTS))
    options = parser.parse_args()
    keep = options.keep.expanduser().resolve() / mark()
    keep.mkdir(parents=True, exist_ok=True)
    if options.only:
        for name in options.only.split(","):
            measured(name, MEASUREMENTS, keep)
        return
    found = {name: measured(name, MEASUREMENTS, keep) for name in MEASUREMENTS}
    native = found["native"]
    text = OPENING.format(prompts=native["prompts"])
    text += NATIVE + "".join(native_section(model, rows) for model, rows in native["models"].items())
    text += PLACES + "".join(native_section(model, rows) for model, rows in found["places"]["models"].items())
    text += estimators_section([pair for size in DEMO for pair in found[f"estimators-{size}"]["pairs"]])
    text += scaling_section(found["scaling"])
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
