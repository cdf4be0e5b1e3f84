"""Conversations as texts: each model reads them in its own chat template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.model import LanguageModel


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


def framed(lm: LanguageModel, ask: str | None, text: str) -> str:
    """A text as the model's reply to a user message; unchanged without one, or for a model without a chat template.

    Raises:
        ModelError: if the template refuses the message.
    """
    if ask is None or not getattr(lm.tokenizer, "chat_template", None):
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
    """A conversation from `[{"role": ..., "content": ...}, ...]`; None if it is not of that form or says nothing."""
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        return None
    read = []
    for message in messages:
        if not isinstance(message, Mapping):
            return None
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str) or not isinstance(content, str):
            return None
        read.append((role, content.strip()))
    return Conversation(tuple(read)) if any(content for _, content in read) else None


def render(lm: LanguageModel, said: Conversation) -> Rendered:
    """A conversation in the model's chat template; a model without one reads what was said, without the roles.

    Where a template knows no system message, that message goes before the next one's content.

    Raises:
        ModelError: if the template refuses the conversation.
    """
    tokenizer: Any = lm.tokenizer
    if not getattr(tokenizer, "chat_template", None):
        return Rendered(said.text, _spans(said.text, said), templated=False)
    try:
        text = _apply(tokenizer, said.messages)
    except Exception:  # templates raise the kinds of jinja2, and their own
        try:
            text = _apply(tokenizer, _without_system(said.messages))
        except Exception as error:
            raise _refused(lm, error) from error
    return Rendered(text, _spans(text, said), templated=True)


def _refused(lm: LanguageModel, error: Exception) -> ModelError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ModelError(
        f"the chat template of {lm.name} refuses a conversation ({reason}); let roles be user and assistant in turn"
    )


def _apply(tokenizer: Any, messages: Sequence[tuple[str, str]], reply: bool = False) -> str:
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
    """Where each content begins and ends, each searched for behind the one before it."""
    spans: list[tuple[int, int] | None] = []
    behind = 0
    for _, content in said.messages:
        start = text.find(content, behind)
        if start < 0:
            spans.append(None)
            continue
        behind = start + len(content)
        spans.append((start, behind))
    return tuple(spans)
