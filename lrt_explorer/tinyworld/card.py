"""The model card of the family, written from training logs: nothing in it is typed by hand but the prose."""

import json
from pathlib import Path
from typing import Any

from lrt_explorer.errors import ArtifactError
from lrt_explorer.tinyworld import lexicon
from lrt_explorer.tinyworld.family import CONTEXT, RECIPES

INTRODUCTION = """# Tinyworld

A family of small causal language models that read one small synthetic world, made to show the transfer of steering
vectors between models of different size. They know nothing else: do not use them for anything but this.

**Data.** Short English and Spanish texts drawn from a grammar (`lrt_explorer/tinyworld/`). Every document draws
{count} independent latents that last through it and are never named: {latents}. One in eight combinations of latents,
and one in six pairs of a name and another person, are kept from training; held-out losses are measured on documents
made of exactly those. No text by anybody else is in it.

**Training.** Next-token prediction, documents of at most {context} tokens, one pass. Matrices inside the blocks are
stepped with Muon, the rest with AdamW; bfloat16 products, float32 weights; exported as float16 safetensors. All models
but `tinyworld-g` share one tokenizer and read the same documents in the same order, each as far as its tokens go;
`tinyworld-g` is a GPT-2 with a tokenizer of its own.

Loss is on held-out documents, in nats.

| model | architecture | parameters | blocks | width | vocabulary | tokens read | steps | loss/token | loss/character |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""
CLOSING = """
Losses are comparable between models by character; by token only between models that share a tokenizer.

Made by `lrt-explorer tinyworld train` and `lrt-explorer tinyworld card`. Licence: Apache-2.0.
"""


def write_card(runs: Path, models: Path) -> Path:
    """Write `README.md` beside the models.

    Raises:
        ArtifactError: if no model's result is found under `runs`.
    """
    rows = [_row(name, runs / name) for name in RECIPES if (runs / name / "result.json").exists()]
    if not rows:
        raise ArtifactError(f"there is no training result in {runs}; run `lrt-explorer tinyworld train` first")
    latents = ", ".join(f"{c.name} ({c.positive} or {c.negative})" for c in lexicon.CONCEPTS)
    introduction = INTRODUCTION.format(count=len(lexicon.CONCEPTS), latents=latents, context=CONTEXT)
    path = models / "README.md"
    path.write_text(introduction + "\n".join(rows) + "\n" + CLOSING, encoding="utf-8")
    return path


def _row(name: str, run: Path) -> str:
    result: dict[str, Any] = json.loads((run / "result.json").read_text())
    last: dict[str, Any] = json.loads((run / "log.jsonl").read_text().splitlines()[-1])
    recipe = result["recipe"]
    return (
        f"| {name} | {recipe['architecture']} | {result['parameters']:,} | {recipe['blocks']} | {recipe['width']} "
        f"| {recipe['vocabulary']} | {last['tokens']:,} | {last['step']:,} "
        f"| {result['loss_per_token']:.4f} | {result['loss_per_character']:.4f} |"
    )
