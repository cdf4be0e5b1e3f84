"""Is the demo family well trained? Prints one JSON object.

    python -m benchmarks.family

Held-out loss per token and per character of every member, and the share of grammatical sentences, by the judge, in
texts that begin with the first words of held-out documents, greedily and at temperature 1.
"""

import argparse
import json
import sys
from itertools import islice

from lrt_explorer.lm.cache import models
from lrt_explorer.lm.generate import generate_batch
from lrt_explorer.tinyworld.corpus import documents
from lrt_explorer.tinyworld.family import RECIPES
from lrt_explorer.tinyworld.recogniser import sentence_shares
from lrt_explorer.tinyworld.train import held_out_loss


def grammatical(name: str, temperature: float, count: int, new_tokens: int) -> float:
    """Share of whole sentences in generated texts that the grammar can produce."""
    lm = models().get(name)
    prompts = [" ".join(document.text.split()[:2]) for document in islice(documents("evaluation", count), count)]
    texts = generate_batch(lm, prompts, max_new_tokens=new_tokens, temperature=temperature, seed=0)
    pairs = [sentence_shares(prompt + text) for prompt, text in zip(prompts, texts, strict=True)]
    return sum(good for good, _ in pairs) / sum(total for _, total in pairs)


def main() -> None:
    """Measure every member, or the named ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=list(RECIPES))
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--new-tokens", type=int, default=80)
    arguments = parser.parse_args()
    report = {}
    for name in arguments.models:
        lm = models().get(name)
        per_token, per_character = held_out_loss(lm.model, lm.tokenizer)
        lm.model.eval()
        report[name] = {
            "parameters": lm.parameters,
            "loss_per_token": round(per_token, 4),
            "loss_per_character": round(per_character, 4),
            "grammatical_greedy": round(grammatical(name, 0.0, arguments.texts, arguments.new_tokens), 4),
            "grammatical_sampled": round(grammatical(name, 1.0, arguments.texts, arguments.new_tokens), 4),
        }
        print(name, json.dumps(report[name]), file=sys.stderr, flush=True)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
