"""Measure what the demo family shows, and write docs/results.md of it: every concept, the failing ones too.

    python -m benchmarks.results [--keep DIR]

Takes about two hours on one core. What is measured already is kept under a name made of the weights, the contrast sets
and the default layers, and taken from there: a run that was broken off goes on, and nothing old is shown as new.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.curves import Curve, write_chart
from benchmarks.estimator_tables import estimators_section
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.store.swap import new_file

BROKEN_OFF = "tinyworld-broken-off"
CORPORA = {
    BROKEN_OFF: "texts broken off where vectors are read, their ends counted 600 times",
    "tinyworld": "whole documents, every token counted once",
}
ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "results.md"
STEERING = ("benchmarks/steering.py",)
ESTIMATORS = ("benchmarks/estimators.py", "--pairs")
EVALUATE = ("-m", "lrt_explorer", "evaluate")
DEMO = {pair.small.removeprefix("tinyworld-"): pair for pair in PAIRS if pair.small.startswith("tinyworld-")}
S, M, G = (
    (f"{pair.small}:{pair.small_layer}", f"{pair.large}:{pair.large_layer}")
    for pair in (DEMO["s"], DEMO["m"], DEMO["g"])
)
# Name to the command that measures it; every one prints one JSON object.
MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "native": (*STEERING, "native", S[0], M[0], S[1]),
    "places": (*STEERING, "places", "tinyworld-s", "tinyworld-m", "tinyworld-l"),
    "transfer-s": (*STEERING, "transfer", *S),
    "transfer-m": (*STEERING, "transfer", *M),
    "transfer-g": (*STEERING, "transfer", *G),
    "whole-s": (*STEERING, "transfer", *S, "--corpus", "tinyworld"),
    "evidence-s": (*EVALUATE, "tinyworld-s", "tinyworld-l", "--others", "12", "--json"),
    "evidence-m": (*EVALUATE, "tinyworld-m", "tinyworld-l", "--others", "12", "--json"),
    **{f"estimators-{size}": (*ESTIMATORS, f"{pair.small}:{pair.large}") for size, pair in DEMO.items()},
    "scaling": ("-m", "benchmarks.scaling"),
}
OPENING = """# What the demo family shows

Measured and written by `python -m benchmarks.results`; nothing here is typed by hand but the prose. Intervals are of
95 % over {prompts} held-out prompts: of slopes by bootstrap, of retentions by Fieller's method. Each prompt holds one
sentence told from each side of the concept, so that the context leaves it open, and breaks off where the concept
decides the next word. Strengths are in units of the typical deviation, from −0.6 to 0.6.
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
MAPS = """
## Where a map is fitted decides what it carries

The vectors here are read at the last token of texts that break off where a latent decides the next word. Such tokens
are few in whole documents, and a least-squares map spends itself on the many others: fitted on whole documents it
carries the concepts that show in every sentence and loses the rest. Fitted on other texts that break off in such
places, of other seeds and with no word of which concept they break off for, it carries most. Both are shown below. It
has seen such places for every concept: it does not tell how a map does at places that it never saw.
"""
TRANSFER = """
## Transfer {small} layer {i} → {large} layer {j}{how}

Map: {corpus}, {tokens:,} tokens; held-out R² {r2}, coverage {coverage:.0%}.
*Retention*: slope of the transferred vector by that of the native one. *Random*, *shuffled*: the same ratio for the
mean of {seeds} random directions, and of {seeds} maps fitted on shuffled pairs. A concept **transfers** where
retention ≥ 0.85, |random| ≤ 0.15 and |shuffled| ≤ 0.25:
{count} of {all} do.

| concept | retention | random | shuffled | direction cosine | reachable share | |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
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


def reason(row: dict[str, Any]) -> str:
    """Why a concept does not transfer, as far as the numbers say."""
    if row["retention"] is None:
        return "not measurable: the native vector does nothing"
    if row["retention"]["value"] >= 0.85:
        return "a control moves too"
    if row["direction_cosine"] < 0.5:
        return "the mapped vector points elsewhere: the small model holds the concept later or not at all"
    return "the mapped vector points the same way but misses part of what acts"


def transfer_section(result: dict[str, Any], seeds: int = 5) -> str:
    """The table of one pair."""
    concepts = result["concepts"]
    text = TRANSFER.format(
        small=result["small"], i=result["small_layer"], large=result["large"], j=result["large_layer"],
        r2=result["r2"], coverage=result["coverage"], tokens=result["tokens"], seeds=seeds,
        count=len(result["hold"]), all=len(concepts), corpus=CORPORA[result["corpus"]],
        how="" if result["corpus"] == BROKEN_OFF else ", fitted on whole documents",
    )  # fmt: skip
    for name, row in concepts.items():
        verdict = "transfers" if name in result["hold"] else reason(row)
        text += (
            f"| {name} | {spread(row['retention'])} | {spread(row['random'])} | {spread(row['shuffled'])} "
            f"| {row['direction_cosine']:.2f} | {row['reachable_share']:.2f} | {verdict} |\n"
        )
    return text


EVIDENCE = """
## Evidence: {small} layer {i} → {large} layer {j}

