"""Which map carries differences between next tokens that it has never seen? Prints one JSON object.

    python -m benchmarks.next_tokens [--small tinyworld-s,tinyworld-m] [--tokens 100000]

What the settings of the estimator `next-tokens` rest on. No concept and no label is looked at: on documents that no map
has seen, all states of one context (two, three and four last tokens) are averaged for each next token that follows at
least eight times, less the mean of their context, in both models. The score of a map is the mean cosine between the
small model's differences, mapped, and the large model's own; beside it R² on all states of these documents. Every
setting is changed alone, ridge and the fit within contexts stand beside it, all on the same tokens of the default
corpus at the default layers. Takes a few minutes.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from lrt_explorer.defaults import FIT_TOKENS
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.next_tokens import FLOOR, LEAST, ORDINARY_SHARE, between_next_tokens, next_token_differences
from lrt_explorer.linear.ridge import RidgePath
from lrt_explorer.linear.scores import r2
from lrt_explorer.linear.within import last_two, within_contexts
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.corpora.texts import read_texts
from lrt_explorer.study.ground.world import world_of

OFTEN = 8
"""States that a difference is the mean of, to be scored."""
RIDGE_LAMBDA = 1e-3
TEXTS = 32


class Rows:
    """States of both models with their tokens, read until there are enough."""

    def __init__(self, small: str, tokens: int, unseen: int) -> None:
        """Read them.

        Args:
            small: a preset whose pair ends at tinyworld-l.
            tokens: that maps are fitted on.
            unseen: times as many are scored on.
        """
        preset = next(pair for pair in PAIRS if (pair.small, pair.large) == (small, "tinyworld-l"))
        one, other = models().get(preset.small), models().get(preset.large)
        i, j = preset.small_layer, preset.large_layer
        documents = iter(read_texts(world_of(preset.small, preset.large).corpus))
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        read = 0
        while read < tokens * (1 + unseen):
            states = read_paired(one, other, list(islice(documents, TEXTS)), [i], [j])
            found.append((states.small[i], states.large[j], states.tokens))
            read += len(states.tokens)
        self.x, self.y, self.tokens = (torch.cat(parts) for parts in zip(*found, strict=True))
        self.fit, self.unseen = slice(0, tokens), slice(tokens, None)

    def moments(self, part: slice) -> CrossMoments:
        """Of all states of a part."""
        found = CrossMoments(self.x.shape[1], self.y.shape[1])
        found.update(self.x[part], self.y[part])
        return found


def maps(rows: Rows) -> Mapping[str, AffineMap]:
    """Every map that is compared, fitted on the same states."""
    part = rows.fit
    x, y, tokens, ordinary = rows.x[part], rows.y[part], rows.tokens[part], rows.moments(part)

    def between(last: int = 3, **settings: Any) -> AffineMap:
        return RidgePath(between_next_tokens(x, y, tokens[:, -1 - last :], ordinary, **settings)).map(0.0)

    within = within_contexts(x, y, last_two(tokens), (ordinary.mean_x, ordinary.mean_y))
    return {
        f"next tokens ({LEAST} states, floor {FLOOR}, share {ORDINARY_SHARE})": between(),
        "of two tokens": between(2),
        "of one token": between(1),
        **{f"at least {least} states": between(least=least) for least in (1, 3, 5)},
        **{f"floor {floor}": between(floor=floor) for floor in (0.002, 0.05, 0.2)},
        **{f"share {share}": between(share=share) for share in (0.0, 0.02, 0.1, 0.3)},
        "within contexts": RidgePath(within).map(RIDGE_LAMBDA),
        "ridge": RidgePath(ordinary).map(RIDGE_LAMBDA),
    }


def scored(rows: Rows, found: Mapping[str, AffineMap]) -> dict[str, dict[str, float]]:
    """The mean cosine of unseen differences, for contexts of two, three and four tokens, and R² on unseen states."""
    part = rows.unseen
    x, y, tokens, ordinary = rows.x[part], rows.y[part], rows.tokens[part], rows.moments(part)
    # The fourth-last token is the third-last of the row before.
    longer = torch.cat([torch.cat([torch.full((1,), -1), tokens[:-1, 0]])[:, None], tokens], dim=1)
    differences = {last: next_token_differences(x, y, longer[:, -1 - last :], OFTEN)[:2] for last in (2, 3, 4)}
    table = {}
    for name, map in found.items():
        cosines = {}
        for last, (dx, dy) in differences.items():
            told_apart = dy.norm(dim=1) > 0.01 * dy.norm(dim=1).median()
            mapped = dx[told_apart] @ map.weight
            cosines[f"{last} tokens"] = float(torch.cosine_similarity(mapped, dy[told_apart]).mean())
        mean = sum(cosines.values()) / len(cosines)
        table[name] = {"cosine": mean, **cosines, "r2": r2(map, ordinary)}
    return {name: {key: round(value, 3) for key, value in row.items()} for name, row in table.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", default="tinyworld-s,tinyworld-m", help="small models (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=FIT_TOKENS, help="that maps are fitted on")
    parser.add_argument("--unseen", type=int, default=2, help="times as many are scored on")
    options = parser.parse_args(arguments)
    report = {}
    for small in options.small.split(","):
        rows = Rows(small, options.tokens, options.unseen)
        report[small] = scored(rows, maps(rows))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
