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
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"the chat template of {lm.name} refuses a conversation ({reason}); "
                "let roles be user and assistant in turn"
            ) from error
    return Rendered(text, _spans(text, said), templated=True)


def _apply(tokenizer: Any, messages: Sequence[tuple[str, str]]) -> str:
    return str(tokenizer.apply_chat_template([{"role": r, "content": c} for r, c in messages], tokenize=False))


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