What `lrt-explorer evaluate {small} {large}` finds with the map that ships, all arms in one run, ranked; see
[evidence.md](evidence.md). Intervals of retention are over prompts; those of controls are over directions: {seeds}
random ones, {maps} maps fitted on shuffled pairs, {others} other concepts through the same map. *Direct*: the share of
the native effect that the transferred vector has without any later block. *r*: sample-wise Pearson correlation as in
arXiv 2506.00653, and the same with random vectors. *Cost*: KL of the next token on neutral prompts at the strongest
positive strength, native and transferred.

**{transfers} of {all}** concepts "transfer"; **{enough}** of them retain at least 0.85. The interval holds 0 for:
random {random} of {all}, shuffled map {shuffled} of {all}, other concept {other} of {all}. Mean r {r:.2f}
(random vectors {r_random:.2f}).

| concept | verdict | retention | random | shuffled map | other concept | direct | r | anti-steerable | cost |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""
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


def held_zero(concepts: list[dict[str, Any]], arm: str) -> int:
    """For how many concepts the interval of a control's retention, or slope where there is none, holds 0."""
    count = 0
    for concept in concepts:
        row = next(one for one in concept["arms"] if one["name"] == arm)
        what = "slope" if row["retention"] is None else "retention"
        low, high = row[f"{what}_low"], row[f"{what}_high"]
        count += (low is None or low <= 0) and (high is None or high >= 0)
    return count


def bounded(holder: dict[str, Any] | None) -> str:
    """A retention with its interval."""
    if holder is None or holder["retention"] is None:
        return "–"
    ends = [holder["retention_low"], holder["retention_high"]]
    return f"{holder['retention']:.2f} ({' … '.join('∞' if end is None else f'{end:.2f}' for end in ends)})"


def evidence_section(result: dict[str, Any]) -> str:
    """The ranked table of one evaluation."""
    concepts = sorted(result["concepts"], key=lambda one: -(one["retention"] or float("-inf")))
    rs = [one["pearson_r"] for one in concepts if one["pearson_r"] is not None]
    randoms = [one["pearson_r_random"] for one in concepts if one["pearson_r_random"] is not None]
    text = EVIDENCE.format(
        small=result["small"], i=result["small_layer"], large=result["large"], j=result["large_layer"],
        seeds=result["settings"]["random_seeds"], maps=result["control_maps"],
        others=result["settings"]["other_concepts"], all=len(concepts),
        transfers=sum(one["verdict"] == "transfers" for one in concepts),
        enough=sum(one["verdict"] == "transfers" and one["retention"] >= 0.85 for one in concepts),
        random=held_zero(concepts, "random"), shuffled=held_zero(concepts, "shuffled map"),
        other=held_zero(concepts, "other concept"), r=sum(rs) / len(rs), r_random=sum(randoms) / len(randoms),
    )  # fmt: skip
    for one in concepts:
        arms = {arm["name"]: arm for arm in one["arms"]}
        cost = " / ".join(f"{arms[name]['kl'][-1]:.2f}" for name in ("native", "transferred"))
        direct, r = arms["transferred, direct"]["retention"], one["pearson_r"]
        text += (
            f"| {one['name']} | {one['verdict']} | {bounded(one)} | {bounded(arms['random'])} "
            f"| {bounded(arms['shuffled map'])} | {bounded(arms['other concept'])} "
            f"| {'–' if direct is None else f'{direct:.2f}'} | {'–' if r is None else f'{r:.2f}'} "
            f"| {one['anti_steerable']:.2f} | {cost} |\n"
        )
    return text


def scaling_section(result: dict[str, Any]) -> str:
    """The four studies: tables, and charts beside docs/results.md."""
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


def mark() -> str:
    """A short hash of all that the results depend on and that training or a new default changes."""
    digest = hashlib.sha256(repr(PAIRS).encode())
    for path in sorted([*assets_home().glob("models/*/*.safetensors"), *assets_home().glob("concepts/*.jsonl")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def measured(name: str, keep: Path) -> dict[str, Any]:
    """One measurement, made now unless it is kept."""
    path = keep / f"{name}.json"
    if not path.exists():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        out = ("--out", str(keep / name)) if "evaluate" in MEASUREMENTS[name] else ()
        command = [sys.executable, *MEASUREMENTS[name], *out]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
        with new_file(path) as fresh:
            fresh.write_text(done.stdout, encoding="utf-8")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


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
            measured(name, keep)
        return
    found = {name: measured(name, keep) for name in MEASUREMENTS}
    native = found["native"]
    text = OPENING.format(prompts=native["prompts"])
    text += NATIVE + "".join(native_section(model, rows) for model, rows in native["models"].items())
    text += PLACES + "".join(native_section(model, rows) for model, rows in found["places"]["models"].items())
    text += "".join(evidence_section(found[f"evidence-{size}"]) for size in "sm")
    text += MAPS + "".join(
        transfer_section(found[name]) for name in ("transfer-s", "whole-s", "transfer-m", "transfer-g")
    )
    text += estimators_section([pair for size in DEMO for pair in found[f"estimators-{size}"]["pairs"]])
    text += scaling_section(found["scaling"])
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
