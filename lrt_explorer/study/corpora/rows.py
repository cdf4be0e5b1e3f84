"""Documents from rows: which keys and columns hold a text or a conversation, in the forms of many tools."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.chat import Conversation, Document, spoken

MESSAGES = ("messages", "conversations", "conversation")
PROMPTED = (
    ("instruction", "output"),
    ("instruction", "response"),
    ("prompt", "completion"),
    ("prompt", "response"),
    ("question", "answer"),
)
TEXTS = ("text", "content", "body", "document", "article", "story")
FORMS = (
    "'text', 'content' or 'body'; 'messages' or 'conversations'; 'prompt' and 'completion'; or 'instruction', 'input' "
    "and 'output'"
)

Row = Mapping[str, object]


def document_of(row: Row) -> Document | None:
    """The text or the conversation of one row.

    Keys count in any case. A conversation comes before a text, because a table that has both tells one thing twice.

    Args:
        row: a text under one of `TEXTS`; messages, as a list or as JSON, under one of `MESSAGES`; or a request and its
            answer under one of `PROMPTED`, an instruction perhaps with its "input".

    Returns:
        "" where there is a place for a document but nothing in it, None where there is no such place or it holds
        something that is not a document.
    """
    fields = {key.strip().casefold(): value for key, value in row.items()}
    empty = False
    for read in (_conversation, _prompted, _text):
        found = read(fields)
        if found is _NONE:
            continue
        if not isinstance(found, str | Conversation):
            return None
        if not isinstance(found, str) or found.strip():
            return found if readable(found if isinstance(found, str) else found.text) else None
        empty = True
    return "" if empty else None


def document_columns(strings: Mapping[str, bool], name: str) -> list[str]:
    """The columns of a table that documents are made of.

    Args:
        strings: its columns, and whether each holds strings.
        name: of the table, for messages.

    Raises:
        SettingsError: if it is not clear which they are.
    """
    folded = {column.strip().casefold(): column for column in strings}
    known = [*MESSAGES, *TEXTS, *(key for pair in PROMPTED if folded.keys() >= set(pair) for key in (*pair, "input"))]
    if found := [folded[key] for key in dict.fromkeys(known) if key in folded]:
        return found
    fitting = [column for column, is_string in strings.items() if is_string]
    if len(fitting) == 1:
        return fitting
    raise SettingsError(
        f"{name} has the columns {', '.join(strings) or 'none'}, and it is not clear which holds the documents; "
        f"name that column 'text'. These work too: {FORMS}"
    )


def table_document(row: Row) -> Document:
    """The document of a row of these columns; "" for a row without one."""
    if len(row) == 1:
        (only,) = row.items()
        row = {only[0] if document_of(dict([only])) is not None else "text": only[1]}
    return document_of(row) or ""


def row_documents(rows: Iterable[tuple[str, object]]) -> Iterator[Document]:
    """The documents of JSON values, each an object, a bare string or a list of messages.

    Args:
        rows: the values, each with the place where it stands.

    Raises:
        SettingsError: naming the place of one that is not a document.
    """
    for where, row in rows:
        if isinstance(row, str):
            row = {"text": row}
        elif isinstance(row, list):
            row = {"messages": row}
        found = document_of(row) if isinstance(row, Mapping) else None
        if found is None:
            raise SettingsError(
                f'{where} has neither \'text\' nor another document; write objects such as {{"text": "..."}} or '
                '{"messages": [{"role": "user", "content": "..."}]}'
            )
        yield found


def readable(text: str) -> bool:
    """Whether it has no halves of characters, which JSON can spell but no tokenizer reads."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_NONE = object()
"""There is no place for a document of this form."""


def _conversation(fields: Row) -> object:
    for key in MESSAGES:
        if fields.get(key) is not None:
            return _as_conversation(_messages(fields[key]))
    return "" if any(key in fields for key in MESSAGES) else _NONE


def _prompted(fields: Row) -> object:
    for asked, answered in PROMPTED:
        if asked in fields and answered in fields:
            request, answer = fields[asked], fields[answered]
            break
    else:
        return _NONE
    if _is_list(request) or _is_list(answer):
        before, after = _messages(request, "user"), _messages(answer, "assistant")
        return _as_conversation(None if before is None or after is None else (*before, *after))
    if not all(value is None or isinstance(value, str) for value in (request, answer)):
        return None
    request, answer = str(request or ""), str(answer or "")
    more = fields.get("input") if asked == "instruction" else None
    if isinstance(more, str) and more.strip():
        request = f"{request}\n\n{more}"
    if answer[:1].isspace():
        # A text in two pieces, as people write them for models that only continue.
        return request + answer
    said = [(role, text.strip()) for role, text in (("user", request), ("assistant", answer)) if text.strip()]
    return _as_conversation(tuple(said))


def _text(fields: Row) -> object:
    found = [fields[key] for key in TEXTS if key in fields]
    if not found:
        return _NONE
    given = next((value for value in found if value is not None), "")
    return given if isinstance(given, str) else None


def _messages(value: object, role: str = "user") -> tuple[tuple[str, str], ...] | None:
    """Messages from a list, from a list written as JSON, or from a bare text."""
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return ((role, value.strip()),) if value.strip() else ()
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return spoken(value.tolist() if hasattr(value, "tolist") else value)


def _is_list(value: object) -> bool:
    # Tables give lists as arrays of their own kind.
    return not isinstance(value, str | bytes | Mapping) and (isinstance(value, Sequence) or hasattr(value, "tolist"))


def _as_conversation(said: tuple[tuple[str, str], ...] | None) -> object:
    if said is None:
        return None
    return Conversation(said) if any(content for _, content in said) else ""
