"""Measure what the demo family shows, and write docs/results.md of it: every concept, the failing ones too.

    python -m benchmarks.results [--keep DIR]

Takes about an hour on one core. What is measured already is kept under a name made of the weights, the contrast
sets, the maps that ship and the default layers, and taken from there: a run that was stopped goes on, and nothing old
is shown as new. `benchmarks/results_more.py` measures what takes hours.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.kinds import BOUND, NEXT, OTHERS, READ, RIDGE, WITHIN
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.store.swap import new_file
from lrt_explorer.study.evaluation.finding import WHOLE, WHY
from lrt_explorer.study.evaluation.remarks import as_much
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN, PARTLY, TRANSFERS
from lrt_explorer.study.ground.known import model_label

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "results.md"
EVALUATE = ("-m", "lrt_explorer", "evaluate")
# Name to the command that measures it; every one prints one JSON object.
MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "evidence-s": (*EVALUATE, "tinyworld-s", "tinyworld-l", "--json"),
    "evidence-m": (*EVALUATE, "tinyworld-m", "tinyworld-l", "--json"),
    "ways-s": ("-m", "benchmarks.ways", "tinyworld-s", "tinyworld-l"),
    "ways-m": ("-m", "benchmarks.ways", "tinyworld-m", "tinyworld-l"),
    "kinds": ("-m", "benchmarks.kinds"),
    "kinds-6": ("-m", "benchmarks.kinds", "--large-layer", "6"),
    "labels": ("-m", "benchmarks.calibration", "labels", "--concepts", "register,mood,emphasis,certainty"),
}
WIDTH = 120
ENOUGH = 0.85
"""Retention from which on a concept counts as carried in the counts below."""
TERMS = (
    "A *concept* is a contrast, such as question against statement. Its *readout* is the log-odds of its answer words "
    "after a prompt. *Retention* is how far the mapped vector moves that readout over how far the large model's own, "
    "its *native* vector, moves it at the same length; *at equal cost* means where both disturb other text as much."
)
"""What a reader of either page of results must know first."""
OPENING = """# What the demo family shows

Measured and written by `python -m benchmarks.results`; nothing here is typed by hand but the prose.

## In short

**What was shown.** In a family of small transformers trained on one synthetic world, steering vectors found in a
small model were mapped into the largest one, `tinyworld-l`, and steered it. {terms}

The map was fitted on {tokens:,} tokens of ordinary documents, without a label, as `lrt-explorer fit --tokens {tokens}`
does. From `tinyworld-m` (layer {m_layers}) {m_transfers} of {all} concepts *transfer* by the fixed rule of
[evidence.md](evidence.md), and {m_enough} keep at least {enough} of the native effect; the median retention is
{m_median:.2f}. From the smaller `tinyworld-s` (layer {s_layers}) it is {s_transfers}, {s_enough} and {s_median:.2f}.
Retention alone does not make a transfer: the vector must also stand out from shuffled maps and relabelled pairs, beyond
chance.

**For which models.** For this family only: models of one tokenizer and one training text, one of each size, at one
pair of layers each. Nothing here is about models of everyday language, for which the app measures the same in
minutes.

**How sure.** Every retention has a 95 % interval over {prompts} held-out prompts, below. The verdicts are corrected
for {all} concepts. With labels that mean nothing in the place of the real ones, "transfers" came out in at most
{false:.1f} % of {draws} draws for each of {tried} concepts, each draw judged alone. Maps fitted on shuffled pairs of
tokens carry {shuffled:.2f} of the native effect in the median over concepts (absolute value), and contrast pairs with
half of their labels swapped {permuted:.2f}; the tables have the worst cases. The settings of the fit are those that
carry differences of unseen documents well (`python -m benchmarks.next_tokens`). One thing flatters the counts:
though no map has seen a concept, this way to fit one was kept among some dozens that were tried because it carries
most of these concepts.

**What was not shown.** From `tinyworld-s`: {s_failing}. From `tinyworld-m`: {m_failing}. For most of these a linear
map fitted on half of a concept's own pairs carries the other half (*upper bound* below): such a map could carry them,
and ours does not. The texts that a model goes on to write were not judged here, only the next word; whole texts are
scored in [results-whole-texts.md](results-whole-texts.md).

