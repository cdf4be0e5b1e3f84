"""Measure what two real models show, and write docs/results-real.md of it: every concept, the failing ones too.

    python -m benchmarks.results_real SMALL LARGE [--keep DIR] [--back]

`lrt-explorer evaluate SMALL LARGE` with nothing set, and with --back the same from the large model to the small one.
Takes hours on two cores. Finished concepts are kept, so a run that was stopped goes on.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import (
    EVALUATE,
    ROOT,
    evidence_rows,
    failing,
    measured,
    median,
    sizes,
    trivial,
    wrapped,
)
from lrt_explorer.store import data_home
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, TRANSFERS
from lrt_explorer.study.ground.known import model_label

TARGET = ROOT / "docs" / "results-real.md"
ENOUGH = 0.6
"""Retention at equal cost from which on a concept counts as carried in the text on top."""
STYLE, FACTS = ("concision", "formality", "politeness"), "facts"
OPENING = """# What two real models show

Measured and written by `python -m benchmarks.results_real`; nothing here is typed by hand but the prose.

## In short

**What was shown.** Steering vectors found in {small} at layer {i} were mapped into {large} at layer {j}, a model of
another family with another tokenizer, and steered it. The map was fitted on {tokens:,} tokens of ordinary text with
nothing set, before any concept was looked at. The large model's own vector has an effect for {native} of {all}
concepts. {transfers} transfer by the fixed rule of [evidence.md](evidence.md), and {enough} keep at least {least} of
the native effect where both vectors cost the same. The median retention is {kept:.2f}, at equal cost {cost:.2f}.

**For which models.** For this pair at these layers, one map each. Both are small.

**How sure.** Every retention has a 95 % interval over up to {prompts} held-out prompts, below; where prompts come in
few forms it is over forms. The verdicts are corrected for {all} concepts. The interval of the control with relabelled
pairs holds 0 for {zero} of {all}. Maps fitted on shuffled pairs carry {shuffled:.2f} of the native effect in the median
(absolute value), and relabelled pairs {permuted:.2f}.

**What was not shown.** {failing}. Texts that models write were not judged here, only the next word.

**Style and facts.** Summaries of the hypothesis claim over 85 % for style control and for factual correction. Here:
{claims}.

**What a trivial vector does.** The mean difference of the answers' own unembeddings, which needs no contrast pair and
no small model, moves the readout {answers:.2f} times as far as the native vector in the median. An untrained model of
the small one's shape, with a map of its own, moves it {untrained:.2f} times as far, and does as much as the transferred
vector for {words}. Off the answers, on all other words, the transferred vector does what the native one does with a
correlation of {off:.2f} in the median; the answers' unembeddings with one of {off_answers:.2f}.
"""
EVIDENCE = """
## Evidence: {small} layer {i} → {large} layer {j}

What `lrt-explorer evaluate {small} {large}` finds (held-out R² {r2:.2f} on all tokens of whole documents). The columns
are those of [results.md](results.md).

"""


def opening(result: Mapping[str, Any]) -> str:
    """The half page on top."""
    rows = result["concepts"]
    arms = [{arm["name"]: arm for arm in one["arms"]} for one in rows]
    by_name = {one["name"]: one for one in rows}
    relabelled = [arm["permuted labels"] for arm in arms]
    text = OPENING.format(
        **_places(result),
        tokens=result["map"]["tokens_used"],
        all=len(rows),
        native=sum(not one["verdict"].startswith(NOT_MEASURABLE) for one in rows),
        transfers=sum(one["verdict"] == TRANSFERS for one in rows),
        enough=sum((one["retention_at_equal_cost"] or 0.0) >= ENOUGH for one in rows),
        least=ENOUGH,
        kept=median([one["retention"] for one in rows if one["retention"] is not None]),
        cost=median([one["retention_at_equal_cost"] for one in rows if one["retention_at_equal_cost"] is not None]),
        prompts=max(len(one["prompts"]) for one in rows),
        zero=sum(_holds_zero(arm) for arm in relabelled),
        shuffled=median(sizes(rows, "shuffled map")),
        permuted=median(sizes(rows, "permuted labels")),
        **trivial(rows),
        failing=failing(rows).capitalize(),
        claims="; ".join(_claim(by_name[name]) for name in (*STYLE, FACTS) if name in by_name),
    )
    return _filled(text)


def _holds_zero(arm: Mapping[str, Any]) -> bool:
    low, high = arm["retention_low"], arm["retention_high"]
    return (low is None or low <= 0) and (high is None or high >= 0)


def _claim(one: Mapping[str, Any]) -> str:
    kept = "no retention can be given" if one["retention"] is None else f"{one['retention']:.0%} of the native effect"
    return f"{one['name']} {kept} ({one['verdict'].partition(':')[0]})"


def section(result: Mapping[str, Any]) -> str:
    """One evaluation."""
    head = EVIDENCE.format(
        **_places(result),
        r2=result["map"]["r2"],
    )
    return f"\n{_filled(head)}\n{evidence_rows(result)}"


def _places(result: Mapping[str, Any]) -> dict[str, Any]:
    """The models and their layers, as both texts name them."""
    return {
        "small": model_label(result["small"]),
        "large": model_label(result["large"]),
        "i": result["small_layer"],
        "j": result["large_layer"],
    }


def _filled(text: str) -> str:
    return "\n\n".join(map(wrapped, text.strip().split("\n\n"))) + "\n"


def main() -> None:
    """Measure what is missing and put the sections together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs=2, metavar="MODEL", help="the small one, then the large one")
    parser.add_argument("--keep", type=Path, default=data_home() / "results-real", help="default: in the data folder")
    parser.add_argument("--back", action="store_true", help="measure the way back too")
    options = parser.parse_args()
    small, large = options.models
    ways = {"there": (*EVALUATE, small, large, "--json")}
    if options.back:
        ways["back"] = (*EVALUATE, large, small, "--json")
    keep = options.keep.expanduser().resolve()
    keep.mkdir(parents=True, exist_ok=True)
    found = [measured(name, ways, keep) for name in ways]
    TARGET.write_text(opening(found[0]) + "".join(map(section, found)), encoding="utf-8")
    json.dump({"written": str(TARGET)}, sys.stdout)


if __name__ == "__main__":
    main()
