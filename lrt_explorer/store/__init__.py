"""What is kept on disk: artifacts, maps and vectors, checked when they are read, and the folders where they live."""

from lrt_explorer.store.artifacts import Artifact, has_artifact, load_artifact, save_artifact
from lrt_explorer.store.gguf import ControlVectors, read_gguf, write_gguf
from lrt_explorer.store.homes import assets_home, data_home
from lrt_explorer.store.maps import MapInfo, PairMap, check_map, load_map, save_map
from lrt_explorer.store.moments import MomentsInfo, find_moments, forget_moments, load_moments, save_moments
from lrt_explorer.store.vectors import VectorFile, load_vector, save_vector

__all__ = [
    "Artifact",
    "ControlVectors",
    "MapInfo",
    "MomentsInfo",
    "PairMap",
    "VectorFile",
    "assets_home",
    "check_map",
    "data_home",
    "find_moments",
    "forget_moments",
    "has_artifact",
    "load_artifact",
    "load_map",
    "load_moments",
    "load_vector",
    "read_gguf",
    "save_artifact",
    "save_map",
    "save_moments",
    "save_vector",
    "write_gguf",
]
