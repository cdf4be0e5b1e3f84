"""`lrt-explorer vector` and `transfer`: find a steering vector in one model, map it into another."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrt_explorer.cli.common import MODEL_HELP, Json, add_concept, add_json, load_model

if TYPE_CHECKING:
    from lrt_explorer.concepts.vectors import SteeringVector

METHODS = ("mean-difference",)


def add_parser(commands: Any) -> None:
    """Add both commands."""
    vector = commands.add_parser("vector", help="find a steering vector in a model")
    vector.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    vector.add_argument("--layer", type=int, required=True, metavar="I", help="block whose output is read, from 0")
    add_concept(vector)
    vector.add_argument("--method", choices=METHODS, default=METHODS[0], help="default: %(default)s")
    vector.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: in the data folder)")
    add_json(vector)
    vector.set_defaults(run=run_vector, show=show)

    transfer = commands.add_parser("transfer", help="map a vector of the small model into the large one")
    transfer.add_argument("--map", type=Path, required=True, metavar="DIR", help="folder of a fitted map")
    transfer.add_argument("--vector", type=Path, required=True, metavar="FILE", help="vector of the small model")
    transfer.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    transfer.add_argument("--as-in-paper", action="store_true", help="add the map's bias too, as arXiv 2506.00653 does")
    add_json(transfer)
    transfer.set_defaults(run=run_transfer, show=show)


def run_vector(options: argparse.Namespace) -> Json:
    """Find a vector and keep it."""
    from lrt_explorer.concepts.contrast import load_concept
    from lrt_explorer.lm.blocks import check_layer
    from lrt_explorer.store import data_home, save_vector
    from lrt_explorer.study.known import folder_name, known_vectors

    concept = load_concept(options.concept)
    lm = load_model(options.model)
    check_layer(lm, options.layer)
    known = known_vectors().get(lm, concept, options.layer, options.reading)
    name = f"{folder_name(concept.name)}-{options.layer}-{known.vector.reading}.safetensors"
    path = options.out or data_home() / "vectors" / folder_name(lm.name) / name
    save_vector(path, known.vector)
    return {**_described(known.vector), "typical_norm": known.typical_norm, "artifact": str(path)}


def run_transfer(options: argparse.Namespace) -> Json:
    """Map a vector and keep it; neither model is loaded."""
    from lrt_explorer.concepts.vectors import transfer
    from lrt_explorer.store import load_map, load_vector, save_vector

    vector = load_vector(options.vector)
    map, info = load_map(options.map)
    mapped = transfer(vector, map, info, as_in_paper=options.as_in_paper)
    save_vector(options.out, mapped)
    layers = {"small_layer": info.small_layer, "large_layer": info.large_layer}
    return {"small": info.small, "large": info.large, **layers, **_described(mapped), "artifact": str(options.out)}


def show(result: Json) -> str:
    """Where the vector lives and where it was kept."""
    return (
        f"{result['concept']} in {result['model']} layer {result['layer']}: {result['method']}, {result['reading']}, "
        f"{result['width']} numbers, norm {result['norm']:.3g}\nkept in {result['artifact']}"
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