**What a trivial vector does.** The mean difference of the answers' own unembeddings, which needs no contrast pair
and no small model, moves the readout {answers:.2f} times as far as the native vector in the median, at equal cost
{answers_cost:.2f} times; the transferred vector {own:.2f} and {own_cost:.2f} times. So the readout alone does not
tell a concept from its answer words; what transfer adds is a vector that was found in another model's states. An
untrained model of the small one's shape, with a map of its own, moves the readout {untrained:.2f} times as far as
the native vector in the median. It does as much as the transferred vector for {s_words} from `tinyworld-s` and for
{m_words} from `tinyworld-m`: there the last words of the texts are enough, coded by random weights. {alone} of
the {transfers} transfers do more than both of these. On all words but the answers the transferred vector does what
the native one does with a correlation of {off:.2f} in the median, the answers' unembeddings with one of
{off_answers:.2f}.
"""
EVIDENCE = """
## Evidence: {small} layer {i} → {large} layer {j}

What `lrt-explorer evaluate {small} {large}` finds with the map that ships (held-out R² {r2:.2f} on all tokens of
whole documents). Intervals of retention are over prompts; those of controls are over directions. *Relabelled*: the
same pairs with half of the labels swapped, mapped in the same way. *Answers*: the unembeddings of the answers.
*Untrained*: the vector of an untrained model of the small one's shape, through a map of its own. *Equal cost*:
retention where both vectors have the same KL on neutral text. *Cosine*: of mapped and native direction, and in
brackets the upper end of that of relabelled pairs. *Off the answers*: correlation with the native vector's changes of
all other words.

"""
COLUMNS = (
    "| concept | verdict | retention | equal cost | shuffled map | relabelled | random | untrained | answers | cosine "
    "| off the answers |\n| --- | --- |" + " ---: |" * 9 + "\n"
)
WHYS = """
What keeps a retention below {enough}, by a fixed rule from the numbers:

"""
KINDS = """
## Kinds of map side by side: {small} layer {i} → {large} layer {j}

Retention through maps of {tokens:,} tokens each (*next tokens*, which ships, of {shipped:,}), over seven strengths
from −0.6 to 0.6 typical deviations (`python -m benchmarks.kinds`). *Leave-concept-out* has seen the places where
the other concepts decide the next word, never this one's. *Where vectors are read* has seen them all, ends counted
600 times: it is tuned to the demo and shown for comparison. *Upper bound* is refined on half of the concept's own
pairs and carries the other half.

| concept | next tokens | within contexts | ridge | leave-concept-out | where vectors are read | upper bound |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""
DESCENT = "*sgd*: the descent of arXiv 2506.00653, a hundred times shorter than the paper's or more. "
WAYS = """
## Other ways across: {small} layer {i} → {large} layer {j}

What each way keeps of the native effect over {concepts} concepts, {prompts} prompts each; every vector is added at the
native vector's length (`python -m benchmarks.ways`). *map*: the one that opening the pair gives. {descent}*Through the
vocabulary*: as it changes the logits of tokens that both models have. *Through anchors*: by its cosines with 1,000
tokens' states (arXiv 2209.15430). *Through other pairs*: an orthogonal map fitted on the contrast pairs of all other
concepts, and on nothing else. Intervals are Student's over concepts. More than 1 is no merit: such a way turns the
vector to where more moves.

| way | mean retention | median | at least {enough} |
| --- | ---: | ---: | ---: |
"""


def bounded(holder: Mapping[str, Any] | None, name: str = "retention") -> str:
    """A retention with its interval."""
    if holder is None or holder.get(name) is None:
        return "–"
    low, high = (
        endless if holder[f"{name}_{end}"] is None else f"{holder[f'{name}_{end}']:.2f}"
        for end, endless in (("low", "−∞"), ("high", "∞"))
    )
    return f"{holder[name]:.2f} ({low} … {high})"


def evidence_section(result: Mapping[str, Any]) -> str:
    """The ranked table of one evaluation."""
    text = EVIDENCE.format(
        small=result["small"],
        large=result["large"],
        i=result["small_layer"],
        j=result["large_layer"],
        r2=result["map"]["r2"],
    )
    return text + evidence_rows(result)


def evidence_rows(result: Mapping[str, Any]) -> str:
    """The table itself."""
    text = COLUMNS
    for one in ranked(result):
        arms = {arm["name"]: arm for arm in one["arms"]}
        text += (
            f"| {one['name']} | {one['verdict'].partition(':')[0]} | {bounded(one)} "
            f"| {bounded(one, 'retention_at_equal_cost')} | {bounded(arms['shuffled map'])} "
            f"| {bounded(arms['permuted labels'])} | {bounded(arms['random'])} "
            f"| {bounded(arms.get('untrained small model'))} | {bounded(arms.get('answer embeddings'))} "
            f"| {one['direction_cosine']:.2f} ({one['direction_cosine_relabelled_high']:.2f}) "
            f"| {bounded(arms['transferred'], 'off_answers')} |\n"
        )
    return text + whys(result)


