"""Endpoints about two layers: fit a map, suggest layers, what they have in common, and a picture of both."""

from dataclasses import asdict
from typing import Any

from lrt_explorer.defaults import BASIS_DIRECTIONS, BASIS_TOKENS, FIT_TOKENS, SPACE_POINTS
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.ui.answering import Endpoint, going_on
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.fitting import FitSpec, fit_document
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import SpaceSettings
from lrt_explorer.workbench.space import picture_document


def map_endpoints(engine: Engine, hosting: Hosting) -> tuple[Endpoint, ...]:
    """`fit`, `suggest_layers`, `basis` and `space` over an engine."""

    def fit(
        small: str,
        large: str,
        small_layer: int | None = None,
        large_layer: int | None = None,
        tokens: int = FIT_TOKENS,
        corpus: str | None = None,
        method: str | None = None,
        all_layers: bool = False,
    ) -> dict[str, Any]:
        """Fit a map between one layer of each model, or between all, save it, and report how good it is.

        Args:
            small: model that vectors come from.
            large: model that is steered.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            tokens: pairs of tokens to use.
            corpus: name of the text; by default what suits the pair.
            method: the estimator: {estimators}; by default what suits the pair.
            all_layers: map every layer of one model to every layer of the other; the two layers are then ignored.
        """
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        spec = FitSpec(corpus=corpus or None, tokens=tokens, method=method, all_layers=all_layers)
        document = fit_document(finish(engine.fit_models(models, spec), going_on))
        # Where a hosted server keeps things is nobody's business.
        return document | ({"artifact": None} if hosting.hosted else {})

    def suggest_layers(
        small: str,
        large: str,
        concepts: list[str] | None = None,
        corpus: str | None = None,
        tokens: int | None = None,
    ) -> dict[str, Any]:
        """Try layer pairs and suggest the one whose mapped vectors should steer the large model most.

        Args:
            small: model that vectors come from.
            large: model that is steered.
            concepts: names, of which at most three are compared; by default chosen from those included for the pair.
            corpus: name of the text that is read; by default what suits the pair.
            tokens: pairs of tokens for each map; by default as many as it needs.
        """
        study = engine.suggest_models(Models(small=small, large=large), concepts or None, corpus or None, tokens)
        found = finish(study, going_on)
        return asdict(found) | {"candidates": [{**asdict(one), "score": one.score} for one in found.candidates]}

    def basis(
        small: str,
        large: str,
        small_layer: int | None = None,
        large_layer: int | None = None,
        directions: int = BASIS_DIRECTIONS,
        tokens: int = BASIS_TOKENS,
        corpus: str | None = None,
    ) -> dict[str, Any]:
        """Find the directions that two layers have in common, and the tokens that excite them.

        Args:
            small: the small model.
            large: the large model.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            directions: how many are listed with their tokens.
            tokens: pairs of tokens to use.
            corpus: name of the text that is read; by default ordinary text that suits the pair.
        """
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        return asdict(finish(engine.basis_models(models, corpus or None, directions, tokens), going_on))

    def space(
        small: str,
        large: str,
        concept: str | None = None,
        small_layer: int | None = None,
        large_layer: int | None = None,
        points: int = SPACE_POINTS,
        layout: str = "concept",
        dims: int = 2,
        neighbours: int = SpaceSettings.neighbours,
        min_dist: float = SpaceSettings.min_dist,
        seed: int = SpaceSettings.seed,
    ) -> dict[str, Any]:
        """Lay out both models' activations in the large model's space, a point for each token and model.

        Args:
            small: model whose activations are mapped.
            large: model whose space it is.
            concept: name of a concept whose vectors are drawn; by default the one that the pair opens with.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            points: pairs of tokens.
            layout: concept (along the native vector), pca or umap.
            dims: 2 or 3.
            neighbours: points around each that UMAP looks at.
            min_dist: how close together UMAP may lay points, from 0 to 0.99.
            seed: of UMAP.
        """
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        settings = SpaceSettings(concept or "", points, layout, dims, neighbours, min_dist, seed)
        return picture_document(finish(engine.picture_models(models, settings), going_on))

    return fit, suggest_layers, basis, space
