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
    run_study,
)

if TYPE_CHECKING:
    from lrt_explorer.concepts.vectors import SteeringVector


def add_parser(commands: Any) -> None:
    """Add both commands."""
    vector = commands.add_parser("vector", help="find a steering vector in a model")
    vector.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    vector.add_argument(
        "--layer", type=int, required=True, metavar="I", help="block whose output is read, counted from 0"
    )
    add_concept(vector)
    out = "file to write, .safetensors or .gguf (default: a place in the data folder)"
    vector.add_argument("--out", type=Path, metavar="FILE", help=out)
    add_placement(vector)
    add_json(vector)
    add_places(vector, files=("out",))
    vector.set_defaults(run=run_vector, show=show)

    transfer = commands.add_parser("transfer", help="map a vector of the small model into the large one")
    transfer.add_argument("--map", type=Path, required=True, metavar="DIR", help="folder of a fitted map")
    transfer.add_argument(
        "--vector", type=Path, required=True, metavar="FILE", help="vector of the small model, .safetensors or .gguf"
    )
    transfer.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="file to write; use .gguf for llama.cpp"
    )
    transfer.add_argument(
        "--as-in-paper", action="store_true", help="also add the map's bias, as arXiv 2506.00653 does"
    )
    add_json(transfer)
    add_places(transfer, files=("out",))
    transfer.set_defaults(run=run_transfer, show=show)


def run_vector(options: argparse.Namespace) -> Json:
    """Find a vector and save it."""
    from lrt_explorer.store.vectors import check_vector_file
    from lrt_explorer.workbench.single_vectors import VectorSpec, diagnose_vector, diagnosis_document

    check_vector_file(options.out, options.layer)
    spec = VectorSpec(
        model=options.model,
        layer=options.layer,
        concept=options.concept,
        reading=options.reading,
        method=options.method,
        whiten=options.whiten,
    )
    diagnosed = run_study(diagnose_vector(spec))
    usual = diagnosed.usual_file
    path, elsewhere = _save(options.out or usual, usual, diagnosed.found.vector)
    return {**diagnosis_document(diagnosed), "artifact": str(path)} | elsewhere


def run_transfer(options: argparse.Namespace) -> Json:
    """Map a vector and save it; neither model is loaded."""
    from lrt_explorer.store import data_home
    from lrt_explorer.store.vectors import check_vector_file
    from lrt_explorer.study.ground.known import folder_name
    from lrt_explorer.workbench.single_vectors import transfer_document, transfer_file

    mapped, info = transfer_file(options.map, options.vector, as_in_paper=options.as_in_paper)
    check_vector_file(options.out, info.large_layer)
    name = f"{folder_name(mapped.concept)}-transferred.safetensors"
    path, elsewhere = _save(options.out, data_home() / "vectors" / folder_name(mapped.model) / name, mapped)
    return {**transfer_document(mapped, info), "artifact": str(path)} | elsewhere


def _save(place: Path, usual: Path, vector: "SteeringVector") -> tuple[Path, Json]:
    """Save a vector, in its usual place if that fails where it was asked for: where it is, and what is to be said."""
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
        f"{result['width']} numbers, norm {result['norm']:.3g}{diagnosis}\nsaved in {result['artifact']}"
    )