def whys(result: Mapping[str, Any]) -> str:
    """Why each concept that does not come over whole does not, one line each."""
    found = [
        f"- **{one['name']}**: {remark.removeprefix(WHY)}\n"
        for one in ranked(result)
        for remark in one["remarks"]
        if remark.startswith(WHY)
    ]
    return wrapped(WHYS.format(enough=WHOLE)).join(("\n", "\n\n")) + "".join(found) if found else ""


def enough_words(concepts: list[dict[str, Any]]) -> str:
    """The concepts for which an untrained small model does as much as the transferred vector."""
    found = [one["name"] for one in concepts if "untrained small model" in matched(one)]
    return ", ".join(sorted(set(found))) or "no concept"


def matched(one: Mapping[str, Any]) -> list[str]:
    """The trivial arms that do as much as the transferred vector where that has an effect, also at equal cost."""
    found = []
    for name in ("answer embeddings", "untrained small model"):
        rival = next((arm for arm in one["arms"] if arm["name"] == name), None)
        compared = [
            (rival[which], one[which])
            for which in ("retention", "retention_at_equal_cost")
            if rival is not None and rival[which] is not None and one[which] is not None
        ]
        if compared and one["verdict"] in (TRANSFERS, PARTLY) and all(as_much(*both) for both in compared):
            found.append(name)
    return found


def kinds_section(result: Mapping[str, Any]) -> str:
    """The table of one pair, with counts and scores of each kind below."""
    i, j = result["layers"]
    text = KINDS.format(
        small=result["small"],
        large=result["large"],
        i=i,
        j=j,
        tokens=result["tokens"],
        shipped=result["tokens_shipped"],
    )
    kinds = (NEXT, WITHIN, RIDGE, OTHERS, READ, BOUND)
    counts = dict.fromkeys(kinds, 0)
    for name, row in result["concepts"].items():
        text += f"| {name} |"
        for kind in kinds:
            kept = row[kind]["retention"]
            counts[kind] += kept is not None and kept["value"] >= ENOUGH
            text += " – |" if kept is None else f" {kept['value']:.2f} ({kept['low']:.2f} … {kept['high']:.2f}) |"
        text += "\n"
    text += f"| **at least {ENOUGH}** |" + "".join(f" {counts[kind]} of {len(result['concepts'])} |" for kind in kinds)
    shares = {"documents": "R² on whole documents", "ends": "R² at ends of texts that break off"}
    for part, label in shares.items():
        scores = (result["r2"].get(kind) for kind in kinds)
        text += f"\n| {label} |" + "".join(" – |" if one is None else f" {one[part]:.2f} |" for one in scores)
    return text + "\n"


def ways_section(result: Mapping[str, Any]) -> str:
    """What other ways across keep, the map first."""
    i, j = result["layers"]
    text = headed(
        WAYS,
        small=model_label(result["small"]),
        large=model_label(result["large"]),
        i=i,
        j=j,
        concepts=len(result["by_concept"]),
        prompts=result["prompts"],
        enough=ENOUGH,
        descent=DESCENT if result["ways"]["sgd"]["concepts"] else "",
    )
    for name, one in result["ways"].items():
        if one["concepts"]:
            text += f"| {name} | {bounded(one)} | {one['median']:.2f} | {one['enough']} of {one['concepts']} |\n"
    return text


