"""What may come in from outside: the trusted door takes names and paths, the hosted door only names from a list.

A model that came through is a `ListedModel`; nothing else is opened for a visitor.
"""

from dataclasses import replace
from typing import NewType

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.sets.scoring import Expression, ScorerChoice, WordList
from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.limits import SHOWN_CHARACTERS
from lrt_explorer.study.corpora.texts import LISTED
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.requests import Models

ListedModel = NewType("ListedModel", str)
"""A model that this server may open for whoever asked."""


class Door:
    """Lets in what the owner of a server allows."""

    def __init__(self, hosting: Hosting) -> None:
        """Remember how the server is hosted."""
        self._hosting = hosting

    @property
    def guarded(self) -> bool:
        """Whether strangers come through."""
        return self._hosting.hosted

    def model(self, name: str) -> ListedModel:
        """A model by name; at the trusted door a folder, a file or a hub id too.

        Raises:
            ModelError: if the server has none of that name; what else exists is not told.
        """
        asked = name.strip()
        if self.guarded and asked not in self._hosting.models:
            raise ModelError(
                f"there is no model {asked[:SHOWN_CHARACTERS]!r} on this server; choose one of these: "
                f"{', '.join(self._hosting.models)}"
            )
        return ListedModel(asked)

    def models(self, models: Models) -> Models:
        """A request whose two models have come through.

        Raises:
            ModelError: as `model`.
        """
        small, large = (self.model(name) if isinstance(name, str) else name for name in (models.small, models.large))
        return replace(models, small=small, large=large)

    def corpus(self, name: str | None) -> str | None:
        """A corpus by name; at the trusted door a file or a data set of the hub too.

        Raises:
            SettingsError: if the server has none of that name.
        """
        if self.guarded and name is not None and name not in LISTED:
            raise SettingsError(
                f"there is no corpus {name[:SHOWN_CHARACTERS]!r} on this server; choose one of these: "
                f"{', '.join(LISTED)}"
            )
        return name

    def scorer(self, scorer: ScorerChoice | None) -> ScorerChoice | None:
        """A scorer that loads nothing; at the trusted door any.

        Raises:
            SettingsError: if it would load a model.
        """
        if self.guarded and not (scorer is None or isinstance(scorer, str | WordList | Expression)):
            raise SettingsError("this server scores by words, expressions and judges only; choose one of these")
        return scorer

    def contrast(self, contrast: ContrastSet) -> ContrastSet:
        """A contrast set that a visitor brings, whose scorer comes through too.

        Raises:
            SettingsError: as `scorer`.
        """
        self.scorer(contrast.scorer)
        return contrast
