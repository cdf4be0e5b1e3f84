"""Examples: whether every prompt that a visitor is offered shows the story, at the strength that the page opens with.

    python -m benchmarks.examples [SMALL LARGE ...] [--concepts NAME,…] [--evaluate]

For each chip of each concept of every pair that ships, or of the pairs that are named: one comparison with default
settings, as the page makes it when the chip is pressed, and whether it shows the story (`lrt_explorer/study/story.py`):
both steered texts reach the end they are pushed to, the unsteered and the random one do not; for sets that no judge
scores, by the readout. Prints one JSON object, `{"PAIR": {"CONCEPT": {"verdict": …, "chips": n, "show": n}}}`; the
verdict is that of the evidence that ships, null where none does. With --evaluate it is measured for such pairs, which
takes hours for real models unless the evidence is kept already. The examples of pairs that do not ship are those of
`lrt-explorer examples`, where it was run. Exits with 1 if fewer than nine of ten chips of the concepts that transfer
show it.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lrt_explorer.cli.common import named_concepts
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.study.evaluation.verdict import TRANSFERS
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.story import is_judged, shows
from lrt_explorer.workbench.bundle import demo_pairs
from lrt_explorer.workbench.compare import compare
from lrt_explorer.workbench.evidence import EvidenceSpec, evaluate
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.openings import examples_of
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.requests import Models, open_with_map
from lrt_explorer.workbench.shipped import shipped_evidence

SHARE = 0.9


def verdicts_of(pair: Pair, saved: SavedMap, concepts: Sequence[ContrastSet], *, measured: bool) -> Mapping[str, str]:
    """The verdicts of the evidence that ships; without any, those of an evaluation if it may be made."""
    if (evidence := shipped_evidence(pair, saved)) is not None:
        return evidence.verdicts
    if not measured:
        return {}
    evaluated = finish(evaluate(pair, saved, EvidenceSpec(concepts=tuple(concepts))))
    return {one.evidence.name: one.verdict.word for one in evaluated.concepts}


def chips_of(
    pair: Pair, saved: SavedMap, concepts: Sequence[ContrastSet], verdicts: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """For each concept its verdict, how many chips it has, and how many show the story."""
    found = {}
    for concept in concepts:
        prompts = examples_of(pair.small.name, pair.large.name, concept, saved.folder)
        judged = is_judged(concept)
        written = [finish(compare(pair, saved, SteerSpec(concept=concept, prompt=prompt))) for prompt in prompts]
        found[concept.name] = {
            "verdict": verdicts.get(concept.name),
            "chips": len(prompts),
            "show": sum(shows(one, judged=judged) for one in written),
        }
        print(pair.small.name, pair.large.name, concept.name, found[concept.name], file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Print the object."""
    parser = argparse.ArgumentParser(description="run every example of every pair")
    parser.add_argument("models", nargs="*", metavar="SMALL LARGE", help="pairs to try (default: all that ship)")
    parser.add_argument("--concepts", default="all", help="names with commas between (default: all)")
    parser.add_argument("--evaluate", action="store_true", help="measure verdicts where none ship")
    options = parser.parse_args()
    models = options.models
    if len(models) % 2:
        parser.error("models come in pairs, a small one and a large one")
    named = [(models[at], models[at + 1]) for at in range(0, len(models), 2)]
    found = {}
    for small, large in named or [(preset.small, preset.large) for preset in demo_pairs()]:
        pair, saved = finish(open_with_map(Models(small=small, large=large)))
        asked = named_concepts(options.concepts, pair.world)
        verdicts = verdicts_of(pair, saved, asked, measured=options.evaluate)
        found[f"{pair.small.name} → {pair.large.name}"] = chips_of(pair, saved, asked, verdicts)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    counted = [one for pair in found.values() for one in pair.values() if one["verdict"] == TRANSFERS]
    return int(sum(one["show"] for one in counted) < SHARE * sum(one["chips"] for one in counted))


if __name__ == "__main__":
    sys.exit(main())
