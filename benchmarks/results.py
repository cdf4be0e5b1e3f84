"""Write docs/results.md from what benchmarks/steering.py measured: every concept, the failing ones too.

python benchmarks/steering.py native tinyworld-s:3 tinyworld-m:5 tinyworld-l:5 > native.json
python benchmarks/steering.py transfer tinyworld-s:3 tinyworld-l:5 > s.json
python benchmarks/steering.py transfer tinyworld-s:3 tinyworld-l:5 --corpus tinyworld > s-whole.json
python benchmarks/results.py native.json s.json s-whole.json [more transfers ...]

The first file is of native steering, all others of transfer.
"""

import json
import sys
from pathlib import Path
from typing import Any

BROKEN_OFF = "tinyworld-broken-off"
CORPORA = {
    BROKEN_OFF: "texts broken off where vectors are read, their ends counted 300 times",
    "tinyworld": "whole documents, every token counted once",
}
TARGET = Path(__file__).parents[1] / "docs" / "results.md"
OPENING = """# What the demo family shows

Written by `python benchmarks/results.py` from what `python benchmarks/steering.py` measured; nothing here is typed by
hand but the prose. Intervals are of 95 % over {prompts} held-out prompts: of slopes by bootstrap, of retentions by
Fieller's method. Each prompt holds one sentence told from each side of the concept, so that the context leaves it open,
and breaks off where the concept decides the next word. Strengths are in units of the typical norm, from −0.6 to 0.6.
"""
NATIVE = """
## Native steering

The model's own vector. *Readout*: its mean at −0.6 and 0.6, in nats. *Slope*: least squares over seven strengths.
*Judge*: the score of 40 generated tokens (temperature 0.7) at both ends. A concept **steers** where Spearman ≥ 0.9, the
slope's interval lies above 0 and the judge's score moves by at least 0.3.
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
    lines = [
        f"\n### {model.replace(':', ', layer ')}: {count} of {len(concepts)} steer\n",
        "| concept | readout | Spearman | slope | judge | |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, row in concepts.items():
        lines.append(
            f"| {name} | {row['readout'][0]:.1f} … {row['readout'][-1]:.1f} | {row['spearman']:.2f} "
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


def main() -> None:
    """Put the sections together."""
    native, *transfers = [json.loads(Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:]]
    text = OPENING.format(prompts=native["prompts"])
    text += NATIVE + "".join(native_section(model, rows) for model, rows in native["models"].items())
    text += MAPS + "".join(transfer_section(result) for result in transfers)
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
