"""One concept of an evaluation with all that it is measured with."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.fitting.rivals import Rival
from lrt_explorer.study.ground.known import short_hash
from lrt_explorer.study.steering.brought import Side

BROUGHT: Mapping[Side, str] = {
    "small": "the small model’s vector",
    "large": "the large model’s own vector",
    "transferred": "the transferred vector",
}


@dataclass(frozen=True, eq=False)
class Controls:
    """What an evaluation is given beside the map under test.

    Attributes:
        maps: fitted on shuffled pairs (see `study/fitting/controls.py`); at least 3 are advised.
        rivals: other ways across (see `study/fitting/rivals.py`).
        vectors: brought ones that are measured in place of what the texts of the concept give, each as long as that.
    """

    maps: Sequence[AffineMap] = ()
    rivals: Sequence[Rival] = ()
    vectors: Mapping[Side, SteeringVector] = field(default_factory=dict)

    @property
    def brought(self) -> tuple[str, ...]:
        """The brought vectors in words: whose, of what, and a digest of their numbers."""
        return tuple(
            f"{BROUGHT[side]}: {vector.concept} ({short_hash(str(vector.values.tolist()))})"
            for side, vector in sorted(self.vectors.items())
        )


@dataclass(frozen=True, eq=False)
class Case:
    """A concept, and what its arms are made of.

    Attributes:
        small: the model that vectors come from.
        large: the model that is steered.
        map: takes activations of the small model to those of the large one.
        info: what it was fitted on.
        controls: what stands beside the map.
        concept: what is measured.
        others: concepts whose vectors go through the same map as controls.
        settings: how.
    """

    small: LanguageModel
    large: LanguageModel
    map: AffineMap
    info: MapInfo
    controls: Controls
    concept: ContrastSet
    others: Sequence[ContrastSet]
    settings: EvaluationSettings

    @property
    def seed(self) -> int:
        """Of all that is drawn for this concept: another for each concept, and for each seed of the settings."""
        return concept_seed(self.settings.seed, self.concept.name)


def concept_seed(seed: int, concept: str) -> int:
    """The seed of one concept among those that one seed is set for."""
    told = hashlib.sha256(f"{seed} {concept}".encode()).digest()
    return int.from_bytes(told[:4], "big")
