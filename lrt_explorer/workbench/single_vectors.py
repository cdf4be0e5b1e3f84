"""A vector of one model: found in it, or taken through a map, as the command line and Python ask for it."""

from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.methods import METHODS, Method, check_finding
from lrt_explorer.concepts.vectors import Found, SteeringVector, find_vectors, transfer
from lrt_explorer.defaults import READING
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.cache import ModelCache, models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, data_home, load_map, load_vector
from lrt_explorer.study.ground.known import folder_name, known_vectors, model_label
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import World, world_of
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.workbench.concepts import named_concept


@dataclass(frozen=True, kw_only=True)
class VectorSpec:
    """Which vector, of which model, and how it is found.

    Attributes:
        model: a preset, a folder, a GGUF file, a hub id, or a loaded model.
        layer: block whose output is read, counted from 0.
        concept: a set, the name of one that ships for the model, or the path of its file.
        reading: which tokens are read; None for what the concept prefers.
        method: how the texts become a direction.
        whiten: whether that is done in whitened activations.
        cache: where the model comes from and stays; None for that of the whole program.

    Raises:
        SettingsError: if there is no such reading or method.
    """

    model: str | LanguageModel
    layer: int
    concept: str | ContrastSet
    reading: Reading | None = READING
    method: Method = METHODS.default
    whiten: bool = False
    cache: ModelCache | None = None

    def __post_init__(self) -> None:
        """Refuse what no vector can be found by."""
        check_finding(self.reading, self.method)

    @property
    def world(self) -> World:
        """What suits this model, known before it is loaded."""
        return world_of(self.model if isinstance(self.model, str) else self.model.name)


@dataclass(frozen=True)
class DiagnosedVector:
    """A vector with what is known of it.

    Attributes:
        found: the vector, the diagnosis of its pairs, and how many pairs were too long.
        unit: what strength is measured in at its layer.
    """

    found: Found
    unit: TypicalDeviation

    @property
    def usual_file(self) -> Path:
        """Where it is saved if no place is chosen."""
        vector = self.found.vector
        kind = "" if vector.method == METHODS.default else f"-{folder_name(vector.method)}"
        name = f"{folder_name(vector.concept)}-{vector.layer}-{vector.reading}{kind}.safetensors"
        return data_home() / "vectors" / folder_name(vector.model) / name


def find_vector(spec: VectorSpec) -> Generator[Progress, None, SteeringVector]:
    """The vector, from the cache if it was read before.

    Raises what loading raises, and:
        ContrastError, VectorError: if there is no such concept, or it gives no vector.
        SettingsError: if the model has no such layer.
    """
    contrast = named_concept(spec.world, spec.concept)
    lm = yield from _open(spec)
    read = known_vectors().reading(lm, contrast, [spec.layer], spec.reading, spec.method, whiten=spec.whiten)
    return (yield from read)[spec.layer].vector


def diagnose_vector(spec: VectorSpec) -> Generator[Progress, None, DiagnosedVector]:
    """The vector of `find_vector`, always read from the texts, with the diagnosis of its pairs. Raises the same."""
    contrast = named_concept(spec.world, spec.concept)
    lm = yield from _open(spec)
    yield Progress(1, 2, f"reading {len(contrast.pairs)} pairs of {contrast.name} with {model_label(lm.name)}")
    how: dict[str, Any] = {"method": spec.method, "reading": spec.reading, "whiten": spec.whiten}
    found = find_vectors(lm, contrast, [spec.layer], **how)[spec.layer]
    return DiagnosedVector(found, unit_of(lm, spec.layer, spec.world.ordinary))


def transfer_file(map: Path, vector: Path, *, as_in_paper: bool = False) -> tuple[SteeringVector, MapInfo]:
    """The vector in a file, as a saved map takes it into the large model; no model is loaded.

    Args:
        map: the folder of the map.
        vector: a vector of the small model; of a GGUF file with several layers, that of the map's.
        as_in_paper: whether the map's bias is added too (arXiv 2506.00653).

    Raises:
        ArtifactError: if there is no map, or it is damaged.
        VectorError: if there is no vector, or it is not of the map's small model and layer.
    """
    affine, info = load_map(map)
    several = vector.suffix.lower() == ".gguf"
    found = load_vector(vector, info.small_layer if several else None, affine.d_small)
    return transfer(found, affine, info, as_in_paper=as_in_paper), info


def vector_document(vector: SteeringVector) -> dict[str, Any]:
    """A vector without its numbers, as plain JSON values."""
    return {
        "model": vector.model,
        "layer": vector.layer,
        "concept": vector.concept,
        "method": vector.method,
        "reading": vector.reading,
        "width": len(vector.values),
        "norm": float(vector.values.norm()),
        **({"mapped_from": vector.mapped_from} if vector.mapped_from else {}),
    }


def transfer_document(mapped: SteeringVector, info: MapInfo) -> dict[str, Any]:
    """A vector that came through a map, with the models and layers of the map, as plain JSON values."""
    places = {"small": info.small, "large": info.large}
    layers = {"small_layer": info.small_layer, "large_layer": info.large_layer}
    return {**places, **layers, **vector_document(mapped)}


def diagnosis_document(diagnosed: DiagnosedVector) -> dict[str, Any]:
    """A vector with its diagnosis, as plain JSON values."""
    found = diagnosed.found
    return {
        **vector_document(found.vector),
        "pairs_left_out": found.left_out,
        "typical_deviation": diagnosed.unit.value,
        "diagnosis": asdict(found.diagnosis),
    }


def _open(spec: VectorSpec) -> Generator[Progress, None, LanguageModel]:
    """The model, loaded if need be; a layer that it does not have is refused."""
    lm = spec.model
    if isinstance(lm, str):
        yield Progress(0, 2, f"loading {model_label(lm)}")
        lm = (spec.cache or models()).get(lm)
    check_layer(lm, spec.layer)
    return lm
