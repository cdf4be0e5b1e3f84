"""Maps set aside on disk for the length of one study, where there may be too many of them for the memory."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from lrt_explorer.errors import ArtifactError
from lrt_explorer.linear.affine import AffineMap


class SpareMaps:
    """A temporary folder of maps by layer pair; a context manager that removes it.

    Unlike artifacts they hold no description and no digest, and nothing waits until they are safe from a power cut.
    """

    def __init__(self) -> None:
        """Start empty, with a folder of its own in the system's place for such things."""
        self._folder = TemporaryDirectory(prefix="lrt-maps-")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder with everything in it."""
        self._folder.cleanup()

    def put(self, pair: tuple[int, int], map: AffineMap) -> None:
        """Set a map aside.

        Raises:
            ArtifactError: If the system refuses to write.
        """
        try:
            save_file({"weight": map.weight.contiguous(), "bias": map.bias.contiguous()}, self._path(pair))
        except (OSError, SafetensorError) as error:
            raise ArtifactError(
                f"{self._folder.name} cannot be written ({error}); free some space or set TMPDIR to another folder"
            ) from error

    def get(self, pair: tuple[int, int]) -> AffineMap:
        """The map that was set aside for this pair.

        Raises:
            ArtifactError: If it cannot be read again.
        """
        try:
            tensors = load_file(self._path(pair))
        except (OSError, SafetensorError) as error:
            raise ArtifactError(f"{self._folder.name} cannot be read ({error}); start again") from error
        return AffineMap(tensors["weight"], tensors["bias"])

    def _path(self, pair: tuple[int, int]) -> Path:
        return Path(self._folder.name) / f"{pair[0]}-{pair[1]}.safetensors"
