"""Measure what two real models show, and write docs/results-real.md of it: every concept, the failing ones too.

    python -m benchmarks.results_real SMALL LARGE [--sets FILE,…] [--text FILE] [--keep DIR] [--only NAME,…]

Everything is measured with default settings, as somebody would who opens the pair: both ways, each model to itself, all
layer pairs, corpora, estimators, numbers of pairs and tokens, and what a transfer saves. --sets are contrast sets of
others, and --text is ordinary text beside that which ships; without them these parts are left out. Takes hours on two
cores and minutes on a GPU; finished parts are kept, and within a part finished concepts, so a run that was stopped goes
on.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.real_tables import costs_of_it, estimator_rows, layer_rows, pair_rows, text_rows
from benchmarks.results import (
    EVALUATE,
    ROOT,
    TERMS,
    bounded,
    evidence_rows,
    failing,
    measured,
    median,
    sizes,
    trivial,
    ways_section,
    wrapped,
)
from lrt_explorer.store import data_home
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, TRANSFERS
from lrt_explorer.study.ground.known import model_label

TARGET = ROOT / "docs" / "results-real.md"
ENOUGH = 0.6
"""Retention at equal cost from which on a concept counts as carried in the text on top."""
STYLE, FACTS = ("concision", "formality", "politeness"), "facts"
FEW = ("sentiment", "agreement", "certainty", "childlike", "code")
"""The concepts of which each model is asked through a map to itself."""
OPENING = """# What two real models show

Measured and written by `python -m benchmarks.results_real`; nothing here is typed by hand but the prose.

## In short

**What was shown.** Steering vectors found in {small} at layer {i} were mapped into {large} at layer {j}, a model of
another family with another tokenizer, and steered it. {terms}

The map was fitted on {tokens:,} tokens of ordinary text by the default settings and between the layers that the pair
opens with, before any concept was looked at. The native vector has an effect for {native} of {all} concepts.
{transfers} *transfer* by the fixed rule of [evidence.md](evidence.md), and {enough} keep at least {least} of the native
effect at equal cost. The median retention is {kept:.2f}, at equal cost {cost:.2f}. On the way back, from {large} to
{small}, {back_transfers} of {back_all} transfer, with medians of {back_kept:.2f} and {back_cost:.2f}. Retention alone
does not make a transfer: the vector must also stand out from shuffled maps and relabelled pairs, beyond chance.

**For which models.** For this pair at these layers, one map each way. Both are small.

**How sure.** Every retention has a 95 % interval over up to {prompts} held-out prompts, below; where the prompts are
sentences of a few forms with one word changed, it is over forms. The verdicts are corrected for {all} concepts. For
{zero} of {all} concepts the interval over eight vectors of relabelled pairs (half of the labels swapped) holds 0; by
chance alone one in twenty would miss it. Maps fitted on shuffled pairs of tokens carry {shuffled:.2f} of the native
effect in the median over concepts (absolute value), and relabelled pairs {permuted:.2f}.

**What was not shown.** {failing}. The texts that a model goes on to write were not judged here, only the next word;
whole texts are scored in [results-whole-texts.md](results-whole-texts.md).

**Style and facts.** Summaries of the hypothesis claim over 85 % for style control and for factual correction. There:
{claims}. Back: {back_claims}.

**What a trivial vector does.** The mean difference of the answers' own unembeddings, which needs no contrast pair and
no small model, moves the readout {answers:.2f} times as far as the native vector in the median, but disturbs other text
more: at equal cost it moves it {answers_cost:.2f} times as far, the transferred vector {cost:.2f} times. An untrained
model of the small one's shape, with a map of its own, moves it {untrained:.2f} times as far, and does as much as the
transferred vector for {words}. Off the answers, on all other words, the transferred vector does what the native one
does with a correlation of {off:.2f} in the median; the answers' unembeddings with one of {off_answers:.2f}.

**What transfer buys here.** {buys}
"""
EVIDENCE = """
## Evidence: {small} layer {i} → {large} layer {j}

What `lrt-explorer evaluate {small} {large}` finds (held-out R² {r2:.2f} on all tokens of whole documents). The columns
are those of [results.md](results.md).

"""
ITSELF = """
## Each model to itself

A map from a model to itself at the layer that pairs suggest, for {count} concepts: what no transfer can do better than.

| model | layers | concept | retention | equal cost | relabelled |
| --- | --- | --- | ---: | ---: | ---: |
"""
SETS = """
## Sets of others

Contrast sets from outside, with default settings. Where the large model's own vector does not steer, nothing can be
said of a transfer.

