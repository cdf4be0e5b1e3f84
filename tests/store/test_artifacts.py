import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store import has_artifact, load_artifact, save_artifact

META = {"name": "tiny", "lam": 0.1, "none": None, "list": [1, 2], "nested": {"Ä": "ö"}}


def tensors(value: float = 1.0) -> dict[str, Tensor]:
    return {
        "wide": torch.full((3, 4), value, dtype=torch.float64),
        "narrow": torch.full((2,), value, dtype=torch.bfloat16),
        "count": torch.tensor(7),
        "empty": torch.zeros(0, 5),
    }


def saved(folder: Path, value: float = 1.0) -> Path:
    return save_artifact(folder, "thing", META | {"value": value}, tensors(value))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "artifact.json"
    header = json.loads(path.read_text())
    change(header)
    path.write_text(json.dumps(header))


def one_sentence(error: pytest.ExceptionInfo[Exception]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert message.count(";") == 1, "what is wrong; what to do"
    return message


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    folder = saved(tmp_path / "deep" / "er" / "thing")
    artifact = load_artifact(folder, "thing")
    assert artifact.kind == "thing"
    assert artifact.meta == META | {"value": 1.0}
    assert artifact.tensors.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert artifact.tensors[name].dtype == tensor.dtype
        assert torch.equal(artifact.tensors[name], tensor)
    assert sorted(path.name for path in folder.iterdir()) == ["artifact.json", "tensors.safetensors"]


def test_the_folder_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert saved(tmp_path / "thing").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_views_and_shared_memory_are_saved_as_they_look(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    save_artifact(tmp_path / "thing", "thing", {}, {"a": base, "b": base.T, "c": base[:, 1]})
    loaded = load_artifact(tmp_path / "thing", "thing").tensors
    assert torch.equal(loaded["b"], base.T)
    assert torch.equal(loaded["c"], base[:, 1])


def test_saving_again_replaces_and_leaves_nothing_behind(tmp_path: Path) -> None:
    saved(tmp_path / "thing", 1.0)
    before = load_artifact(tmp_path / "thing", "thing")
    saved(tmp_path / "thing", 2.0)
    assert load_artifact(tmp_path / "thing", "thing").meta["value"] == 2.0
    assert torch.equal(before.tensors["wide"], tensors(1.0)["wide"])
    assert [path.name for path in tmp_path.iterdir() if "thing" in path.name] == ["thing"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    saved(tmp_path / "thing")
    assert has_artifact(tmp_path / "thing")


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters.txt").write_text("dear")
    with pytest.raises(ArtifactError, match="holds other files") as error:
        saved(tmp_path / "home")
    one_sentence(error)
    (tmp_path / "file").write_text("dear")
    with pytest.raises(ArtifactError, match="holds other files"):
        saved(tmp_path / "file")
    assert (tmp_path / "home" / "letters.txt").read_text() == "dear"
    assert (tmp_path / "file").read_text() == "dear"
    assert {path.name for path in tmp_path.iterdir()} >= {"home", "file"}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".home") or path.name.startswith(".file")]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="cannot be written") as error:
        saved(tmp_path / "file" / "thing")
    one_sentence(error)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_not_saved(tmp_path: Path, bad: float) -> None:
    saved(tmp_path / "thing", 1.0)
    with pytest.raises(ArtifactError, match="wide holds numbers that are not finite") as error:
        saved(tmp_path / "thing", bad)
    one_sentence(error)
    with pytest.raises(ArtifactError, match="not valid JSON"):
        save_artifact(tmp_path / "thing", "thing", {"r2": bad}, tensors())
    with pytest.raises(ArtifactError, match="not valid JSON"):
        save_artifact(tmp_path / "thing", "thing", {"path": tmp_path}, tensors())
    assert load_artifact(tmp_path / "thing", "thing").meta["value"] == 1.0
    assert [path.name for path in tmp_path.iterdir() if "thing" in path.name] == ["thing"]


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    assert not has_artifact(tmp_path / "nothing")
    for folder in (tmp_path / "nothing", tmp_path, tmp_path / "no" / "where"):
        with pytest.raises(ArtifactError, match="no saved thing") as error:
            load_artifact(folder, "thing")
        one_sentence(error)


