"""Every format reads what people have, and each of ten ways to spoil a file gets one sentence that names the line."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt, import_contrast, load_concept
from lrt_explorer.concepts.formats.columns import paste_contrast
from lrt_explorer.concepts.formats.evaluations import choice_prompt
from lrt_explorer.concepts.formats.lists import default_personas, suffix_pairs
from lrt_explorer.errors import ContrastError
from lrt_explorer.limits import CONTRAST_SET_BYTES
from tests.material import NOT_HERE, SHARED

REAL = sorted((SHARED / "data").rglob("*.json*"))
needs_data = pytest.mark.skipif(not REAL, reason=NOT_HERE)

WHERE = ("garden", "kitchen", "harbour", "market", "library", "stable", "attic", "valley")


def own() -> str:
    return "".join(json.dumps({"with": f"Joy in the {w}.", "without": f"Grief in the {w}."}) + "\n" for w in WHERE)


def evaluations() -> str:
    rows = []
    for number, where in enumerate(WHERE):
        answers = (" (A)", " (B)") if number % 2 else (" (B)", " (A)")
        keys = ("question", "answer_matching_behavior", "answer_not_matching_behavior")
        question = f"Would you wait in the {where}?\n\nChoices:\n (A) No\n (B) Yes"
        rows.append(json.dumps(dict(zip(keys, (question, *answers), strict=True))))
    return "\n".join(rows) + "\n"


def statements() -> str:
    return "statement,label\n" + "".join(f'"A {w}, as it is",{n % 2}\n' for n, w in enumerate(WHERE))


def labelled_lines() -> str:
    return "".join(json.dumps({"text": f"A {w}.", "label": n % 2 == 0}) + "\n" for n, w in enumerate(WHERE))


def columns() -> str:
    return "".join(f"Joy in the {w}.\tGrief in the {w}.\n" for w in WHERE)


def texts() -> str:
    return json.dumps([f"In the {w}" for w in WHERE], indent=1)


FORMATS: dict[str, tuple[str, Callable[[], str]]] = {
    "own": ("set.jsonl", own),
    "evaluations": ("set.jsonl", evaluations),
    "labelled lines": ("set.jsonl", labelled_lines),
    "statements": ("set.csv", statements),
    "columns": ("set.txt", columns),
    "texts": ("set.json", texts),
}


def read(folder: Path, name: str, content: str | bytes) -> ContrastSet:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return import_contrast(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_sound_file_is_read(tmp_path: Path, kind: str) -> None:
    name, make = FORMATS[kind]
    contrast = read(tmp_path, name, make())
    assert contrast.name == "set"
    assert len(contrast.pairs) >= len(WHERE) // 2
    assert all(positive != negative for positive, negative in contrast.pairs)
    # Line ends of another system and a byte order mark change nothing.
    assert read(tmp_path, name, b"\xef\xbb\xbf" + make().replace("\n", "\r\n").encode()).pairs == contrast.pairs
    assert load_concept(str(tmp_path / name)) == contrast


Spoil = Callable[[str], str | bytes]
LINE = r"line \d+ of set\.\w+ "


def second_line(text: str) -> Spoil:
    """Put a line of this kind in the second place."""
    return lambda content: "\n".join([(lines := content.split("\n"))[0], text, *lines[2:]])


def common(name: str) -> dict[str, tuple[Spoil, str]]:
    """What can happen to a file of any format."""
    page = "<!DOCTYPE html>\n<html><body>404</body></html>\n"
    return {
        "empty": (lambda content: "\n \n", f"{name} is empty; write at least two pairs"),
        "50 MB": (lambda content: content + " " * 50_000_000, f"{name} is larger than 5 MB"),
        "bad UTF-8": (lambda content: content.encode().replace(b"arket", b"\xff\xfe"), f"{LINE}is not UTF-8 text"),
        "HTML": (lambda content: page, "line 1 of .* a web page"),
        "binary": (lambda content: content.encode().replace(b"arket", b"\x00\x01"), f"{LINE}is not text but binary"),
    }


PAIR = '{"with": "a", "without": "b"}'
ASKED = '{"question": "Q?", "answer_matching_behavior": "%s", "answer_not_matching_behavior": " No"}'
TURNED = {" (A)": " (B)", " (B)": " (A)"}


def contradicted(content: str) -> str:
    row = json.loads(content.splitlines()[2])
    for key in ("answer_matching_behavior", "answer_not_matching_behavior"):
        row[key] = TURNED[row[key]]
    return content + json.dumps(row) + "\n"


SPOILED: dict[str, dict[str, tuple[Spoil, str]]] = {
    "own": {
        "wrong key": (second_line('{"width": "a", "without": "b"}'), "line 2 of set.jsonl has no text under 'with'"),
        "one-sided": (second_line('{"with": "a"}'), "line 2 of set.jsonl has no text under 'without'"),
        "NaN": (second_line('{"with": NaN, "without": "b"}'), "line 2 of set.jsonl holds NaN"),
        "duplicate": (lambda c: c + c.splitlines()[3] + "\n", "line 9 of set.jsonl repeats line 4 of set.jsonl"),
        "mixed types": (second_line('{"with": "a", "without": ["b"]}'), "line 2 of set.jsonl has no text"),
        "a key twice": (second_line('{"with": "a", "with": "b"}'), "line 2 of set.jsonl gives 'with' twice"),
    },
    "evaluations": {
        "wrong key": (lambda c: c.replace("question", "frage"), "line 1 of set.jsonl has no text under 'question'"),
        "one-sided": (second_line(ASKED % " No"), "line 2 of set.jsonl gives ' No' as both"),
        "NaN": (second_line('{"question": NaN}'), "line 2 of set.jsonl holds NaN"),
        "duplicate": (
            contradicted,
            "line 9 of set.jsonl asks the same question as line 3 of set.jsonl with other answers",
        ),
        "one line over and over": (lambda c: (c.splitlines()[0] + "\n") * 5, "line 2 of set.jsonl repeats line 1"),
        "mixed types": (second_line("[1, 2]"), "line 2 of set.jsonl is not a JSON object"),
    },
    "labelled lines": {
        "wrong key": (second_line('{"txt": "a", "label": 1}'), "line 2 of set.jsonl has no text under 'text'"),
        "one-sided": (lambda c: c.replace("false", "true"), "set.jsonl is one-sided: every statement is labelled"),
        "NaN": (second_line('{"text": "a", "label": NaN}'), "line 2 of set.jsonl holds NaN"),
        "duplicate": (
            lambda c: c + '{"text": "A attic.", "label": false}',
            "line 9 .* gives the statement of line 7 of .* another label",
        ),
        "mixed types": (second_line('{"text": "a", "label": [1]}'), "line 2 of set.jsonl has no label under 'label'"),
    },
    "statements": {
        "wrong key": (lambda c: c.replace("statement", "aussage"), "line 1 of set.csv has no column text"),
        "one-sided": (lambda c: c.replace(",0", ",1"), "set.csv is one-sided: every statement is labelled '1'"),
        "NaN": (second_line("a kitchen,nan"), "line 2 of set.csv has nothing under 'label'"),
        "duplicate": (
            lambda c: c + '"A attic, as it is",1\n',
            "line 10 of set.csv gives the statement of line 8 of .* another label",
        ),
        "duplicate column": (lambda c: c.replace("label", "statement"), "line 1 .* names the column 'statement' twice"),
        "mixed types": (second_line("a kitchen,1,2,3"), "line 2 of set.csv has 4 columns, but the header has 2"),
        "a third label": (second_line("a kitchen,maybe"), "line 4 of set.csv has a third label '0'"),
        "an open quote": (second_line('"a kitchen,1'), "line 2 of set.csv is not a valid table row"),
    },
    "columns": {
        "wrong key": (second_line("with: a without: b"), "line 2 of set.txt has neither a tab nor"),
        "one-sided": (second_line("a\t"), "line 2 of set.txt is one-sided"),
        "NaN": (second_line("a\tNaN"), "line 2 of set.txt is one-sided"),
        "duplicate": (lambda c: c + c.splitlines()[3] + "\n", "line 9 of set.txt repeats line 4 of set.txt"),
        "mixed types": (second_line("a\tb\tc"), "line 2 of set.txt has 3 columns"),
        "the same twice": (second_line("a\ta"), "line 2 of set.txt holds the same text twice"),
    },
    "texts": {
        "wrong key": (lambda c: '{"sufixes": ["a", "b"]}', "line 1 of set.json has 'sufixes' and none of the keys"),
        "one-sided": (
            lambda c: '{"positive": ["a", "b"], "negative": []}',
            "line 1 .* needs a list of texts under 'neg",
        ),
        "NaN": (second_line(" NaN,"), "line 2 of set.json holds NaN"),
        "duplicate": (
            lambda c: '["a",\n"a",\n"a"]',
            "line 2 of set.json repeats line 1 of set.json, and so does every other entry",
        ),
        "mixed types": (second_line(" 3,"), "line 2 of set.json is not a text"),
        "a missing comma": (lambda c: c.replace('harbour",', 'harbour"'), "line 5 of set.json is not JSON: a comma"),
        "something behind": (lambda c: c + "\nmore", "line 11 of set.json goes on after the end"),
        "a list of nothing": (lambda c: '["", " "]', "set.json is a list without texts"),
    },
}
CASES = [
    (kind, way, spoil, said)
    for kind, (name, _) in FORMATS.items()
    for way, (spoil, said) in (common(name) | SPOILED[kind]).items()
]


@pytest.mark.parametrize(("kind", "way", "spoil", "said"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_a_spoiled_file_is_refused_in_one_sentence(
    tmp_path: Path, kind: str, way: str, spoil: Spoil, said: str
) -> None:
    name, make = FORMATS[kind]
    with pytest.raises(ContrastError, match=said) as refusal:
        read(tmp_path, name, spoil(make()))
    one_sentence(refusal)


def one_sentence(refusal: pytest.ExceptionInfo[ContrastError]) -> None:
    assert "\n" not in str(refusal.value)
    assert ";" in str(refusal.value), "what is wrong; what to do"
    assert len(str(refusal.value)) < 300


def test_every_format_is_spoiled_in_ten_ways() -> None:
    asked = {
        "wrong key",
        "empty",
        "one-sided",
        "50 MB",
        "bad UTF-8",
        "NaN",
        "duplicate",
        "mixed types",
        "HTML",
        "binary",
    }
    for kind, (name, _) in FORMATS.items():
        assert asked <= set(common(name)) | set(SPOILED[kind])


@needs_data
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_real_files_are_read_as_they_are(path: Path) -> None:
    contrast = import_contrast(path)
    assert len(contrast.pairs) >= 200
    assert len(set(contrast.pairs)) == len(contrast.pairs)
    assert all(positive.strip() and negative.strip() and positive != negative for positive, negative in contrast.pairs)
    if path.suffix == ".jsonl":
        asked = {json.loads(line)["question"] for line in path.read_text(encoding="utf-8").split("\n") if line}
        assert len(contrast.pairs) + len(contrast.prompts) == len(asked)
        assert len(contrast.prompts) == len(asked) // 4
        answers = (" (A)", " (B)", " Yes", " No")
        in_pairs = {text.removesuffix(answer) for pair in contrast.pairs for text in pair for answer in answers}
        assert in_pairs & asked and not in_pairs & {p.text.removesuffix(" (") for p in contrast.prompts}
        letters = {p.positive + p.negative for p in contrast.prompts}
        assert letters in ({("A)", "B)"), ("B)", "A)")}, {(" Yes", " No"), (" No", " Yes")})


def spoiled_bytes(content: bytes, way: str) -> bytes:
    half = content.index(b"\n", len(content) // 2) + 1
    line = content[half : content.index(b"\n", half) + 1]
    return {
        "empty": b"",
        "50 MB": content + b" " * 50_000_000,
        "bad UTF-8": content[:half] + b"\xff" + content[half:],
        "NaN": content[:half] + (b"NaN,\n" if line.strip().endswith(b",") else b'{"question": NaN}\n') + content[half:],
        "mixed types": content[:half] + (b"3,\n" if line.strip().endswith(b",") else b"3\n") + content[half:],
        "HTML": b"<html>\n<body>" + content,
        "binary": content[:half] + bytes(64) + content[half:],
        "cut off": content[: half + len(line) // 2],
        "no objects": b"3\n" + content,
        "wrong key": content.replace(b'"question"', b'"frage"').replace(b"[\n", b'{"frage": [\n', 1),
    }[way]


WAYS = ("empty", "50 MB", "bad UTF-8", "NaN", "mixed types", "HTML", "binary", "cut off", "no objects", "wrong key")


@needs_data
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_real_files_spoiled_are_refused(tmp_path: Path, path: Path, way: str) -> None:
    with pytest.raises(ContrastError) as refusal:
        read(tmp_path, path.name, spoiled_bytes(path.read_bytes(), way))
    one_sentence(refusal)
    if way not in ("empty", "50 MB"):
        assert f" of {path.name}" in str(refusal.value) and "line " in str(refusal.value)


def test_questions_part_into_pairs_and_prompts_by_themselves(tmp_path: Path) -> None:
    contrast = read(tmp_path, "set.jsonl", evaluations())
    shuffled = read(tmp_path, "set.jsonl", "\n".join(reversed(evaluations().splitlines())))
    assert set(shuffled.prompts) == set(contrast.prompts) and len(contrast.prompts) == 2
    assert contrast.reading == "last-token"
    assert contrast.prompts[0].text.endswith("\n (B) Yes (")
    repeated = read(tmp_path, "set.jsonl", evaluations() * 2)
    assert repeated == contrast


def test_a_beginning_of_both_answers_goes_to_the_prompt() -> None:
    assert choice_prompt("Q?", " (A)", " (B)") == ReadoutPrompt("Q? (", ("A)",), ("B)",))
    assert choice_prompt("Q?", " Yes", " No") == ReadoutPrompt("Q?", (" Yes",), (" No",))
    assert choice_prompt("Q?", " No", " None") == ReadoutPrompt("Q?", (" No",), (" None",))


def test_statements_are_paired_in_order_within_their_labels(tmp_path: Path) -> None:
    contrast = read(tmp_path, "set.csv", "text;label\nfirst;0\n\nsecond;1\nthird;1\n'q';0\nlast;1\n")
    assert contrast.pairs == (("second", "first"), ("third", "'q'"))
    assert "1 without a partner" in contrast.description
    words = read(tmp_path, "set.csv", 'label,text\nhappy,"a,\nb"\nsad,c\nhappy,d\nsad,e\n')
    assert words.pairs == (("a,\nb", "c"), ("d", "e"))
    assert (words.positive_label, words.negative_label) == ("happy", "sad")
    with pytest.raises(ContrastError, match=r"line 4 of set.csv has nothing under 'text'"):
        read(tmp_path, "set.csv", 'label,text\nhappy,"a,\nb"\nsad,\n')
    assert read(tmp_path, "set.csv", "With,Without\na,b\nc,d\n").pairs == (("a", "b"), ("c", "d"))


def test_pasted_columns() -> None:
    contrast = paste_contrast("with | without\nGood day. | Hi!\nI thank you.\tThanks!\n", "manners")
    assert (contrast.name, contrast.pairs) == ("manners", (("Good day.", "Hi!"), ("I thank you.", "Thanks!")))
    with pytest.raises(ContrastError, match="line 2 of the pasted text has neither a tab"):
        paste_contrast("a | b\nc", "x")
    with pytest.raises(ContrastError, match="the pasted text has 5,000,006 characters"):
        paste_contrast("a | b\n" + "x" * CONTRAST_SET_BYTES, "x")
    with pytest.raises(ContrastError, match="line 1 of the pasted text is neither JSON nor a table but a web page"):
        paste_contrast("<html>", "x")


def test_texts_are_said_by_two_personas() -> None:
    pairs = suffix_pairs(["{x} I", "We"], "glad", "sorry", "As one who is {persona}: {suffix}!")
    assert pairs[0] == ("As one who is glad: {x} I!", "As one who is sorry: {x} I!")
    for wrong in (("glad", " glad "), ("", "sorry")):
        with pytest.raises(ContrastError, match="equal or empty"):
            suffix_pairs(["a"], *wrong)
    with pytest.raises(ContrastError, match="needs both"):
        suffix_pairs(["a"], "glad", "sorry", "no place")
    assert default_personas("true_facts")[0] == "someone who always tells the truth"
    assert default_personas("sadness") == tuple(reversed(default_personas("anything")))


def test_lists_take_personas_or_a_second_list(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('["a", "b", "c"]')
    bad.write_text('["x", "y"]')
    assert import_contrast(good, against=bad).pairs == (("a", "x"), ("b", "y"))
    assert import_contrast(good, personas=("brave", "shy"), name="courage").pairs[0][0] == "Act as if you are brave. a"
    personas = '"positive_persona": "brave", "negative_persona": "shy", "template": "{persona}:{suffix}"'
    whole = f'{{"suffixes": ["a", "b"], {personas}}}'
    assert read(tmp_path, "o.json", whole).pairs == (("brave:a", "shy:a"), ("brave:b", "shy:b"))
    assert read(tmp_path, "o.json", '{"positive": ["a", "b"], "negative": ["c", "d"]}').pairs == (
        ("a", "c"),
        ("b", "d"),
    )
    with pytest.raises(ContrastError, match="'a' is on both sides"):
        import_contrast(good, against=good)
    (tmp_path / "set.csv").write_text("with,without\na,b\nc,d\n")
    with pytest.raises(ContrastError, match="is not a JSON list of texts"):
        import_contrast(tmp_path / "set.csv", personas=("brave", "shy"))


def test_the_examples_of_the_documentation_are_read(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    endings = {"jsonl": ".jsonl", "csv": ".csv", "text": ".txt", "json": ".json"}
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, flags=re.S | re.M)
    assert {kind for kind, _ in blocks} == set(endings)
    for kind, content in blocks:
        assert len(read(tmp_path, f"set{endings[kind]}", content).pairs) >= 2
    for content in re.findall(r"`(\{\"(?:suffixes|positive)\".*?\})`", page, flags=re.S):
        assert len(read(tmp_path, "set.json", content).pairs) == 2


def test_characters_that_look_like_line_ends_stay_in_their_text(tmp_path: Path) -> None:
    content = "".join(
        json.dumps({"with": f"a\u2028{n}", "without": f"b\x85{n}"}, ensure_ascii=False) + "\n" for n in "12"
    )
    assert read(tmp_path, "set.jsonl", content).pairs[0] == ("a\u20281", "b\x851")


def rows_in(ending: str, rows: list[dict[str, object]]) -> str:
    """The same rows as other tools would save them."""
    if ending == "json":
        return json.dumps(rows, indent=1)
    if ending == "held.json":
        return json.dumps({"data": rows})
    if ending in ("jsonl", "ndjson"):
        return "".join(json.dumps(row) + "\n" for row in rows)
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t" if ending == "tsv" else ",")
    writer.writerow(rows[0])
    writer.writerows([value if isinstance(value, str) else json.dumps(value) for value in row.values()] for row in rows)
    return out.getvalue()


def said(text: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [{"type": "text", "text": text}]}]


PAIRS: dict[str, tuple[Callable[[int], dict[str, object]], tuple[str, str]]] = {
    "repeng": (lambda n: {"positive": f"good {n}", "negative": f"bad {n}"}, ("good 1", "bad 1")),
    "chosen": (lambda n: {"chosen": f"good {n}", "rejected": f"bad {n}"}, ("good 1", "bad 1")),
    "prompted": (
        lambda n: {"prompt": "How?", "chosen": f"good {n}", "rejected": f"bad {n}"},
        ("How?\n\ngood 1", "How?\n\nbad 1"),
    ),
    "prompt within": (
        lambda n: {"prompt": "How?", "chosen": f"How? good {n}", "rejected": f"How? bad {n}"},
        ("How? good 1", "How? bad 1"),
    ),
    "question": (
        lambda n: {"question": "How?", "chosen": f"good {n}", "rejected": f"bad {n}", "score": "9"},
        ("How?\n\ngood 1", "How?\n\nbad 1"),
    ),
    "conversations": (
        lambda n: {"chosen": said(f"good {n}"), "rejected": said(f"bad {n}")},
        ("Hi\n\ngood 1", "Hi\n\nbad 1"),
    ),
    "prompt and answers": (
        lambda n: {"prompt": said("Yes?"), "chosen": said(f"good {n}")[1:], "rejected": said(f"bad {n}")[1:]},
        ("Hi\n\nYes?\n\ngood 1", "Hi\n\nYes?\n\nbad 1"),
    ),
    "own with a prompt": (
        lambda n: {"prompt": "How?", "with": f"good {n}", "without": f"bad {n}"},
        ("How?\n\ngood 1", "How?\n\nbad 1"),
    ),
    "capitals": (lambda n: {"Positive": f"good {n}", "Negative": f"bad {n}"}, ("good 1", "bad 1")),
}


@pytest.mark.parametrize("ending", ["json", "held.json", "jsonl", "ndjson", "csv", "tsv"])
@pytest.mark.parametrize("kind", PAIRS)
def test_pairs_of_other_tools_are_read_from_any_kind_of_file(tmp_path: Path, kind: str, ending: str) -> None:
    make, expected = PAIRS[kind]
    content = rows_in(ending, [make(n) for n in range(3)])
    contrast = read(tmp_path, f"set.{ending}", content)
    assert len(contrast.pairs) == 3 and contrast.pairs[1] == expected
    assert read(tmp_path, f"SET.{ending.upper()}", content).pairs == contrast.pairs


def test_pairs_that_say_nothing_are_counted_or_named(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(3)]
    same: dict[str, object] = {"chosen": "so", "rejected": "so"}
    contrast = read(tmp_path, "a.jsonl", rows_in("jsonl", [*rows, same]))
    assert len(contrast.pairs) == 3 and "1 with the same text on both sides is left out" in contrast.description
    cases: list[tuple[dict[str, object], str]] = [
        ({"chosen": "good", "rejected": None}, "line 4 of a.jsonl has no text under 'rejected'"),
        ({"chosen": "good"}, "line 4 of a.jsonl has no pair"),
        (rows[1], "line 4 of a.jsonl repeats line 2 of a.jsonl"),
        ({"chosen": [1], "rejected": "b"}, "line 4 of a.jsonl has no text under 'chosen'"),
    ]
    for bad, sentence in cases:
        with pytest.raises(ContrastError, match=sentence):
            read(tmp_path, "a.jsonl", rows_in("jsonl", [*rows, bad]))
    with pytest.raises(ContrastError, match=r"every row of a.jsonl holds the same text twice"):
        read(tmp_path, "a.jsonl", rows_in("jsonl", [same, same]))


def test_a_list_of_two_texts_each_is_a_list_of_pairs(tmp_path: Path) -> None:
    assert read(tmp_path, "a.json", '[["good", "bad"], ["better", "worse"]]').pairs[1] == ("better", "worse")


def test_a_readout_prompt_of_the_own_format_is_no_pair(tmp_path: Path) -> None:
    pairs: list[dict[str, object]] = [{"with": f"Please, {n}.", "without": f"Now, {n}."} for n in range(2)]
    prompt: dict[str, object] = {"prompt": "He said", "positive": [" please"], "negative": [" hurry"]}
    contrast = read(tmp_path, "a.jsonl", rows_in("jsonl", [prompt, *pairs]))
    assert len(contrast.pairs) == 2 and len(contrast.prompts) == 1
