"""Text classifiers: any sequence-classification model of the transformers library, as probabilities of its labels."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.lm.fingerprint import fingerprint
from lrt_explorer.lm.hub import explain_refusal, only_on_disk
from lrt_explorer.lm.model import weight_bytes

# Where neither the configuration nor the tokenizer sets a limit.
CONTEXT_WITHOUT_LIMIT = 512


@dataclass(frozen=True, eq=False)
class Classifier:
    """A text classifier in evaluation mode.

    Attributes:
        name: what it was asked for by.
        labels: in the order of its outputs.
        several: whether a text can have several labels at once; each then has a probability of its own.
        context: how many tokens of a text it reads.
        fingerprint: of its weights.
    """

    name: str
    labels: tuple[str, ...]
    several: bool
    context: int
    fingerprint: str
    model: transformers.PreTrainedModel = field(repr=False)
    tokenizer: transformers.PreTrainedTokenizerBase = field(repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def memory(self) -> int:
        """Bytes of the weights as they lie in memory."""
        return weight_bytes(self.model)

    def column(self, label: str) -> int:
        """Where a label is among the outputs; raises SettingsError if it is not."""
        folded = [known.casefold() for known in self.labels]
        if label.strip().casefold() not in folded:
            known = ", ".join(self.labels[:20])
            raise SettingsError(f"{self.name} has no label {label!r}; choose one of these: {known}")
        return folded.index(label.strip().casefold())

    def probabilities(self, texts: Sequence[str]) -> Tensor:
        """`[texts, labels]` float32 on the CPU; the end of a text that is too long is not read."""
        rows = []
        for text in texts:
            # One at a time: a text must not depend on its neighbours' padding, and many have no padding token.
            tokenizer: Any = self.tokenizer
            encoded = tokenizer([text], return_tensors="pt", truncation=True, max_length=self.context)
            with self.lock, torch.inference_mode():
                logits = self.model(**encoded.to(self.model.device)).logits[0].float().cpu()
            rows.append(logits.sigmoid() if self.several else logits.softmax(0))
        return torch.stack(rows) if rows else torch.empty(0, len(self.labels))


def load_classifier(name: str, device: str | torch.device = "cpu") -> Classifier:
    """Load a text classifier from a folder or the hub: safetensors only, and never code that comes with it.

    Args:
        name: local folder or hub id.
        device: where to put it.

    Raises:
        ModelError: if there is no such model, its files are damaged, or it was not trained to classify texts.
    """
    if not name.strip():
        raise ModelError("no classifier was named; give a folder or a hub id")
    local = Path(name).is_dir() or only_on_disk(name, name)
    kind: Any = transformers.AutoModelForSequenceClassification
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            name, trust_remote_code=False, local_files_only=local
        )
        model, report = kind.from_pretrained(
            name,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=local,
            output_loading_info=True,
        )
    except Exception as error:  # the library raises OSError, ValueError, KeyError, RuntimeError and the hub's own kinds
        if refusal := explain_refusal(name, error):
            raise ModelError(refusal) from error
        what = " ".join(str(error).split())[:120] or type(error).__name__
        raise ModelError(f"{name} cannot be loaded as a text classifier ({what}); choose another model") from error
    # A language model loads too, with a head of random numbers.
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"{name} was not trained to classify texts, because it lacks {missing[0]}; choose a classifier"
        )
    config = model.config
    if config.num_labels < 2:
        raise ModelError(f"{name} gives one number instead of label probabilities; choose a classifier with labels")
    limit = getattr(config, "max_position_embeddings", None)
    # Families that count positions after the padding token have two fewer than their table.
    limit = limit - 2 if isinstance(limit, int) and limit > 2 else CONTEXT_WITHOUT_LIMIT
    own = int(tokenizer.model_max_length)
    return Classifier(
        name=name,
        labels=tuple(str(config.id2label[number]) for number in range(config.num_labels)),
        several=config.problem_type == "multi_label_classification",
        context=own if own <= limit + 2 else limit,
        fingerprint=fingerprint(model),
        model=model.to(device).eval(),
        tokenizer=tokenizer,
    )
