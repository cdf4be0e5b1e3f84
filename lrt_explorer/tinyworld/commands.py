"""The command `lrt-explorer tinyworld corpus | train | card`."""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from lrt_explorer.errors import SettingsError
from lrt_explorer.tinyworld import lexicon
from lrt_explorer.tinyworld.corpus import Split, documents


def add_parser(subparsers: Any) -> None:
    """Add `tinyworld` and its three verbs; each sets `run`, a function of the parsed arguments."""
    parser = subparsers.add_parser(
        "tinyworld", help="the demo family: print its corpus, train its models, write its card"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)

    corpus = verbs.add_parser("corpus", help="print documents of the small world, one per line")
    corpus.add_argument("--split", choices=get_args(Split), default="train")
    corpus.add_argument("--count", type=int, default=10, help="number of documents (default: 10)")
    corpus.add_argument("--start", type=int, default=0, help="number of the first document (default: 0)")
    corpus.add_argument("--json", action="store_true", help="print one JSON object per line, with the latents")
    corpus.set_defaults(run=run_corpus)

    train = verbs.add_parser("train", help="train models of the family and write them to the assets")
    train.add_argument("models", nargs="*", help="tinyworld-xs, -s, -m, -l or -g (default: all)")
    train.add_argument("--tokens", type=int, help="tokens to train on, including padding (default: the recipe's)")
    train.add_argument("--runs", type=Path, help="folder for checkpoints and logs (default: in the data folder)")
    train.add_argument("--out", type=Path, help="folder for the trained models (default: the assets)")
    train.add_argument("--threads", type=int, help="CPU threads (default: torch's choice)")
    train.set_defaults(run=run_train)

    contrasts = verbs.add_parser("concepts", help="write the contrast sets and the demo text to the assets")
    contrasts.add_argument("--out", type=Path, help="folder to write to (default: the assets)")
    contrasts.set_defaults(run=run_concepts)

    card = verbs.add_parser("card", help="write the model card from the training logs and held-out losses")
    card.add_argument("--runs", type=Path, help="folder with the training logs (default: in the data folder)")
    card.add_argument("--models", type=Path, help="folder with the trained models (default: the assets)")
    card.set_defaults(run=run_card)


def run_corpus(arguments: argparse.Namespace) -> int:
    """Print documents."""
    if arguments.count < 0 or arguments.start < 0:
        raise SettingsError("--count and --start cannot be negative; give 0 or more")
    for document in documents(arguments.split, arguments.count, arguments.start):
        row = {"text": document.text, "latents": document.latents}
        print(json.dumps(row, ensure_ascii=False) if arguments.json else document.text)
    return 0


def run_train(arguments: argparse.Namespace) -> int:
    """Train the named models one after the other, printing progress on stderr."""
    import torch

    from lrt_explorer.store import assets_home
    from lrt_explorer.tinyworld.family import RECIPES, export, recipe, train_tokenizer
    from lrt_explorer.tinyworld.train import held_out_loss, train

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    for name in arguments.models or list(RECIPES):
        chosen = recipe(name)
        if arguments.tokens:
            chosen = replace(chosen, tokens=arguments.tokens)
        tokenizer = train_tokenizer(chosen.vocabulary)
        run = _runs(arguments) / name
        running = train(chosen, tokenizer, run)
        while True:
            try:
                state = next(running)
            except StopIteration as finished:
                model = finished.value
                break
            rate = state.tokens / state.seconds
            print(
                f"{name}: step {state.step}/{state.steps}, {state.tokens:,} tokens, loss {state.loss:.3f}, "
                f"{rate:,.0f} tokens/s",
                file=sys.stderr,
                flush=True,
            )
        per_token, per_character = held_out_loss(model, tokenizer)
        result = {"recipe": asdict(chosen), "loss_per_token": per_token, "loss_per_character": per_character,
                  "parameters": sum(p.numel() for p in model.parameters())}  # fmt: skip
        (run / "result.json").write_text(json.dumps(result, indent=2))
        export(model, tokenizer, (arguments.out or assets_home() / "models") / name)
        print(
            f"{name}: held-out loss {per_token:.4f} nats per token, {per_character:.4f} per character", file=sys.stderr
        )
    return 0


def run_concepts(arguments: argparse.Namespace) -> int:
    """Write every contrast set of the world and the demo text."""
    from lrt_explorer.concepts.contrast import write_contrast
    from lrt_explorer.store import assets_home
    from lrt_explorer.tinyworld.contrasts import contrast_set

    home = arguments.out or assets_home()
    for concept in lexicon.CONCEPTS:
        write_contrast(home / "concepts" / f"{concept.name}.jsonl", contrast_set(concept.name))
    demo = home / "corpus" / "demo.txt"
    demo.parent.mkdir(parents=True, exist_ok=True)
    demo.write_text("".join(document.text + "\n" for document in documents("fit", 1500)), encoding="utf-8")
    print(f"wrote {len(lexicon.CONCEPTS)} contrast sets and the demo text to {home}", file=sys.stderr)
    return 0


def run_card(arguments: argparse.Namespace) -> int:
    """Write the model card."""
    from lrt_explorer.store import assets_home
    from lrt_explorer.tinyworld.card import write_card

    path = write_card(_runs(arguments), arguments.models or assets_home() / "models")
    print(f"wrote {path}", file=sys.stderr)
    return 0


def _runs(arguments: argparse.Namespace) -> Path:
    from lrt_explorer.store import data_home

    runs: Path = arguments.runs or data_home() / "tinyworld"
    return runs
