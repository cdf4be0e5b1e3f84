"""Endpoints about concepts: check one before anyone steers, find its vector in one model, map it into another."""

from dataclasses import asdict
from typing import Any

from lrt_explorer.concepts.contrast import Reading
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.defaults import READING
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.answering import Endpoint, going_on
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.single_vectors import VectorSpec, diagnosis_document, transfer_document


def concept_endpoints(engine: Engine) -> tuple[Endpoint, ...]:
    """`check`, `vector` and `transfer` over an engine."""

    def check(
        small: str,
        large: str,
        concept: str,
        small_layer: int | None = None,
        large_layer: int | None = None,
        reading: Reading | None = READING,
        method: Method = METHODS.default,
        whiten: bool = False,
    ) -> dict[str, Any]:
        """Check a concept before you steer: do its pairs agree, at which layers, and does the map carry its vector?

        Args:
            small: model that the vector comes from.
            large: model that is steered.
            concept: name of a concept that ships for these models.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            reading: which tokens are read: {readings}; by default what the concept prefers.
            method: how texts become a vector: {methods}.
            whiten: find the vectors in whitened activations.
        """
        spec = SteerSpec(concept=concept, reading=reading, method=method, whiten=whiten)
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        return asdict(finish(engine.check_models(models, spec), going_on))

    def vector(
        model: str,
        concept: str,
        layer: int,
        reading: Reading | None = READING,
        method: Method = METHODS.default,
        whiten: bool = False,
        values: bool = False,
    ) -> dict[str, Any]:
        """Find the steering vector of a concept at a layer of one model, and say what its pairs are worth.

        Args:
            model: a preset, a folder, a GGUF file or a hub id.
            concept: name of a concept that ships for this model.
            layer: block whose output is read, from 0.
            reading: which tokens are read: {readings}; by default what the concept prefers.
            method: how texts become a vector: {methods}.
            whiten: find the vector in whitened activations.
            values: also give the numbers of the vector, as many as the model is wide.
        """
        spec = VectorSpec(model=model, layer=layer, concept=concept, reading=reading, method=method, whiten=whiten)
        found = finish(engine.vector_of_model(spec), going_on)
        return diagnosis_document(found) | ({"values": found.found.vector.values.tolist()} if values else {})

    def transfer(
        small: str,
        large: str,
        concept: str,
        small_layer: int | None = None,
        large_layer: int | None = None,
        reading: Reading | None = READING,
        method: Method = METHODS.default,
        whiten: bool = False,
        estimator: str | None = None,
        as_in_paper: bool = False,
        values: bool = False,
    ) -> dict[str, Any]:
        """Find the steering vector of a concept in the small model and map it into the large one.

        Args:
            small: model that the vector comes from.
            large: model that it is mapped into.
            concept: name of a concept that ships for these models.
            small_layer: block of the small model, from 0; by default what suits the pair.
            large_layer: block of the large model, from 0; likewise.
            reading: which tokens are read: {readings}; by default what the concept prefers.
            method: how texts become a vector: {methods}.
            whiten: find the vector in whitened activations.
            estimator: of the map: {estimators}; by default that of an existing map, or else what suits the pair.
            as_in_paper: add the map's bias to the vector, as arXiv 2506.00653 does.
            values: also give the numbers of the mapped vector, as many as the large model is wide.
        """
        spec = SteerSpec(concept=concept, reading=reading, method=method, whiten=whiten, as_in_paper=as_in_paper)
        models = Models(small=small, large=large, small_layer=small_layer, large_layer=large_layer)
        mapped, info = finish(engine.transfer_models(models, spec, estimator or ""), going_on)
        return transfer_document(mapped, info) | ({"values": mapped.values.tolist()} if values else {})

    return check, vector, transfer
