"""The world of a pair: whether both models are of the demo family, and all that follows from it.

The demo family knows nothing but its own small world, and models of everyday language know nothing of that world. So
corpus, concepts, neutral text and prompts are chosen by one question, asked here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, load_concept, read_contrast, real_concepts, shipped_concepts
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.presets import is_demo


@dataclass(frozen=True)
class World:
    """What suits a pair of models.

    Attributes:
        name: "demo" or "everyday".
        corpus: what a map is fitted on unless someone names another text; a name that `read_texts` takes.
        estimator: what fits a map of two layers unless someone names another, by its name in `ESTIMATORS`.
        ordinary: the corpus of ordinary text: neutral prompts, the unit of strength, the picture of the shared space.
        temperature: of the first texts. Small real models repeat themselves where they always take the likeliest token.
        telling: concepts whose texts show at a glance what steers them, the most telling first.
        vectors_ship: whether the vectors of its concepts ship with its models, so that no text is read for them.
    """

    name: str
    corpus: str
    estimator: str
    ordinary: str
    temperature: float
    telling: tuple[str, ...]
    vectors_ship: bool = False

    @property
    def opening_concept(self) -> str:
        """What is shown first where no evidence says which concept transfers."""
        return self.telling[0]

    def concepts(self) -> Mapping[str, Path]:
        """Name and file of every contrast set that ships for these models, the opening one first."""
        known = shipped_concepts() if self.name == "demo" else real_concepts()
        first = {name: path for name, path in known.items() if name == self.opening_concept}
        return {**first, **known}

    def concept(self, name: str) -> ContrastSet:
        """A contrast set by name, this world's before the other's, or by the path of its file.

        Raises:
            ContrastError: if it is neither, naming the concepts there are.
        """
        known = self.concepts()
        return read_contrast(known[name]) if name in known else load_concept(name)

    def opening(self) -> str:
        """The concept shown first.

        Raises:
            ContrastError: if no concept is installed.
        """
        names = list(self.concepts())
        if not names:
            raise ContrastError(
                "no concepts are installed; reinstall the app, or set LRT_EXPLORER_ASSETS to its assets"
            )
        return names[0]


DEMO = World(
    "demo",
    corpus="tinyworld",
    estimator="next-tokens",
    ordinary="demo",
    temperature=0.0,
    telling=("register", "language", "certainty"),
    vectors_ship=True,
)
EVERYDAY = World(
    "everyday",
    corpus="everyday",
    estimator="ridge",
    ordinary="everyday",
    temperature=0.7,
    telling=("sentiment", "pirate"),
)

WORLDS = (DEMO, EVERYDAY)


def world_of(*models: str) -> World:
    """The world that all of these models know, each a preset, a folder, a GGUF file or a hub id."""
    return DEMO if all(map(is_demo, models)) else EVERYDAY
