"""Saving vectors for other programs: a GGUF file names the architecture of the model that it belongs to."""

from pathlib import Path

from lrt_explorer import store
from lrt_explorer.lm.summary import architecture
from lrt_explorer.store import VectorFile


def save_vector(path: str | Path, vector: VectorFile) -> Path:
    """Save a vector; a kill at any moment leaves the file that was there before, or the new one.

    Args:
        path: The file; `*.gguf` becomes a GGUF control vector, which llama.cpp applies to the model's own GGUF file,
            and every other a safetensors file. Its folder is made if needed.
        vector: What to save.

    Returns:
        The path.

    Raises:
        VectorError: If the system refuses to write there, or GGUF has no place for its layer.
    """
    return store.save_vector(Path(path), vector, architecture(vector.model))
