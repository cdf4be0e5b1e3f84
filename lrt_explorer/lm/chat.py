"""Conversations as texts: each model reads them in its own chat template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.model import LanguageModel


class RefusedConversationError(ModelError):
    """A chat template refuses a conversation.

    Attributes:
        model: the model whose template it is.
        reason: what the template says.
    """

    def __init__(self, model: str, reason: str) -> None:
        """Say both in one sentence."""
        super().__init__(
            f"the chat template of {model} refuses a conversation ({reason}); give conversations in the form it asks "
            "for"
        )
        self.model, self.reason = model, reason


@dataclass(frozen=True)
class Conversation:
    """Messages in turn.

    Attributes:
        messages: (role, content) of each; white space around a content is left out, as most templates do.
    """

    messages: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """What was said, a blank line between two messages, without any template."""
        return "\n\n".join(content for _, content in self.messages)


_ROLE, _CONTENT = ("role", "from"), ("content", "value")
_CALLS = ("tool_calls", "function_call")
_TOOLS = ("tool", "function", "observation", "function_call", "tool_call")
_ROLE_NAMES = {"human": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "chatgpt": "assistant"}
_ROLE_NAMES |= {"model": "assistant", "developer": "system"}
_UNREADABLE = object()

Document = str | Conversation
"""What a corpus is made of."""


@dataclass(frozen=True)
class Rendered:
    """A conversation as one model reads it.

    Attributes:
        text: the whole string, special tokens spelled out.
        spans: for each message where its content lies in the string; None where a template leaves it out.
        templated: whether a chat template was applied.
    """

    text: str
    spans: tuple[tuple[int, int] | None, ...]
    templated: bool


class Framed(str):
    """A text as a chat model's reply: the template up to the reply, its special tokens spelled out, then the text.

    It is a string, so whatever reads or continues a prompt takes it. No special tokens are added when it is tokenized,
    and the frame counts as special (see `encode`). Appending keeps the frame; `cut` shortens the text and keeps it too.

    Attributes:
        ask: the user message that is answered.
        start: where the text begins.
    """

    ask: str
    start: int

    def __new__(cls, frame: str, text: str, ask: str) -> "Framed":
        """The frame, then the text."""
        framed = super().__new__(cls, frame + text)
        framed.ask, framed.start = ask, len(frame)
        return framed

    def __getnewargs__(self) -> tuple[str, str, str]:  # type: ignore[override]
        """What a copy is made from."""
        return self.frame, self.own, self.ask

    def __add__(self, more: str) -> "Framed":
        """The same frame around a longer text."""
        return Framed(self.frame, self.own + more, self.ask)

    @property
    def frame(self) -> str:
        """Everything before the text."""
        return self[: self.start]

    @property
    def own(self) -> str:
        """The text without its frame."""
        return self[self.start :]

    def cut(self, end: int) -> "Framed":
        """Up to a place in the whole string, which must lie within the text."""
        return Framed(self.frame, self[self.start : end], self.ask)


def has_template(lm: LanguageModel) -> bool:
    """Whether this is a chat model: one whose tokenizer has a chat template."""
    return bool(getattr(lm.tokenizer, "chat_template", None))


def framed(lm: LanguageModel, ask: str | None, text: str) -> str:
    """A text as the model's reply to a user message; unchanged without one, or for a model without a chat template.

    Raises:
        ModelError: if the template refuses the message.
    """
    if ask is None or not has_template(lm):
        return text
    try:
        frame = _apply(lm.tokenizer, [("user", ask)], reply=True)
    except Exception as error:  # templates raise the kinds of jinja2, and their own
        raise _refused(lm, error) from error
    return Framed(frame, text, ask)


def unframed(text: str) -> str:
    """A text without the chat template around it, where it has one."""
    return text.own if isinstance(text, Framed) else text


def conversation(messages: object) -> Conversation | None:
    """A conversation from a list of messages; None if it is not of that form or says nothing. See `spoken`."""
    said = spoken(messages)
    return Conversation(said) if said and any(content for _, content in said) else None


def spoken(messages: object) -> tuple[tuple[str, str], ...] | None:
    """(role, content) of every message that says something to a reader; None if it is not a list of messages.

    A message has its role under "role" or "from", and under "content" or "value" a text, or a list of parts of which
    those with a text count. Calls of tools, which have no content, and what the tools answered are left out.
    """
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        return None
    read = []
    for message in messages:
        if not isinstance(message, Mapping):
            return None
        role = next((message[key] for key in _ROLE if isinstance(message.get(key), str)), None)
        given = [message[key] for key in _CONTENT if key in message]
        if role is None or not (given or any(key in message for key in _CALLS)):
            return None
        role = _ROLE_NAMES.get(role.strip().lower(), role.strip())
        content = _content(given[0]) if given else None
        if content is _UNREADABLE:
            return None
        if isinstance(content, str) and role not in _TOOLS:
            read.append((role, content))
    return tuple(read)


def _content(value: object) -> object:
    """The text of a message's content, None where it has none, `_UNREADABLE` where it is something else."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip()
    if not isinstance(value, Sequence):
        return _UNREADABLE
    texts = []
    for part in value:
        text = part.get("text") if isinstance(part, Mapping) else part
        if isinstance(text, str):
            texts.append(text.strip())
        elif not isinstance(part, Mapping):
            return _UNREADABLE
    return "\n".join(texts) if texts else None


def render(lm: LanguageModel, said: Conversation, *, reply: bool = False) -> Rendered:
    """A conversation in the model's chat template; a model without one reads what was said, without the roles.

    Where a template knows no system message, that message goes before the next one's content.

    Args:
        lm: the model that reads.
        said: the conversation.
        reply: whether the model is to answer next, so that its template ends where an answer begins.

    Raises:
        RefusedConversationError: if the template refuses the conversation.
    """
    tokenizer: Any = lm.tokenizer
    if not getattr(tokenizer, "chat_template", None):
        return Rendered(said.text, _spans(said.text, said), templated=False)
    try:
        text = _apply(tokenizer, said.messages, reply=reply)
    except Exception:  # templates raise the kinds of jinja2, and their own
        try:
            text = _apply(tokenizer, _without_system(said.messages), reply=reply)
        except Exception as error:
            raise _refused(lm, error) from error
    return Rendered(text, _spans(text, said), templated=True)


def _refused(lm: LanguageModel, error: Exception) -> RefusedConversationError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return RefusedConversationError(lm.name, reason)


def _apply(tokenizer: Any, messages: Sequence[tuple[str, str]], *, reply: bool = False) -> str:
    said = [{"role": role, "content": content} for role, content in messages]
    if not reply:
        return str(tokenizer.apply_chat_template(said, tokenize=False))
    # A reply begins where the thoughts of a model that thinks aloud have ended.
    return str(tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True, enable_thinking=False))


def _without_system(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    held = ""
    for role, content in messages:
        if role == "system":
            held = f"{held}{content}\n\n"
        else:
            kept.append((role, held + content))
            held = ""
    return kept


def _spans(text: str, said: Conversation) -> tuple[tuple[int, int] | None, ...]:
    """Where each content begins and ends, each searched for after the one before it."""
    spans: list[tuple[int, int] | None] = []
    after = 0
    for _, content in said.messages:
        start = text.find(content, after)
        if start < 0:
            spans.append(None)
            continue
        after = start + len(content)
        spans.append((start, after))
    return tuple(spans)
