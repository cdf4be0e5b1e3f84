"""LRT Explorer: see whether steering vectors transfer from a small language model to a large one.

The studies of the app are functions of this package; they yield their progress, and `finish` runs one to its result:

    import lrt_explorer as lrt

    small, large = lrt.load("tinyworld-s"), lrt.load("tinyworld-l")
    fitted = lrt.finish(lrt.fit_map(small, large, lrt.read_texts("tinyworld"), 2, 4))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lrt_explorer.version import __version__ as __version__

if TYPE_CHECKING:
    from lrt_explorer.concepts.contrast import import_contrast, load_concept
    from lrt_explorer.concepts.vectors import find_vectors, mean_difference, transfer
    from lrt_explorer.lm.export import save_vector
    from lrt_explorer.lm.load import load
    from lrt_explorer.store import load_map, load_vector, save_map
    from lrt_explorer.study.calibrate import calibrate, calibrate_concept
    from lrt_explorer.study.compare import compare
    from lrt_explorer.study.dose import dose_response
    from lrt_explorer.study.evaluate import EvaluationSettings, evaluate
    from lrt_explorer.study.fit import fit_map
    from lrt_explorer.study.layers import layer_grid, solve_pair
    from lrt_explorer.study.moments import known_moments
    from lrt_explorer.study.progress import finish
    from lrt_explorer.study.project import project
    from lrt_explorer.study.suggest import suggest_layers
    from lrt_explorer.study.tables import choices
    from lrt_explorer.study.texts import read_texts


__all__ = [
    "EvaluationSettings",
    "calibrate",
    "calibrate_concept",
    "choices",
    "compare",
    "dose_response",
    "evaluate",
    "find_vectors",
    "finish",
    "fit_map",
    "import_contrast",
    "known_moments",
    "layer_grid",
    "load",
    "load_concept",
    "load_map",
    "load_vector",
    "mean_difference",
    "project",
    "read_texts",
    "save_map",
    "save_vector",
    "solve_pair",
    "suggest_layers",
    "transfer",
]

_HOMES = {
    "lrt_explorer.concepts.contrast": ("import_contrast", "load_concept"),
    "lrt_explorer.concepts.vectors": ("find_vectors", "mean_difference", "transfer"),
    "lrt_explorer.lm.export": ("save_vector",),
    "lrt_explorer.lm.load": ("load",),
    "lrt_explorer.store": ("load_map", "load_vector", "save_map"),
    "lrt_explorer.study.calibrate": ("calibrate", "calibrate_concept"),
    "lrt_explorer.study.compare": ("compare",),
    "lrt_explorer.study.dose": ("dose_response",),
    "lrt_explorer.study.evaluate": ("EvaluationSettings", "evaluate"),
    "lrt_explorer.study.fit": ("fit_map",),
    "lrt_explorer.study.layers": ("layer_grid", "solve_pair"),
    "lrt_explorer.study.moments": ("known_moments",),
    "lrt_explorer.study.progress": ("finish",),
    "lrt_explorer.study.project": ("project",),
    "lrt_explorer.study.suggest": ("suggest_layers",),
    "lrt_explorer.study.tables": ("choices",),
    "lrt_explorer.study.texts": ("read_texts",),
}


def __getattr__(name: str) -> Any:
    """Import a study when it is first asked for, for the libraries below take seconds to load."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