def ranked(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The concepts of an evaluation by retention, those without any last."""
    return sorted(
        result["concepts"], key=lambda one: -(float("-inf") if one["retention"] is None else one["retention"])
    )


def opening(found: Mapping[str, Any]) -> str:
    """The half page on top."""
    both = {size: found[f"evidence-{size}"] for size in "sm"}
    facts: dict[str, Any] = {}
    for size, result in both.items():
        rows = result["concepts"]
        kept = [one["retention"] for one in rows if one["retention"] is not None]
        facts |= {
            f"{size}_transfers": sum(one["verdict"] == TRANSFERS for one in rows),
            f"{size}_enough": sum(value >= ENOUGH for value in kept),
            f"{size}_median": median(kept),
            f"{size}_layers": f"{result['small_layer']} → {result['large_layer']}",
            f"{size}_failing": failing(rows),
            f"{size}_words": enough_words(rows),
        }
    concepts = [one for result in both.values() for one in result["concepts"]]
    text = OPENING.format(
        **facts,
        all=len(both["s"]["concepts"]),
        enough=ENOUGH,
        tokens=both["s"]["map"]["tokens_used"],
        prompts=max(len(one["prompts"]) for one in concepts),
        false=100 * found["labels"]["most_false_transfers"],
        draws=found["labels"]["draws"],
        tried=len(found["labels"]["concepts"]),
        terms=TERMS,
        own=median(sizes(concepts, "transferred")),
        own_cost=median(sizes(concepts, "transferred", "retention_at_equal_cost")),
        transfers=sum(one["verdict"] == TRANSFERS for one in concepts),
        alone=sum(one["verdict"] == TRANSFERS and not matched(one) for one in concepts),
        shuffled=median(sizes(concepts, "shuffled map")),
        permuted=median(sizes(concepts, "permuted labels")),
        **trivial(concepts),
    )
    return "\n\n".join(wrapped(part) for part in text.strip().split("\n\n")) + "\n"


def headed(text: str, **facts: Any) -> str:
    """Prose refilled, with the head of its table as it is."""
    prose, bar, table = text.format(**facts).partition("\n|")
    filled = "\n\n".join(wrapped(part) for part in prose.strip().split("\n\n"))
    return f"\n{filled}\n\n{bar.strip()}{table}" if table else f"\n{filled}\n"


def wrapped(paragraph: str) -> str:
    """A paragraph as wide as those that are written by hand; how long its figures are is not known before."""
    if paragraph.startswith("#"):
        return paragraph
    return textwrap.fill(" ".join(paragraph.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def failing(rows: list[dict[str, Any]]) -> str:
    """The concepts that do not transfer, by verdict."""
    said = [
        f"{', '.join(names)} ({word.partition(':')[0]})"
        for word in (PARTLY, NOT_SHOWN, NOT_MEASURABLE)
        if (names := [one["name"] for one in rows if one["verdict"] == word])
    ]
    return "; ".join(said) or "nothing failed"


def sizes(concepts: list[dict[str, Any]], arm: str, which: str = "retention") -> list[float]:
    """How far an arm moves each concept, in native effects, whichever way."""
    found = (one[which] for concept in concepts for one in concept["arms"] if one["name"] == arm)
    return [abs(value) for value in found if value is not None]


def trivial(concepts: list[dict[str, Any]]) -> dict[str, Any]:
    """What the openings tell of vectors that need no trained small model."""
    return {
        "answers": median(sizes(concepts, "answer embeddings")),
        "answers_cost": median(sizes(concepts, "answer embeddings", "retention_at_equal_cost")),
        "untrained": median(sizes(concepts, "untrained small model")),
        "words": enough_words(concepts),
        "off": median(off_answers(concepts, "transferred")),
        "off_answers": median(off_answers(concepts, "answer embeddings")),
    }


def off_answers(concepts: list[dict[str, Any]], arm: str) -> list[float]:
    """How far an arm does to all other words what the native vector does."""
    found = (one["off_answers"] for concept in concepts for one in concept["arms"] if one["name"] == arm)
    return [value for value in found if value is not None]


def median(values: list[float]) -> float:
    """The middle one, or the mean of the two in the middle."""
    middle = sorted(values)
    half = len(middle) // 2
    return middle[half] if len(middle) % 2 else (middle[half - 1] + middle[half]) / 2


def mark() -> str:
    """A short hash of all that the results depend on and that training, a new map or a new default changes."""
    digest = hashlib.sha256(repr(PAIRS).encode())
    patterns = ("models/*/*.safetensors", "maps/*/*.safetensors", "concepts/*.jsonl")
    for path in sorted(path for pattern in patterns for path in assets_home().glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def measured(name: str, measurements: Mapping[str, tuple[str, ...]], keep: Path) -> dict[str, Any]:
    """One measurement, made now unless it is kept."""
    path = keep / f"{name}.json"
    if not path.exists():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        out = ("--out", str(keep / name)) if "evaluate" in measurements[name] else ()
        command = [sys.executable, *measurements[name], *out]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
        with new_file(path) as fresh:
            fresh.write_text(done.stdout, encoding="utf-8")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Measure what is missing and put the sections together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, default=data_home() / "results", help="default: in the data folder")
    options = parser.parse_args()
    keep = options.keep.expanduser().resolve() / mark()
    keep.mkdir(parents=True, exist_ok=True)
    found = {name: measured(name, MEASUREMENTS, keep) for name in MEASUREMENTS}
    text = opening(found)
    text += "".join(evidence_section(found[f"evidence-{size}"]) for size in "sm")
    text += "".join(ways_section(found[f"ways-{size}"]) for size in "sm")
    text += "".join(kinds_section(one) for kinds in ("kinds", "kinds-6") for one in found[kinds].values())
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
