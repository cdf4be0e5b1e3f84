"""Corpora of rows: tables, conversations, and data sets that are not reached in tests."""

import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lrt_explorer.cli.fit import CORPUS_HELP
from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import Conversation
from lrt_explorer.study.corpora.hub import PUBLIC
from lrt_explorer.study.corpora.rows import document_of
from lrt_explorer.study.corpora.texts import prepared, read_texts, sample_texts
from tests.study.tiny import large

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
    with pytest.raises(SettingsError, match=r"line 1 of chat.jsonl has neither 'text'"):
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
    assert list(read_texts(str(file))) == ["once", "", "upon"]


def hub(rows: list[dict[str, Any]] | Exception, asked: list[Any]) -> ModuleType:
    library = ModuleType("datasets")

    def load_dataset(name: str, config: str | None, split: str, streaming: bool) -> list[dict[str, Any]]:
        asked.append((name, config, split, streaming))
        if isinstance(rows, Exception):
            raise rows
        return rows

    library.__dict__["load_dataset"] = load_dataset
    return library


def test_a_data_set_of_the_hub_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    rows: list[dict[str, Any]] = [{"text": "one", "meta": {}}, {"text": None, "meta": {}}, {"text": "two", "meta": {}}]
    monkeypatch.setitem(sys.modules, "datasets", hub(rows, asked))
    # A row without a text is counted when it is read, and so must not vanish here.
    for source in ("hf:org/name", "hf:org/name:validation", "hf:org/name:en:train", "hf:org/name:en:", "wikitext"):
        assert list(read_texts(source)) == ["one", "", "two"]
    assert asked == [
        ("org/name", None, "train", True),
        ("org/name", None, "validation", True),
        ("org/name", "en", "train", True),
        ("org/name", "en", "train", True),
        ("Salesforce/wikitext", "wikitext-103-raw-v1", "train", True),
    ]
    talks = [{"messages": [{"role": "user", "content": "Hi"}], "text": "not this"}]
    monkeypatch.setitem(sys.modules, "datasets", hub(talks, asked))
    assert list(read_texts("hf:org/talks")) == [Conversation((("user", "Hi"),))]


def test_a_data_set_that_is_not_there_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        SettingsError, match=r"read with the package datasets; install it with `pip install '\.\[corpora\]'`"
    ):
        read_texts("hf:org/name")
    monkeypatch.setitem(sys.modules, "datasets", hub(ConnectionError("offline.\nmore"), []))
    with pytest.raises(SettingsError, match=r"org/name cannot be read from the hub \(offline\); check its name"):
        read_texts("hf:org/name")
    monkeypatch.setitem(sys.modules, "datasets", hub([{"a": "x", "b": "y"}], []))
    with pytest.raises(SettingsError, match="has the columns a, b"):
        list(read_texts("hf:org/name"))
    missing = ValueError("Config name is missing.\nPlease pick one among the available configs: ['en', 'de']")
    monkeypatch.setitem(sys.modules, "datasets", hub(missing, []))
    with pytest.raises(SettingsError, match="name one of its configurations as hf:org/name:CONFIG:SPLIT"):
        read_texts("hf:org/name")
    for source in ("hf:", "hf::train", "hf:a:b:c:d"):
        with pytest.raises(SettingsError, match="does not name a data set"):
            read_texts(source)


ASKED, TOLD = ("user", "How are you?"), ("assistant", "Well.")
TALK = Conversation((ASKED, TOLD))
OPENAI = [{"role": "user", "content": "How are you?"}, {"role": "assistant", "content": "Well."}]
SHAREGPT = [{"from": "human", "value": "How are you?"}, {"from": "gpt", "value": "Well."}]
PARTS = [
    {"role": "user", "content": [{"type": "text", "text": "How are"}, {"type": "image_url", "image_url": {}}]},
    {"role": "assistant", "content": [{"type": "text", "text": "Well."}]},
]
CALLS = [
    OPENAI[0],
    {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "look"}}]},
    {"role": "tool", "content": "{}", "tool_call_id": "1"},
    OPENAI[1],
]


@pytest.mark.parametrize(
    ("row", "document"),
    [
        ({"messages": OPENAI}, TALK),
        ({"conversations": SHAREGPT}, TALK),
        ({"conversation": OPENAI, "text": "not this"}, TALK),
        ({"messages": json.dumps(OPENAI)}, TALK),
        ({"messages": CALLS}, TALK),
        ({"messages": [{"role": "assistant", "tool_calls": []}, *OPENAI]}, TALK),
        ({"messages": PARTS}, Conversation((("user", "How are"), TOLD))),
        ({"prompt": "How are you?", "completion": "Well."}, TALK),
        ({"prompt": OPENAI[:1], "completion": OPENAI[1:]}, TALK),
        ({"prompt": "The sky is", "completion": " blue."}, "The sky is blue."),
        ({"instruction": "How are you?", "input": "", "output": "Well.", "text": "all of it again"}, TALK),
        (
            {"instruction": "Add.", "input": "1 2", "output": "3"},
            Conversation((("user", "Add.\n\n1 2"), ("assistant", "3"))),
        ),
        ({"Question": "How are you?", "Answer": "Well."}, TALK),
        ({"text": "a"}, "a"),
        ({"Content": "a", "id": 3}, "a"),
        ({"body": "a"}, "a"),
        ({"text": None}, ""),
        ({"text": "  "}, ""),
        ({"messages": []}, ""),
        ({"messages": None, "text": "a"}, "a"),
        ({"messages": [{"role": "user", "content": None}]}, ""),
        ({"messages": [{"role": "user"}]}, None),
        ({"messages": "no list"}, Conversation((("user", "no list"),))),
        ({"messages": [1]}, None),
        ({"text": 5}, None),
        ({"words": "a"}, None),
        ({}, None),
    ],
)
def test_rows_hold_documents_in_the_forms_that_people_have(row: dict[str, object], document: object) -> None:
    assert document_of(row) == document


