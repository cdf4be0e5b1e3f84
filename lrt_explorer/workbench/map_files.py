"""Maps on their way from and to a visitor: one zip file, or the two files of an artifact."""

import errno
import hashlib
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from lrt_explorer.errors import ArtifactError
from lrt_explorer.limits import MAP_HEADER_BYTES, MAP_WIDTH
from lrt_explorer.store import load_map
from lrt_explorer.store.artifacts import HEADER, TENSORS
from lrt_explorer.store.reading import check_safetensors, check_size, size
from lrt_explorer.store.swap import new_file, new_folder
from lrt_explorer.workbench.pair import Pair

NAMES = (HEADER, TENSORS)
_NUMBER_BYTES = 8
_CHUNK = 1 << 20
_MOST_MEMBERS = 16
# The last record of a zip file: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16
_END, _END_BYTES, _LOCATOR, _LOCATOR_BYTES = b"PK\x05\x06", 22, b"PK\x06\x07", 20
_MOST_COMMENT = 65_535


def map_bytes(d_small: int = MAP_WIDTH, d_large: int = MAP_WIDTH) -> int:
    """Bytes that the numbers of a map between two widths may take, with what their file holds beside them."""
    return _NUMBER_BYTES * (d_small + 1) * d_large + MAP_HEADER_BYTES


def pack_map(folder: Path, archive: Path) -> Path:
    """Write the files of a map artifact into one zip file.

    Raises:
        ArtifactError: if the artifact is gone, or the system refuses to write.
    """
    try:
        # Someone may be taking the archive away while it is packed again.
        with new_file(archive.resolve()) as fresh, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name in NAMES:
                bundle.write(folder / name, name)
    except FileNotFoundError as error:
        raise ArtifactError("this map has been removed; fit it again") from error
    except OSError as error:
        raise ArtifactError(f"the map cannot be packed ({error.strerror}); free some space and try again") from error
    return archive


def unpack_map(
    files: Sequence[Path], home: Path, most: int | None = None, check: Callable[[Path], object] | None = None
) -> Path:
    """Lay the files of a map out as an artifact below `home`, in a folder named after what they hold.

    Only the two files of an artifact are taken, whatever else an archive holds, and their sizes are checked before a
    byte is unpacked. What is refused leaves nothing, and a map that lies there already stays as it is.

    Args:
        files: a zip file, or the two files.
        home: the folder of the folders.
        most: bytes that the numbers may take; None for those of the widest models.
        check: looks at the artifact before it is kept, and raises an error to refuse it.

    Raises:
        ArtifactError: if the files are not those of a map, or the system refuses to write.
    """
    sizes = {HEADER: MAP_HEADER_BYTES, TENSORS: map_bytes() if most is None else most}
    try:
        place = home.resolve() / _digest(files, sum(sizes.values()) + MAP_HEADER_BYTES)
        if place.is_dir():
            if check is not None:
                check(place)
            return place
        with new_folder(place) as fresh:
            if len(files) == 1 and files[0].suffix == ".zip":
                _extract(files[0], fresh, sizes)
            else:
                for file in files:
                    if file.name in sizes:
                        check_size(file, sizes[file.name], ArtifactError, "this part of a map of these two models")
                        shutil.copyfile(file, fresh / file.name)
            if missing := [name for name in NAMES if not (fresh / name).is_file()]:
                raise ArtifactError(
                    f"a map is a zip file or two files, and {' and '.join(missing)} is missing; choose both"
                )
            check_safetensors(fresh / TENSORS, sizes[TENSORS], MAP_HEADER_BYTES, ArtifactError, "a map")
            if check is not None:
                check(fresh)
    except OSError as error:
        raise ArtifactError(f"the map cannot be kept ({error.strerror}); free some space and try again") from error
    return place


def check_usable(pair: Pair, folder: Path) -> None:
    """Check that a map can work for a pair: made for these weights, between layers that there are, and not all zero.

    Raises:
        ArtifactError: if it cannot, or is damaged.
    """
    map, info = load_map(folder)
    pair.check(info)
    layers, widths = (info.small_layer, info.large_layer), (map.d_small, map.d_large)
    counts = (pair.small.layers, pair.large.layers)
    if any(layer >= count for layer, count in zip(layers, counts, strict=True)):
        raise ArtifactError(
            f"this map leads from layer {layers[0]} to layer {layers[1]}, but the models have {counts[0]} and "
            f"{counts[1]} layers, counted from 0; fit it again"
        )
    if widths != (pair.small.width, pair.large.width):
        raise ArtifactError(
            f"this map leads from {widths[0]} numbers to {widths[1]}, but the models have {pair.small.width} and "
            f"{pair.large.width}; fit it again"
        )
    if not bool(map.weight.any()):
        raise ArtifactError("the weights of this map are all zero, so it maps every vector to nothing; fit it again")


def _digest(files: Sequence[Path], most: int) -> str:
    digest = hashlib.sha256()
    for file in files:
        check_size(file, most, ArtifactError, "a map of these two models")
        digest.update(file.name.encode())
        with file.open("rb") as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:16]


def _extract(archive: Path, folder: Path, sizes: dict[str, int]) -> None:
    try:
        _check_members(archive)
        with zipfile.ZipFile(archive) as bundle:
            for member in bundle.infolist():
                name = Path(member.filename).name
                if name not in sizes:
                    continue
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise zipfile.BadZipFile
                if member.file_size > sizes[name]:
                    raise ArtifactError(
                        f"{name} of {archive.name} unpacks to {size(member.file_size)}, but that of a map of these "
                        f"models has at most {size(sizes[name])}; choose a map saved here"
                    )
                with bundle.open(member) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error, OSError) as error:
        # What the disk refuses has another number, and is no fault of the file.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise ArtifactError(f"{archive.name} is damaged or not a zip file; save the map again") from error


def _check_members(archive: Path) -> None:
    """Refuse a list of members that is long: it would be read whole before the first is seen."""
    with archive.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(0, length - _END_BYTES - _MOST_COMMENT - _LOCATOR_BYTES))
        tail = file.read()
    # Found where Python finds it: at the very end, or else wherever it stands last before a comment.
    plain = len(tail) - _END_BYTES
    at = plain if tail[plain : plain + 4] == _END and tail.endswith(b"\0\0") else tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise zipfile.BadZipFile
    members, listed = struct.unpack("<HI", tail[at + 10 : at + 16])
    if members > _MOST_MEMBERS or listed > MAP_HEADER_BYTES or _LOCATOR in tail[max(0, at - _LOCATOR_BYTES) : at]:
        raise ArtifactError(f"{archive.name} holds more than a map; choose a map saved here")
