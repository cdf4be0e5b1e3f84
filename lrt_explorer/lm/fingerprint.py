"""A fingerprint of a model's weights, cheap enough for models of many gigabytes."""

from __future__ import annotations

import hashlib
import json

import torch
import transformers

SAMPLES = 1024


def fingerprint(model: transformers.PreTrainedModel) -> str:
    """sha256 (64 hex digits) over the kind of model and every weight's name, shape and evenly spaced sample of values.

    The sample, at most `SAMPLES` values a tensor and always its first and last, is rounded to bfloat16 before it is
    hashed, so that one checkpoint has one fingerprint in whichever precision and on whichever device it is loaded.
    Of the configuration only what no tensor's shape shows is taken: the whole changes with the library's version,
    and a map must go on belonging to its models.
    """
    text = model.config.get_text_config(decoder=True)
    kind = {key: getattr(text, key, None) for key in ("model_type", "num_attention_heads", "num_hidden_layers")}
    digest = hashlib.sha256(json.dumps(kind, sort_keys=True).encode())
    for name, weight in sorted(model.named_parameters()):
        digest.update(f"\0{name}{tuple(weight.shape)}".encode())
        values = weight.detach().reshape(-1)
        count = min(SAMPLES, len(values))
        # Whole numbers only: rounding differs from processor to processor.
        places = torch.arange(count, device=values.device) * (len(values) - 1) // max(count - 1, 1)
        sample = values[places].to("cpu", torch.bfloat16)
        digest.update(sample.view(torch.int16).numpy().tobytes())
    return digest.hexdigest()
