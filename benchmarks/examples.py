"""Examples: whether every prompt that a visitor is offered shows the story, at the strength that the page opens with.

    python -m benchmarks.examples [SMALL LARGE ...]

For each chip of each concept of every pair that ships, or of the pairs that are named: one comparison with default
settings, as the page makes it when the chip is pressed, and whether it shows the story (`lrt_explorer/study/story.py`):
both steered texts reach the end they are pushed to, the unsteered and the random one do not. Prints one JSON object,
`{"PAIR": {"CONCEPT": {"verdict": …, "chips": n, "show": n}}}`; the verdict is that of the evidence that ships, null
where none does. Exits with 1 if fewer than nine of ten chips of the concepts that transfer show it.
"""

import argparse
import json
import sys
from typing import Any

from lrt_explorer.study.evaluation.verdict import TRANSFERS
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.story import shows
from lrt_explorer.workbench.bundle import demo_pairs
from lrt_explorer.workbench.compare import compare
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.openings import examples_of
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.requests import Models, open_with_map
from lrt_explorer.workbench.shipped import shipped_evidence

SHARE = 0.9


def chips_of(pair: Pair, saved: SavedMap) -> dict[str, dict[str, Any]]:
    """For each concept its verdict, how many chips it has, and how many show the story."""
    evidence = shipped_evidence(pair, saved)
    found = {}
    for concept in shipped_sets(pair.world):
        prompts = examples_of(pair.small.name, pair.large.name, concept)
        judged = concept.scorer is not None
        written = [finish(compare(pair, saved, SteerSpec(concept=concept.name, prompt=prompt))) for prompt in prompts]
        verdict = None if evidence is None else evidence.verdicts.get(concept.name)
        found[concept.name] = {
            "verdict": verdict,
            "chips": len(prompts),
            "show": sum(shows(one, judged=judged) for one in written),
        }
        print(pair.small.name, pair.large.name, concept.name, found[concept.name], file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Print the object."""
    parser = argparse.ArgumentParser(description="run every example of every pair")
    parser.add_argument("models", nargs="*", metavar="SMALL LARGE", help="pairs to try (default: all that ship)")
    models = parser.parse_args().models
    if len(models) % 2:
        parser.error("models come in pairs, a small one and a large one")
    named = [(models[at], models[at + 1]) for at in range(0, len(models), 2)]
    found = {}
    for small, large in named or [(preset.small, preset.large) for preset in demo_pairs()]:
        pair, saved = finish(open_with_map(Models(small=small, large=large)))
        found[f"{pair.small.name} → {pair.large.name}"] = chips_of(pair, saved)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    counted = [one for pair in found.values() for one in pair.values() if one["verdict"] == TRANSFERS]
    return int(sum(one["show"] for one in counted) < SHARE * sum(one["chips"] for one in counted))


if __name__ == "__main__":
    sys.exit(main())
