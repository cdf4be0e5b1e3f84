"""The models and pairs that have names, as one JSON document for every face."""

from collections.abc import Collection
from typing import Any

from lrt_explorer.lm import summary
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.workbench.concepts import concept_card, shipped_sets

FIELDS = ("name", "parameters", "layers", "width", "where", "available")


def pairs_document(listed: Collection[str] | None = None) -> dict[str, Any]:
    """The presets from the files on this disk, as plain JSON values; nothing is loaded and no network is used.

    "concepts" describes those of the first pair; each pair names its own.

    Args:
        listed: the only models that are named; None for all.
    """
    models = {name: summary.describe(name) for name in MODELS if listed is None or name in listed}
    first = world_of(PAIRS[0].small, PAIRS[0].large)
    return {
        "pairs": [
            {
                "name": pair.name,
                "small": pair.small,
                "large": pair.large,
                "small_layer": pair.small_layer,
                "large_layer": pair.large_layer,
                "available": models[pair.small].available and models[pair.large].available,
                "concepts": list(world_of(pair.small, pair.large).concepts()),
            }
            for pair in PAIRS
            if {pair.small, pair.large} <= set(models)
        ],
        "models": [
            {
                **{field: getattr(model, field) for field in FIELDS},
                "licence": MODELS[name].licence,
                "gated": MODELS[name].gated,
                "shipped": MODELS[name].shipped,
            }
            for name, model in models.items()
        ],
        "concepts": [
            {"name": card.name, "description": card.description} for card in map(concept_card, shipped_sets(first))
        ],
    }
