"""What the estimators that go down step by step begin with and end in: moments to score on, directions to compare."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace

from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.estimators import Estimate
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.fitting.collect import Collected, Part, Route
from lrt_explorer.study.fitting.directions import directions_for
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.moments import moments_of
from lrt_explorer.study.fitting.solve import FittedMap, check_enough, with_evidence
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress


@dataclass(frozen=True, eq=False)
class Ground:
    """One layer pair before a descent.

    Attributes:
        pair: the models.
        route: the layers.
        collected: the moments of the pair.
        settings: among them the concepts that judge, which are read when a map is there.
        end_weight: how often the last pair of every text counts.
    """

    pair: Pair
    route: Route
    collected: Collected
    settings: FitSettings
    end_weight: int

    @property
    def moments(self) -> Mapping[Part, CrossMoments]:
        """Of each part of the texts."""
        return self.collected.of(self.route)

    def fitted(self, estimate: Estimate, method: str) -> Generator[Progress, None, FittedMap]:
        """A map that was found, scored on the rows that the closed forms are scored on."""
        found = with_evidence(self.pair, self.collected, self.route, estimate, method=method)
        pairs, settings = [(self.route.small_layer, self.route.large_layer)], self.settings
        return found.compared((yield from directions_for(self.pair, pairs, settings)))


def ground_for(
    pair: Pair, texts: Iterable[Document], route: Route, settings: FitSettings
) -> Generator[Progress, None, Ground]:
    """Read the texts once for their moments.

    Raises:
        SettingsError: if a layer does not exist, no tokens are asked for, or the texts can be read only once.
        MapError: if too few tokens could be paired.
    """
    layers = (route.small_layer, route.large_layer)
    pair.check_layers(layers)
    if settings.tokens < 1:
        raise SettingsError(f"a map cannot be fitted on {settings.tokens} tokens; ask for a few thousand")
    if iter(texts) is texts:
        raise SettingsError("the texts are read several times, but this source can be read only once; give a list")
    end_weight = settings.weight_of_ends(texts)
    collected = yield from moments_of(pair, texts, [layers], replace(settings, end_weight=end_weight))
    collected.corpus = settings.corpus
    check_enough(pair, collected, [route])
    return Ground(pair, route, collected, settings, end_weight)
