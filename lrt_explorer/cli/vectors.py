"""`lrt-explorer vector` and `transfer`: find a steering vector in one model, map it into another."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrt_explorer.cli.common import (
    ELSEWHERE,
    MODEL_HELP,
    Json,
    add_concept,
    add_json,
    add_placement,
    add_places,
    load_model,
)
from lrt_explorer.concepts.methods import METHODS

if TYPE_CHECKING:
    from lrt_explorer.concepts.vectors import SteeringVector


def add_parser(commands: Any) -> None:
    """Add both commands."""
    vector = commands.add_parser("vector", help="find a steering vector in a model")
    vector.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    vector.add_argument("--layer", type=int, required=True, metavar="I", help="block whose output is read, from 0")
    add_concept(vector)
    out = "file to write, .safetensors or .gguf (default: in the data folder)"
    vector.add_argument("--out", type=Path, metavar="FILE", help=out)
    add_placement(vector)
    add_json(vector)
    add_places(vector, files=("out",))
    vector.set_defaults(run=run_vector, show=show)

    transfer = commands.add_parser("transfer", help="map a vector of the small model into the large one")
    transfer.add_argument("--map", type=Path, required=True, metavar="DIR", help="folder of a fitted map")
    transfer.add_argument(
        "--vector", type=Path, required=True, metavar="FILE", help="vector of the small model, or GGUF"
    )
    transfer.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write; .gguf for llama.cpp")
    transfer.add_argument("--as-in-paper", action="store_true", help="add the map's bias too, as arXiv 2506.00653 does")
    add_json(transfer)
    add_places(transfer, files=("out",))
    transfer.set_defaults(run=run_transfer, show=show)


def run_vector(options: argparse.Namespace) -> Json:
    """Find a vector and keep it."""
    from lrt_explorer.concepts.reading import reader
    from lrt_explorer.concepts.vectors import find_vectors
    from lrt_explorer.lm.blocks import check_layer
    from lrt_explorer.store import data_home
    from lrt_explorer.store.vectors import check_vector_file
    from lrt_explorer.study.ground.known import folder_name
    from lrt_explorer.study.ground.world import world_of
    from lrt_explorer.study.steering.deviation import unit_of

    check_vector_file(options.out, options.layer)
    concept = world_of(options.model).concept(options.concept)
    reader(options.reading or concept.reading)
    lm = load_model(options.model)
    check_layer(lm, options.layer)
    layer = options.layer
    how = {"method": options.method, "reading": options.reading, "whiten": options.whiten}
    found = find_vectors(lm, concept, [layer], **how)[layer]
    unit = unit_of(lm, layer, world_of(lm.name).ordinary)
    kind = "" if found.vector.method == METHODS.default else f"-{folder_name(found.vector.method)}"
    name = f"{folder_name(concept.name)}-{layer}-{found.vector.reading}{kind}.safetensors"
    usual = data_home() / "vectors" / folder_name(lm.name) / name
    path, elsewhere = _save(options.out or usual, usual, found.vector)
    diagnosis = vars(found.diagnosis)
    described = {**_described(found.vector), "pairs_left_out": found.left_out}
    return {**described, "typical_deviation": unit.value, "diagnosis": diagnosis, "artifact": str(path)} | elsewhere


def run_transfer(options: argparse.Namespace) -> Json:
    """Map a vector and keep it; neither model is loaded."""
    from lrt_explorer.concepts.vectors import transfer
    from lrt_explorer.store import data_home, load_map, load_vector
    from lrt_explorer.store.vectors import check_vector_file
    from lrt_explorer.study.ground.known import folder_name

    map, info = load_map(options.map)
    check_vector_file(options.out, info.large_layer)
    several = options.vector.suffix.lower() == ".gguf"
    vector = load_vector(options.vector, info.small_layer if several else None, map.d_small)
    mapped = transfer(vector, map, info, as_in_paper=options.as_in_paper)
    usual = (
        data_home() / "vectors" / folder_name(mapped.model) / f"{folder_name(mapped.concept)}-transferred.safetensors"
    )
    path, elsewhere = _save(options.out, usual, mapped)
    layers = {"small_layer": info.small_layer, "large_layer": info.large_layer}
    return {"small": info.small, "large": info.large, **layers, **_described(mapped), "artifact": str(path)} | elsewhere


def _save(place: Path, usual: Path, vector: "SteeringVector") -> tuple[Path, Json]:
    """Keep a vector; if that fails where it was asked for, in its usual place. Where it is, and what is to be said."""
    from lrt_explorer.errors import VectorError
    from lrt_explorer.lm.export import save_vector

    try:
        return save_vector(place, vector), {}
    except VectorError as error:
        if place == usual:
            raise
        save_vector(usual, vector)
        return usual, {ELSEWHERE: f"{error}; kept in {usual}"}


def show(result: Json) -> str:
    """Where the vector lives and where it was kept."""
    diagnosis = f"\n{result['diagnosis']['verdict']}" if "diagnosis" in result else ""
    if left_out := result.get("pairs_left_out"):
        diagnosis += f"\n{left_out} pairs are longer than the model's context and were left out."
    return (
        f"{result['concept']} in {result['model']} layer {result['layer']}: {result['method']}, {result['reading']}, "
        f"{result['width']} numbers, norm {result['norm']:.3g}{diagnosis}\nkept in {result['artifact']}"
    )


def _described(vector: "SteeringVector") -> Json:
    return {
        "model": vector.model,
        "layer": vector.layer,
        "concept": vector.concept,
        "method": vector.method,
        "reading": vector.reading,
        "width": len(vector.values),
        "norm": float(vector.values.norm()),
    }
