"""What loading a model takes and what is free: the figures, and the refusal that gives them."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from lrt_explorer.errors import ModelError
from lrt_explorer.lm import load as loading
from lrt_explorer.lm import memory
from lrt_explorer.lm.load import load
from lrt_explorer.lm.memory import (
    BESIDE,
    TOKENIZER_BASE,
    TOKENIZER_FACTOR,
    Need,
    check_room,
    free_memory,
    give_back_memory,
    needed_memory,
)
from lrt_explorer.lm.summary import ModelSummary, describe
from tests.lm.families import tiny_model, tiny_tokenizer

CPU = torch.device("cpu")
TABLE, MATRIX = 1000 * 8, 40 * 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint of a table and a matrix in half precision and some whole numbers, in two files."""
    home = tmp_path / "model"
    home.mkdir()
    table, matrix = torch.zeros(1000, 8, dtype=torch.bfloat16), torch.zeros(40, 8, dtype=torch.bfloat16)
    save_file({"model.embed_tokens.weight": table}, home / "model-00001-of-00002.safetensors")
    save_file(
        {"model.proj.weight": matrix, "steps": torch.zeros(3, dtype=torch.int64)}, home / "model-00002.safetensors"
    )
    return home


def test_as_stored_it_takes_what_its_files_hold(folder: Path) -> None:
    weights = 2 * (TABLE + MATRIX) + 3 * 8
    # Whole numbers are read by the library, which has them twice.
    assert needed_memory(folder, None) == Need(weights, weights + 3 * 8 + BESIDE)


@pytest.mark.parametrize(
    ("dtype", "size", "beside"),
    # The table is never turned round, and the matrix in float32 alone.
    [(torch.float32, 4, 4 * MATRIX), (torch.float64, 8, 3 * 8), (torch.float16, 2, 3 * 8)],
)
def test_floats_are_counted_in_the_precision_asked_for_and_whole_numbers_as_they_are(
    folder: Path, dtype: torch.dtype, size: int, beside: int
) -> None:
    weights = size * (TABLE + MATRIX) + 3 * 8
    assert needed_memory(folder, dtype) == Need(weights, weights + beside + BESIDE)


def test_a_matrix_in_float32_is_in_memory_twice(tmp_path: Path) -> None:
    save_file({"lm_head.weight": torch.zeros(1000, 8, dtype=torch.bfloat16)}, tmp_path / "model.safetensors")
    assert needed_memory(tmp_path, torch.float32) == Need(4 * TABLE, 8 * TABLE + BESIDE)
    assert needed_memory(tmp_path, None) == Need(2 * TABLE, 2 * TABLE + BESIDE)


def test_a_tokenizer_counts_by_the_size_of_its_file(folder: Path) -> None:
    bare = needed_memory(folder, None)
    (folder / "tokenizer.json").write_bytes(b" " * 1000)
    size = round(1000 * TOKENIZER_FACTOR) + TOKENIZER_BASE
    assert bare is not None and bare.tokenizer == 0
    assert needed_memory(folder, None) == Need(bare.weights, 2 * size + BESIDE, size)
    (folder / "tokenizer.json").write_bytes(b" " * 1_000_000)
    size = round(1_000_000 * TOKENIZER_FACTOR) + TOKENIZER_BASE
    # Larger than all weights: reading it takes the most.
    assert needed_memory(folder, None) == Need(bare.weights, 2 * size + BESIDE, size)


def test_without_files_the_number_of_parameters_tells() -> None:
    model = ModelSummary("far", "somebody/far", 1_000_000, None, None, available=False)
    assert needed_memory(model, torch.float32) == Need(4_000_000, 4_800_000)
    assert needed_memory(model, None) == Need(2_000_000, 2_400_000)
    assert needed_memory(ModelSummary("far", "somebody/far", None, None, None, available=False), None) is None
    assert needed_memory(describe("gpt2"), torch.float32) is not None, "a preset's size is known"


def test_a_damaged_file_is_left_to_the_loading_to_tell(folder: Path) -> None:
    (folder / "model-00002.safetensors").write_bytes(b"nothing")
    assert needed_memory(folder, None) is None


