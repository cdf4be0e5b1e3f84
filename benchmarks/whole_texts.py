"""Do whole texts follow a transferred vector, and not the next word alone? Prints JSON; progress on stderr.

    python -m benchmarks.whole_texts SMALL LARGE [SMALL LARGE …] [--concepts all|NAME,…] [--pairs 24] [--write]

For every pair of models, with the map that opening it finds or fits, and for every concept that ships for it: how much
likelier, for each token, the texts of one half of its contrast pairs become under vectors of the other half. `--write`
makes docs/results-whole-texts.md of it. Takes about a minute a concept on two real models of 0.1 to 0.3 billion weights
and two cores.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.results import ROOT, median, wrapped
from lrt_explorer.cli.common import named_concepts
from lrt_explorer.lm.cache import models
from lrt_explorer.numerals import plain, signed
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.whole_texts import PAIRS, RANDOMS, RELABELLED, WholeTexts, whole_texts
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import NATIVE, RANDOM, TRANSFERRED
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair

TARGET = ROOT / "docs" / "results-whole-texts.md"
OPENING = """# Do whole texts follow?

Measured and written by `python -m benchmarks.whole_texts … --write`; only this prose is typed by hand.

A readout of the next word can be faked by one token. Here every text of a contrast set is scored to its last token: the
mean log-probability of a text with the behaviour minus that of its counterpart, after what both begin with. The vectors
are made of one half of the pairs and judged by the other half, and the other way round, so no vector has seen the texts
that it is judged by. Each is added with both signs at the calibrated strength s of the native vector. A slope says how
much likelier, in nats for each token, the behaviour becomes for each typical deviation; intervals (95 %) are over
pairs, those of *random* over {random} directions. *Relabelled* is the retention of vectors of the same texts with half
of the labels swapped, {relabelled} for each half, through the same map, and the range of these few. A dash stands where
the native vector may do nothing. `lrt-explorer evaluate --whole-texts` gives the same.
"""
TABLE = """
## {small} layer {i} → {large} layer {j}

{summary}

| concept | pairs | s | native | transferred | random | retention | relabelled |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def interval(found: Interval | None, sign: bool = False) -> str:
    """An interval for a table."""
    if found is None:
        return "–"
    tell, decimals = (signed, 3) if sign else (plain, 2)
    value, low, high = (tell(one, decimals) for one in (found.value, found.low, found.high))
    return f"{value} ({low} … {high})"


def row(found: WholeTexts) -> str:
    """A row of the table."""
    slopes = [interval(found.slopes[name], sign=True) for name in (NATIVE, TRANSFERRED, RANDOM)]
    cells = [found.concept, str(found.pairs), plain(found.strength, 2), *slopes]
    return f"| {' | '.join([*cells, interval(found.retention), interval(found.relabelled)])} |\n"


def summary(rows: Sequence[WholeTexts]) -> str:
    """What the table shows, in a sentence or two."""
    native = [one for one in rows if one.slopes[NATIVE].low > 0]
    carried = [one for one in native if one.slopes[TRANSFERRED].low > 0]
    kept = median([one.retention.value for one in native if one.retention is not None])
    beside = median([abs(one.relabelled.value) for one in native if one.relabelled is not None])
    return wrapped(
        f"The native vector makes whole texts likelier for {len(native)} of {len(rows)} concepts, the transferred one "
        f"for {len(carried)} of these. Of the native effect a median of {kept:.2f} is retained; relabelled pairs, sent "
        f"through the same map, have {beside:.2f} (absolute value)."
    )


def measured(small: str, large: str, concepts: str, pairs: int) -> tuple[dict[str, Any], str]:
    """One pair of models: a JSON object, and its part of the page."""
    pair = Pair(small=models().get(small), large=models().get(large))
    saved = finish(map_for(pair, pair.layers()))
    rows = []
    for concept in named_concepts(concepts, pair.world):
        rows.append(finish(whole_texts(pair, saved, concept, pairs=pairs)))
        print(json.dumps(asdict(rows[-1])), file=sys.stderr, flush=True)
    labels = {"small": model_label(pair.small.name), "large": model_label(pair.large.name)}
    places = {"i": saved.layers[0], "j": saved.layers[1]}
    page = TABLE.format(**labels, **places, summary=summary(rows)) + "".join(map(row, rows))
    return {**labels, "layers": list(saved.layers), "concepts": [asdict(one) for one in rows]}, page


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="small and large model of each pair")
    parser.add_argument("--concepts", default="all")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    if len(options.models) % 2:
        parser.error("name models in twos, each small one before its large one")
    both = zip(options.models[0::2], options.models[1::2], strict=True)
    found = [measured(small, large, options.concepts, options.pairs) for small, large in both]
    print(json.dumps([document for document, _ in found], indent=1))
    if options.write:
        head = OPENING.format(relabelled=RELABELLED, random=2 * RANDOMS)
        TARGET.write_text(head + "".join(page for _, page in found), encoding="utf-8")


if __name__ == "__main__":
    main()
