"""LRT Explorer: see whether steering vectors transfer from a small language model to a large one.

Plain functions take models by name and give plain results; `progress=True` shows a bar:

    import lrt_explorer as lrt

    comparison = lrt.compare("tinyworld-s", "tinyworld-l", "register")
    fitted = lrt.fit_map("smollm2-135m", "smollm2-360m", progress=True)

The same studies step by step are in `lrt_explorer.steps`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lrt_explorer.version import __version__ as __version__

if TYPE_CHECKING:
    from lrt_explorer import report as report
    from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt, import_contrast, load_concept
    from lrt_explorer.concepts.vectors import find_vectors, mean_difference, transfer
    from lrt_explorer.errors import (
        ArtifactError,
        BusyError,
        CancelledError,
        ContrastError,
        LRTError,
        MapError,
        ModelError,
        PromptError,
        RegistryError,
        SettingsError,
        VectorError,
    )
    from lrt_explorer.library import steps as steps
    from lrt_explorer.library.functions import (
        basis,
        calibrate,
        check,
        compare,
        control_maps,
        dose_response,
        evaluate,
        find_vector,
        fit_map,
        layer_grid,
        load_map,
        project,
        solve_pair,
        suggest_layers,
    )
    from lrt_explorer.library.results import Comparison, Evaluation, FittedMap, LayerGrid, SpacePicture
    from lrt_explorer.linear.affine import AffineMap
    from lrt_explorer.linear.steering import SteeringVector
    from lrt_explorer.lm.export import save_vector
    from lrt_explorer.lm.load import load, wrap_model
    from lrt_explorer.lm.model import LanguageModel
    from lrt_explorer.store import load_vector, save_map
    from lrt_explorer.study.corpora.texts import read_texts
    from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
    from lrt_explorer.study.fitting.moments import known_moments
    from lrt_explorer.study.ground.pair import Pair
    from lrt_explorer.study.ground.progress import Progress, finish
    from lrt_explorer.study.tables import choices


__all__ = [
    "AffineMap",
    "ArtifactError",
    "BusyError",
    "CancelledError",
    "Comparison",
    "ContrastError",
    "ContrastSet",
    "Evaluation",
    "EvaluationSettings",
    "FittedMap",
    "LRTError",
    "LanguageModel",
    "LayerGrid",
    "MapError",
    "ModelError",
    "Pair",
    "Progress",
    "PromptError",
    "ReadoutPrompt",
    "RegistryError",
    "SettingsError",
    "SpacePicture",
    "SteeringVector",
    "VectorError",
    "basis",
    "calibrate",
    "check",
    "choices",
    "compare",
    "control_maps",
    "dose_response",
    "evaluate",
    "find_vector",
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
    "report",
    "save_map",
    "save_vector",
    "solve_pair",
    "steps",
    "suggest_layers",
    "transfer",
    "wrap_model",
]

_HOMES = {
    "lrt_explorer.concepts.contrast": ("ContrastSet", "ReadoutPrompt", "import_contrast", "load_concept"),
    "lrt_explorer.concepts.vectors": ("find_vectors", "mean_difference", "transfer"),
    "lrt_explorer.errors": (
        "ArtifactError",
        "BusyError",
        "CancelledError",
        "ContrastError",
        "LRTError",
        "MapError",
        "ModelError",
        "PromptError",
        "RegistryError",
        "SettingsError",
        "VectorError",
    ),
    "lrt_explorer.library.functions": (
        "basis",
        "calibrate",
        "check",
        "compare",
        "control_maps",
        "dose_response",
        "evaluate",
        "find_vector",
        "fit_map",
        "layer_grid",
        "load_map",
        "project",
        "solve_pair",
        "suggest_layers",
    ),
    "lrt_explorer.library.results": ("Comparison", "Evaluation", "FittedMap", "LayerGrid", "SpacePicture"),
    "lrt_explorer.linear.affine": ("AffineMap",),
    "lrt_explorer.linear.steering": ("SteeringVector",),
    "lrt_explorer.lm.export": ("save_vector",),
    "lrt_explorer.lm.load": ("load", "wrap_model"),
    "lrt_explorer.lm.model": ("LanguageModel",),
    "lrt_explorer.store": ("load_vector", "save_map"),
    "lrt_explorer.study.evaluation.evaluate": ("EvaluationSettings",),
    "lrt_explorer.study.fitting.moments": ("known_moments",),
    "lrt_explorer.study.ground.pair": ("Pair",),
    "lrt_explorer.study.ground.progress": ("Progress", "finish"),
    "lrt_explorer.study.tables": ("choices",),
    "lrt_explorer.study.corpora.texts": ("read_texts",),
}
_MODULES = {"report": "lrt_explorer.report", "steps": "lrt_explorer.library.steps"}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for, since the libraries below take seconds to load."""
    if name in _MODULES:
        return import_module(_MODULES[name])
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What there is, whether it was imported already or not."""
    return sorted({*__all__, "__all__", "__doc__", "__name__", "__version__"})