def truncate(name: str, keep: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(keep * len(data))])

    return damage


def flip_last_bit(folder: Path) -> None:
    data = bytearray((folder / "tensors.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "tensors.safetensors").write_bytes(data)


def other_tensors(**changed: Tensor) -> Callable[[Path], None]:
    return lambda folder: save_file(tensors() | changed, folder / "tensors.safetensors")


def with_header(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda folder: edit(folder, change)


def folder_for_header(folder: Path) -> None:
    (folder / "artifact.json").unlink()
    (folder / "artifact.json").mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "tensors cut off": (truncate("tensors.safetensors", 0.9), "cut off"),
    "tensors cut off in their header": (truncate("tensors.safetensors", 0.1), "cut off"),
    "tensors emptied": (truncate("tensors.safetensors", 0.0), "cut off"),
    "tensors gone": (lambda folder: (folder / "tensors.safetensors").unlink(), "missing"),
    "tensors are text": (lambda folder: (folder / "tensors.safetensors").write_text("hello" * 100), "overwritten"),
    "one bit": (flip_last_bit, "not those that it was saved with"),
    "another shape": (other_tensors(wide=torch.ones(4, 3, dtype=torch.float64)), "shapes"),
    "another type": (other_tensors(wide=torch.ones(3, 4)), "shapes"),
    "one tensor more": (other_tensors(more=torch.ones(1)), "shapes"),
    "not finite": (other_tensors(wide=torch.full((3, 4), torch.nan, dtype=torch.float64)), "wide holds numbers that"),
    "infinite": (other_tensors(narrow=torch.full((2,), torch.inf, dtype=torch.bfloat16)), "narrow holds numbers that"),
    "header cut off": (truncate("artifact.json", 0.5), "not valid JSON"),
    "header emptied": (truncate("artifact.json", 0.0), "not valid JSON"),
    "header binary": (lambda folder: (folder / "artifact.json").write_bytes(b"\xff\xfe\x00" * 9), "not valid JSON"),
    "header too deep": (lambda folder: (folder / "artifact.json").write_text("[" * 100_000), "not valid JSON"),
    "header with NaN": (
        with_header(lambda header: header["meta"].update(r2=float("nan"))),
        "not valid JSON with finite",
    ),
    "header with overflow": (
        lambda folder: (folder / "artifact.json").write_text(
            (folder / "artifact.json").read_text().replace("0.1", "1e999")
        ),
        "not valid JSON with finite",
    ),
    "header is a list": (lambda folder: (folder / "artifact.json").write_text("[]"), "describes nothing"),
    "no meta": (with_header(lambda header: header.pop("meta")), "describes nothing"),
    "no shapes": (with_header(lambda header: header.pop("tensors")), "shapes"),
    "shapes changed": (with_header(lambda header: header["tensors"]["wide"].update(shape=[4, 3])), "shapes"),
    "no sum": (with_header(lambda header: header.pop("sha256")), "not those that it was saved with"),
    "another kind": (with_header(lambda header: header.update(kind="vector")), "holds a saved vector, not a thing"),
    "no kind": (with_header(lambda header: header.pop("kind")), "not a thing"),
    "a later format": (with_header(lambda header: header.update(version=2)), "has format 2"),
    "no format": (with_header(lambda header: header.pop("version")), "has format None"),
    "header is a folder": (
        folder_for_header,
        "no saved thing",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_in_one_sentence_and_can_be_saved_again(tmp_path: Path, damage: str) -> None:
    act, expected = DAMAGES[damage]
    folder = saved(tmp_path / "thing")
    load_artifact(folder, "thing")
    act(folder)
    with pytest.raises(ArtifactError, match=expected) as error:
        load_artifact(folder, "thing")
    one_sentence(error)
    saved(folder, 3.0)
    assert load_artifact(folder, "thing").meta["value"] == 3.0


def test_an_artifact_of_another_kind_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "thing")
    with pytest.raises(ArtifactError, match="holds a saved thing, not a map") as error:
        load_artifact(tmp_path / "thing", "map")
    one_sentence(error)


def test_a_link_to_an_artifact_is_followed(tmp_path: Path) -> None:
    saved(tmp_path / "thing")
    (tmp_path / "link").symlink_to(tmp_path / "thing")
    saved(tmp_path / "link", 2.0)
    assert (tmp_path / "link").is_symlink()
    assert load_artifact(tmp_path / "thing", "thing").meta["value"] == 2.0


KILLED_WRITER = """
import os, sys
from pathlib import Path

import torch

from lrt_explorer.store import save_artifact

folder, last = Path(sys.argv[1]), int(sys.argv[2])
EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "os.scandir", "os.listdir"}


def save(value):
    save_artifact(folder, "thing", {"value": value}, {"wide": torch.full((3, 4), value)})


def die_before(step):
    seen = 0

    def hook(event, arguments):
        nonlocal seen
        if event in EVENTS and str(folder.parent) in str(arguments[0]):
            seen += 1
            if seen > step:
                os._exit(9)

    sys.addaudithook(hook)


for step in range(last):
    save(1.0)
    child = os.fork()
    if child == 0:
        die_before(step)
        save(2.0)
        os._exit(0)
    killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    reader = os.fork()
    if reader == 0:
        from lrt_explorer.store import load_artifact

        found = load_artifact(folder, "thing")
        value = found.meta["value"]
        whole = bool((found.tensors["wide"] == value).all())
        print(step, "killed" if killed else "done", value, whole, flush=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1]) == 0, step
    if not killed:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_step_leaves_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    """A writer dies before its first, second, third ... call to the file system; a reader then looks."""
    folder = tmp_path / "home" / "thing"
    run = subprocess.run(
        [sys.executable, "-c", KILLED_WRITER, str(folder), "60"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    outcomes = [line.split() for line in run.stdout.splitlines()]
    assert all(whole == "True" for *_, whole in outcomes)
    assert [end for _, end, *_ in outcomes] == ["killed"] * (len(outcomes) - 1) + ["done"]
    values = [float(value) for *_, value, _ in outcomes]
    assert set(values) == {1.0, 2.0}
    assert values == sorted(values), "once the new one is in place, it stays"
    assert values.count(1.0) >= 5, "the writer was killed before, between and after its renames"


def test_the_old_one_returns_when_the_new_one_cannot_be_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "thing", 1.0)
    rename = Path.rename
    renamed: list[str] = []

    def failing(path: Path, target: Path) -> Path:
        if ".new-" in path.name and renamed:
            raise OSError(errno.EIO, "the disk is failing")
        try:
            return rename(path, target)
        finally:
            renamed.append(path.name)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(ArtifactError, match="the disk is failing"):
        saved(folder, 2.0)
    assert "thing" in renamed, "the old one was set aside"
    assert [path.name for path in tmp_path.iterdir() if "thing" in path.name] == ["thing"]
    assert load_artifact(folder, "thing").meta["value"] == 1.0


def test_what_a_killed_writer_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    half_written, fresh = tmp_path / ".thing.new-dead", tmp_path / ".thing.new-busy"
    for folder in (half_written, fresh):
        folder.mkdir()
        (folder / "tensors.safetensors").write_bytes(b"")
    os.utime(half_written, (0, 0))
    (tmp_path / ".thing.old-dead").mkdir()
    (tmp_path / ".thing.gone-dead").mkdir()
    (tmp_path / ".another.new-dead").mkdir()
    os.utime(tmp_path / ".another.new-dead", (0, 0))
    saved(tmp_path / "thing")
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert left == {".thing.new-busy", ".another.new-dead"}


def test_writers_and_readers_at_the_same_time_see_only_whole_artifacts(tmp_path: Path) -> None:
    folder = tmp_path / "thing"
    saved(folder, 0.0)

    def write_and_read(value: int) -> bool:
        if value % 2:
            saved(folder, float(value))
        found = [load_artifact(folder, "thing") for _ in range(3)]
        return all(bool((one.tensors["wide"] == one.meta["value"]).all()) for one in found)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_read, range(1, 201)))
    assert [path.name for path in tmp_path.iterdir() if "thing" in path.name] == ["thing"]
