"""Corpora of rows: tables, conversations, and data sets that are not reached in tests."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import Conversation
from lrt_explorer.study.texts import read_texts, sample_texts

CHAT = '{"messages": [{"role": "user", "content": " Hi "}, {"role": "assistant", "content": "Hello."}]}\n'


def test_a_corpus_can_be_read_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one\ntwo\n")
    corpus = read_texts(str(file))
    assert list(corpus) == list(corpus) == ["one", "two"]
    assert corpus.name == str(file)


def test_conversations_and_texts_come_from_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text(CHAT + '{"text": "plain"}\n')
    assert list(read_texts(str(file))) == [Conversation((("user", "Hi"), ("assistant", "Hello."))), "plain"]
    assert sample_texts(2, str(file)) == ["Hi\n\nHello.", "plain"]
    file.write_text('{"messages": [{"role": "user"}]}\n')
    with pytest.raises(SettingsError, match="line 1 of chat.jsonl has no 'text'"):
        list(read_texts(str(file)))


@pytest.mark.parametrize(
    ("content", "documents"),
    [
        ('id,text,more\n1,"one, and\nmore",x\n2,,y\n3,NA,z\n', ["one, and\nmore", "", "NA"]),
        ("number,story\n1,once\n2,upon\n", ["once", "upon"]),
    ],
)
def test_csv_has_a_column_of_documents(tmp_path: Path, content: str, documents: list[str]) -> None:
    file = tmp_path / "table.csv"
    file.write_text(content)
    assert list(read_texts(str(file))) == documents


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\nx,y\n", "has the columns a, b, and it is not clear which holds the documents; name that column 'text'"),
        (b"a,b\n1,2\n", "it is not clear which holds the documents"),
        (b"", "cannot be read as CSV"),
        (b"text\ncaf\xe9\n", "cannot be read as CSV"),
    ],
)
def test_a_table_without_documents_is_refused_at_once(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        read_texts(str(file))


class FakeParquet(ModuleType):
    """What is used of pyarrow.parquet, over rows in memory."""

    class ParquetFile:
        def __init__(self, path: Path) -> None:
            self.schema_arrow = type("Schema", (), {"names": ["id", "story"], "types": ["int64", "large_string"]})

        def iter_batches(self, batch_size: int, columns: list[str]) -> Iterator[Any]:
            for story in ("once", None, "upon"):
                yield type("Batch", (), {"to_pylist": staticmethod(lambda story=story: [{columns[0]: story}])})


def test_parquet_is_read_where_pyarrow_is_and_refused_in_a_sentence_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(SettingsError, match="is Parquet, which needs the package pyarrow; install it with `pip"):
        read_texts(str(file))
    monkeypatch.setitem(sys.modules, "pyarrow", ModuleType("pyarrow"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", FakeParquet("pyarrow.parquet"))
    assert list(read_texts(str(file))) == ["once", "upon"]


def hub(rows: list[dict[str, Any]] | Exception, asked: list[Any]) -> ModuleType:
    library = ModuleType("datasets")

    def load_dataset(name: str, split: str, streaming: bool) -> list[dict[str, Any]]:
        asked.append((name, split, streaming))
        if isinstance(rows, Exception):
            raise rows
        return rows

    library.__dict__["load_dataset"] = load_dataset
    return library


def test_a_data_set_of_the_hub_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    rows = [{"text": "one", "meta": {}}, {"text": None, "meta": {}}, {"text": "two", "meta": {}}]
    monkeypatch.setitem(sys.modules, "datasets", hub(rows, asked))
    assert list(read_texts("hf:org/name")) == ["one", "two"]
    assert list(read_texts("hf:org/name:validation")) == ["one", "two"]
    assert asked == [("org/name", "train", True), ("org/name", "validation", True)]
    talks = [{"messages": [{"role": "user", "content": "Hi"}], "text": "not this"}]
    monkeypatch.setitem(sys.modules, "datasets", hub(talks, asked))
    assert list(read_texts("hf:org/talks")) == [Conversation((("user", "Hi"),))]


def test_a_data_set_that_is_not_there_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SettingsError, match="read with the package datasets; install it with `pip install datasets`"):
        read_texts("hf:org/name")
    monkeypatch.setitem(sys.modules, "datasets", hub(ConnectionError("offline.\nmore"), []))
    with pytest.raises(SettingsError, match=r"org/name cannot be read from the hub \(offline\); check its name"):
        read_texts("hf:org/name")
    monkeypatch.setitem(sys.modules, "datasets", hub([{"a": "x", "b": "y"}], []))
    with pytest.raises(SettingsError, match="has the columns a, b"):
        list(read_texts("hf:org/name"))
    with pytest.raises(SettingsError, match="names no data set"):
        read_texts("hf:")
