"""Maps on their way from and to a visitor: one zip file, or the two files of an artifact."""

import hashlib
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from lrt_explorer.errors import ArtifactError

NAMES = ("artifact.json", "tensors.safetensors")
LARGEST = 2_000_000_000
"""Bytes that a map may unpack to: one of two models 16,000 wide in float64."""


def pack_map(folder: Path, archive: Path) -> Path:
    """Write the files of a map artifact into one zip file.

    Raises:
        ArtifactError: if the artifact is gone.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name in NAMES:
                bundle.write(folder / name, name)
    except FileNotFoundError as error:
        archive.unlink(missing_ok=True)
        raise ArtifactError(f"the map is no longer in {folder}; fit it again") from error
    return archive


def unpack_map(files: Sequence[Path], home: Path) -> Path:
    """Lay the files of a map out as an artifact below `home`; whether they are sound is seen when it is loaded.

    Only the two files of an artifact are taken, whatever else an archive holds.

    Raises:
        ArtifactError: if the files are not those of a map.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    folder = home / digest.hexdigest()[:16]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if len(files) == 1 and files[0].suffix == ".zip":
        _extract(files[0], folder)
    else:
        for file in files:
            if file.name in NAMES:
                shutil.copyfile(file, folder / file.name)
    if missing := [name for name in NAMES if not (folder / name).is_file()]:
        raise ArtifactError(f"a map is a zip file or two files, and {' and '.join(missing)} is missing; choose both")
    return folder


def _extract(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as bundle:
            for member in bundle.infolist():
                name = Path(member.filename).name
                if name not in NAMES:
                    continue
                if member.file_size > LARGEST:
                    raise ArtifactError(f"{archive.name} unpacks to more than a map can hold; save the map again")
                with bundle.open(member) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ArtifactError(f"{archive.name} is damaged or not a zip file; save the map again") from error
