"""How many threads a pass takes best, by the size of the model and by what else the machine does.

    python -m benchmarks.threads [--sizes 96x3,192x5,384x6,576x12,768x12] [--runs 9]

Random models of the Llama shape, WIDTHxBLOCKS: one token more for four texts, as steering takes it, and a batch of
16 texts of 128 tokens, as a fit takes it. Each is timed with one thread and with all cores, on an idle machine, beside
a process on every core, and in as many jobs at once as there are cores. Prints one JSON object: median milliseconds.
"""

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.load import busy_cores
from lrt_explorer.lm.threads import useful_threads

SIZES = "96x3,192x5,384x6,576x12,768x12"
ROWS, BATCH, LENGTH, PROMPT = 4, 16, 128, 32
VOCABULARY = 1024


def random_model(width: int, blocks: int) -> LlamaForCausalLM:
    """A model with weights that nobody has trained; for its speed that makes no difference."""
    torch.manual_seed(0)
    heads = max(1, width // 48)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=width * 8 // 3 // 8 * 8,
        num_hidden_layers=blocks,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=512,
    )
    model = LlamaForCausalLM(config)
    model.eval()
    return model


def passes(model: LlamaForCausalLM) -> dict[str, Callable[[], object]]:
    """What is timed: one more token for some texts, and a batch of whole texts."""
    with torch.inference_mode():
        prompt = model(torch.zeros(ROWS, PROMPT, dtype=torch.long), use_cache=True).past_key_values
    one, batch = torch.zeros(ROWS, 1, dtype=torch.long), torch.zeros(BATCH, LENGTH, dtype=torch.long)

    def token() -> None:
        model(one, past_key_values=prompt, use_cache=True)
        prompt.crop(-1)

    return {"token": token, "batch": lambda: model(batch, use_cache=False)}


def milliseconds(run: Callable[[], object], threads: int, runs: int) -> float:
    """Median time of a pass in the calling thread."""
    torch.set_num_threads(threads)
    taken = []
    with torch.inference_mode():
        for number in range(runs + 2):
            begun = time.perf_counter()
            run()
            # The first passes warm up memory and kernels.
            if number >= 2:
                taken.append(1000 * (time.perf_counter() - begun))
    return round(statistics.median(taken), 2)


def together(models: list[LlamaForCausalLM], what: str, threads: int, runs: int) -> float:
    """Median time of a pass in several jobs at once, each with a model of its own."""
    found: list[float] = []

    def job(model: LlamaForCausalLM) -> None:
        found.append(milliseconds(passes(model)[what], threads, runs))

    jobs = [threading.Thread(target=job, args=(model,)) for model in models]
    for one in jobs:
        one.start()
    for one in jobs:
        one.join()
    return round(statistics.mean(found), 2)


def measure(width: int, blocks: int, runs: int) -> dict[str, Any]:
    """All timings of one size: for each pass and surrounding, by threads."""
    cores = len(os.sched_getaffinity(0))
    models = [random_model(width, blocks) for _ in range(cores)]
    counts = sorted({1, cores})
    timed: dict[str, Callable[[], object]] = passes(models[0])
    found: dict[str, Any] = {}
    for what, run in timed.items():
        found[what] = {"idle": {count: milliseconds(run, count, runs) for count in counts}}
        with busy_cores(True):
            found[what]["busy"] = {count: milliseconds(run, count, runs) for count in counts}
        found[what][f"{cores} jobs"] = {count: together(models, what, count, runs) for count in counts}
    parameters = sum(weight.numel() for weight in models[0].parameters())
    return {"parameters": parameters, "threads_used": min(cores, useful_threads(parameters)), **found}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES, help="WIDTHxBLOCKS, separated by commas")
    parser.add_argument("--runs", type=int, default=9, help="measured passes of each")
    options = parser.parse_args()
    sizes = [tuple(map(int, size.split("x"))) for size in options.sizes.split(",")]
    found = {f"{width}x{blocks}": measure(width, blocks, options.runs) for width, blocks in sizes}
    print(json.dumps({"cores": len(os.sched_getaffinity(0)), "milliseconds": found}, indent=2))


if __name__ == "__main__":
    main()