ROWS: list[dict[str, Any]] = [{"text": "one, two"}, {"text": "three"}, {"text": ""}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.CSV", 'text\n"one, two"\nthree\n""\n'),
        ("a.csv", "id;text\n1;one, two\n2;three\n3;\n"),
        ("a.tsv", "text\tid\none, two\t1\nthree\t2\n\t3\n"),
        ("a.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS)),
        ("a.ndjson", "\n".join(json.dumps(row) for row in ROWS)),
        ("a.json", json.dumps(ROWS)),
        ("a.JSON", json.dumps(ROWS, indent=1)),
        ("b.json", json.dumps({"version": 1, "data": ROWS})),
        ("c.json", json.dumps([row["text"] for row in ROWS])),
        ("d.json", json.dumps({"features": [], "rows": [{"row_idx": n, "row": row} for n, row in enumerate(ROWS)]})),
        ("e.json", "".join(json.dumps(row) + "\n" for row in ROWS)),
        ("a.jsonl.gz", "".join(json.dumps(row) + "\n" for row in ROWS)),
        ("a.csv.gz", 'text\n"one, two"\nthree\n""\n'),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_with_every_ending_are_read(tmp_path: Path, name: str, content: str, mark: bytes) -> None:
    packed = mark + content.encode()
    (tmp_path / name).write_bytes(gzip.compress(packed) if name.endswith("gz") else packed)
    assert list(read_texts(str(tmp_path / name))) == ["one, two", "three", ""]


def test_markdown_is_read_in_sections(tmp_path: Path) -> None:
    file = tmp_path / "notes.MD"
    long = "A line of a long section. " * 30
    file.write_text(f"# One\n\nText.\n\n```\n# no heading\n\nx = 1\n```\n## Two\n{long}\n\n{long}\n\nThe rest.\n")
    first, second, third = read_texts(str(file))
    assert isinstance(first, str) and first.startswith("# One\n\nText.") and first.endswith("x = 1\n```")
    assert isinstance(second, str) and second.startswith("## Two") and third == "The rest."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text\nhello there\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        ("text\nhello there\n".encode("utf-16-le"), "is UTF-16 text; save it as UTF-8"),
        (b"%PDF-1.7\n", "is not text but a PDF"),
        (b"PK\x03\x04rest", "is not text but a zip archive or an office document"),
        (b"text\n\x00\x00\x00\x01", "is not text but binary data"),
    ],
)
@pytest.mark.parametrize("ending", ["txt", "csv", "jsonl", "json", "md"])
def test_what_is_no_utf8_text_is_refused_at_once(tmp_path: Path, ending: str, content: bytes, said: str) -> None:
    file = tmp_path / f"a.{ending}"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        read_texts(str(file))


def test_a_line_that_is_no_document_is_named(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.json", '[{"text": "a"}, {"words": "b"}]', "entry 2 of a.json has neither 'text'"),
        ("b.json", '[{"text": "a"},\n {"text": }]', "line 2 of b.json is not JSON"),
        ("c.jsonl", '{"text": "a"}\n{"text"\n', "line 2 of c.jsonl is not JSON"),
        ("d.jsonl.gz", "not packed", "cannot read the corpus"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(SettingsError, match=said):
            list(read_texts(str(tmp_path / name)))


def test_public_data_sets_have_one_word_each_and_stand_in_the_help() -> None:
    for word, corpus in PUBLIC.items():
        assert re.fullmatch(r"[a-z0-9]+", word) and word in CORPUS_HELP
        assert corpus.source.startswith("hf:") and corpus.licence


def test_corpora_joined_by_a_plus_come_in_turn(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a1\na2\na3\n")
    (tmp_path / "b.txt").write_text("b1\n")
    joined = read_texts(f"{tmp_path / 'a.txt'}+{tmp_path / 'b.txt'}")
    assert list(joined) == list(joined) == ["a1", "b1", "a2", "a3"]
    plus = tmp_path / "a+b.txt"
    plus.write_text("one file\n")
    assert list(read_texts(str(plus))) == ["one file"]
    with pytest.raises(SettingsError, match="there is no corpus 'nowhere'"):
        read_texts(f"{tmp_path / 'a.txt'}+nowhere")


def test_text_that_a_model_is_to_write_needs_a_model() -> None:
    corpus = read_texts("self")
    with pytest.raises(SettingsError, match="is written by the large model of a pair"):
        next(iter(corpus))
    with pytest.raises(SettingsError, match="is written by the large model of a pair"):
        sample_texts(1, "self")
    with pytest.raises(StopIteration) as stop:
        next(prepared(["a"], large(), 10))
    assert stop.value.value == ["a"]