| set | verdict | native slope | retention |
| --- | --- | ---: | ---: |
"""


def opening(found: Mapping[str, Any]) -> str:
    """The half page on top."""
    result, back = found["there"], found["back"]
    rows = result["concepts"]
    relabelled = [_arms(one)["permuted labels"] for one in rows]
    text = OPENING.format(
        **_places(result),
        tokens=result["map"]["tokens_used"],
        all=len(rows),
        native=sum(not one["verdict"].startswith(NOT_MEASURABLE) for one in rows),
        transfers=_transfers(rows),
        enough=sum((one["retention_at_equal_cost"] or 0.0) >= ENOUGH for one in rows),
        least=ENOUGH,
        kept=_median(rows, "retention"),
        cost=_median(rows, "retention_at_equal_cost"),
        back_transfers=_transfers(back["concepts"]),
        back_all=len(back["concepts"]),
        back_kept=_median(back["concepts"], "retention"),
        back_cost=_median(back["concepts"], "retention_at_equal_cost"),
        prompts=max(len(one["prompts"]) for one in rows),
        terms=TERMS,
        zero=sum(_holds_zero(arm) for arm in relabelled),
        shuffled=median(sizes(rows, "shuffled map")),
        permuted=median(sizes(rows, "permuted labels")),
        **trivial(rows),
        failing=failing(rows).capitalize(),
        claims=_claims(rows),
        back_claims=_claims(back["concepts"]),
        buys=costs_of_it(found["needed"]),
    )
    return _filled(text)


def _transfers(rows: list[dict[str, Any]]) -> int:
    return sum(one["verdict"] == TRANSFERS for one in rows)


def _median(rows: list[dict[str, Any]], which: str) -> float:
    return median([one[which] for one in rows if one[which] is not None])


def _arms(one: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {arm["name"]: arm for arm in one["arms"]}


def _holds_zero(arm: Mapping[str, Any]) -> bool:
    low, high = arm["retention_low"], arm["retention_high"]
    return (low is None or low <= 0) and (high is None or high >= 0)


def _claims(rows: list[dict[str, Any]]) -> str:
    by_name = {one["name"]: one for one in rows}
    return "; ".join(_claim(by_name[name]) for name in (*STYLE, FACTS) if name in by_name)


def _claim(one: Mapping[str, Any]) -> str:
    kept = (
        "no retention can be given"
        if one["retention"] is None
        else f"{100 * one['retention']:.0f} % of the native effect"
    )
    return f"{one['name']} {kept} ({one['verdict'].partition(':')[0]})"


def section(result: Mapping[str, Any]) -> str:
    """One evaluation."""
    head = EVIDENCE.format(
        **_places(result),
        r2=result["map"]["r2"],
    )
    return f"\n{_filled(head)}\n{evidence_rows(result)}"


def itself(results: list[dict[str, Any]]) -> str:
    """What maps from a model to itself carry."""
    head, _, columns = ITSELF.format(count=len(FEW)).partition("| model")
    text = f"\n{_filled(head)}\n| model{columns}"
    for result in results:
        places = _places(result)
        for one in result["concepts"]:
            text += (
                f"| {places['small']} | {places['i']} → {places['j']} | {one['name']} | {bounded(one)} "
                f"| {bounded(one, 'retention_at_equal_cost')} | {bounded(_arms(one)['permuted labels'])} |\n"
            )
    return text


def sets_of_others(result: Mapping[str, Any]) -> str:
    """What sets from outside show."""
    head, _, columns = SETS.partition("| set")
    text = f"\n{_filled(head)}\n| set{columns}"
    for one in result["concepts"]:
        native = _arms(one)["native"]
        text += f"| {one['name']} | {one['verdict']} | {bounded(native, 'slope')} | {bounded(one)} |\n"
    return text


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


def measurements(small: str, large: str, sets: str | None, text: str | None) -> dict[str, tuple[str, ...]]:
    """Name to the command that measures it; every one prints one JSON object."""
    few = ("--concepts", ",".join(FEW), "--json")
    wanted: dict[str, tuple[str, ...]] = {
        "there": (*EVALUATE, small, large, "--json"),
        "back": (*EVALUATE, large, small, "--json"),
        "self-small": (*EVALUATE, small, small, *few),
        "self-large": (*EVALUATE, large, large, *few),
        "layers": ("-m", "lrt_explorer", "fit", small, large, "--all-layers", "--concepts", "all", "--json"),
        "needed": ("-m", "benchmarks.needed", small, large),
        "ways": ("-m", "benchmarks.ways", small, large, "--without-descent"),
    }
    if sets:
        wanted["written"] = (*EVALUATE, small, large, "--concepts", sets, "--json")
    if text:
        wanted["corpora"] = ("-m", "benchmarks.corpora", small, large, "--file", text)
    return wanted


def main() -> None:
    """Measure what is missing and put the sections together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs=2, metavar="MODEL", help="the small one, then the large one")
    parser.add_argument("--sets", metavar="FILE,…", help="contrast sets of others")
    parser.add_argument("--text", metavar="FILE", help="ordinary text, to be compared with what ships")
    parser.add_argument("--keep", type=Path, default=data_home() / "results-real", help="default: in the data folder")
    parser.add_argument("--only", metavar="NAME,…", help="measure these parts and write nothing")
    options = parser.parse_args()
    small, large = options.models
    wanted = measurements(small, large, options.sets, options.text)
    keep = options.keep.expanduser().resolve()
    keep.mkdir(parents=True, exist_ok=True)
    names = options.only.split(",") if options.only else list(wanted)
    found = {name: measured(name, wanted, keep) for name in names}
    if options.only:
        return
    whole = opening(found) + section(found["there"]) + section(found["back"])
    whole += itself([found["self-small"], found["self-large"]])
    whole += sets_of_others(found["written"]) if "written" in found else ""
    whole += layer_rows(found["layers"])
    whole += estimator_rows(found["needed"]) + ways_section(found["ways"]) + pair_rows(found["needed"])
    whole += text_rows(found["corpora"]) if "corpora" in found else ""
    TARGET.write_text(whole, encoding="utf-8")
    json.dump({"written": str(TARGET)}, sys.stdout)


if __name__ == "__main__":
    main()