# What is free


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, str]], None]:
    """Sets what this process finds of itself: its control groups, and files below the folder that holds them all."""
    (tmp_path / "meminfo").write_text("MemTotal: 8000 kB\nMemAvailable: 5000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "PROCESS", tmp_path / "own")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "groups")
    (tmp_path / "groups").mkdir()

    def put(own: str, files: dict[str, str]) -> None:
        (tmp_path / "own").write_text(own)
        for name, content in files.items():
            file = tmp_path / "groups" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

    return put


def group(name: str, limit: str, used: int, cached: int = 0) -> dict[str, str]:
    """The files of a group in the second version."""
    stat = f"anon 7\ninactive_file {cached}\n"
    return {f"{name}memory.max": limit, f"{name}memory.current": str(used), f"{name}memory.stat": stat}


def test_in_no_container_the_machine_tells(machine: Callable[[str, dict[str, str]], None]) -> None:
    machine("0::/\n", {})
    assert free_memory() == 5000 * 1024


def test_a_container_s_limit_tells_and_cached_files_give_way(machine: Callable[[str, dict[str, str]], None]) -> None:
    machine("0::/a/b\n", group("a/b/", "1000", 700, cached=100))
    assert free_memory() == 400


def test_the_tightest_of_nested_groups_tells(machine: Callable[[str, dict[str, str]], None]) -> None:
    machine("0::/a/b\n", group("", "max", 9) | group("a/", "900", 800) | group("a/b/", "1000", 100))
    assert free_memory() == 100


def test_a_container_that_is_told_its_path_in_the_host_sees_itself_as_the_root(
    machine: Callable[[str, dict[str, str]], None],
) -> None:
    machine("0::/docker/abc\n", group("", "1000", 400))
    assert free_memory() == 600


def test_a_group_that_is_over_its_limit_leaves_nothing(machine: Callable[[str, dict[str, str]], None]) -> None:
    machine("0::/a\n", group("a/", "1000", 1200))
    assert free_memory() == 0


@pytest.mark.parametrize(("limit", "left"), [("1000", 350), (str(2**63 - 4096), 5000 * 1024)])
def test_the_first_version_of_groups_is_read_too(
    machine: Callable[[str, dict[str, str]], None], limit: str, left: int
) -> None:
    files = {
        "memory/a/memory.limit_in_bytes": limit,
        "memory/a/memory.usage_in_bytes": "700",
        "memory/a/memory.stat": "total_inactive_file 50\n",
    }
    machine("5:cpu,cpuacct:/a\n4:memory:/a\n", files)
    assert free_memory() == left


def test_where_nothing_can_be_told_nothing_is_refused(
    machine: Callable[[str, dict[str, str]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MEMINFO", Path("/no/such/file"))
    monkeypatch.setattr(memory, "find_spec", lambda name: None)
    assert free_memory() is None
    check_room("huge", Need(10**15, 10**15), None, CPU)
    check_room("unknown", None, None, CPU)


# The refusal


def test_a_model_that_does_not_fit_is_refused_with_all_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda device: 3_000_000_000)
    need = Need(4_000_000_000, 4_400_000_000)
    with pytest.raises(ModelError) as caught:
        check_room("big", need, torch.float32, CPU)
    assert str(caught.value) == (
        "big needs 4.4 GB to be loaded (4.0 GB for its weights as float32), but 3.0 GB of memory is free; choose a "
        "smaller model or the dtype bfloat16, or free some memory"
    )
    with pytest.raises(ModelError, match=r"weights as stored\), but .*; choose a smaller model, or free some memory$"):
        check_room("big", need, None, CPU)
    with pytest.raises(ModelError, match=r"weights as bfloat16\), but .*; choose a smaller model, or free"):
        check_room("big", need, torch.bfloat16, CPU)


def test_what_fits_exactly_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda device: 1000)
    check_room("fits", Need(900, 1000), None, CPU)
    with pytest.raises(ModelError):
        check_room("one too many", Need(900, 1001), None, CPU)


def test_on_an_accelerator_the_weights_alone_have_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda device: 1000)
    check_room("fits", Need(1000, 2000, 500), None, torch.device("cuda"))
    with pytest.raises(ModelError):
        check_room("too large", Need(1001, 2000), None, torch.device("cuda"))


def test_nothing_is_read_of_a_model_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_model("llama", dtype=torch.float16).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    need = needed_memory(tmp_path, torch.float32)
    assert need is not None
    monkeypatch.setattr(loading, "read_weights", lambda *_, **__: pytest.fail("the weights were read"))
    monkeypatch.setattr(memory, "free_memory", lambda device: need.peak - 1)
    with pytest.raises(ModelError, match=rf"^{tmp_path} needs \S+ GB to be loaded \(\S+ GB for its weights as float32"):
        load(str(tmp_path), device="cpu")


def test_memory_is_given_back_where_the_system_can(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(malloc_trim=called.append))
    give_back_memory()
    assert called == [0]
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    give_back_memory()
