"""What it costs to write all arms of a comparison at once, against one plain `generate` of the same length.

    python -m benchmarks.generate [--model tinyworld-l] [--tokens 80] [--runs 15]

Prints one JSON object: for one thread and for the default number of threads the median seconds of both, and the median
of the ratios of runs made in turn. The project holds the ratio at 1.3 or below.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from lrt_explorer.lm.generate import generate_arms
from lrt_explorer.lm.load import LanguageModel, load

PROMPT = "In the morning"
ARMS = 4
BAR = 1.3


def plain(lm: LanguageModel, tokens: int) -> None:
    """One unsteered run of the library's own loop, greedy."""
    encoded = lm.tokenizer(PROMPT, return_tensors="pt").to(lm.device)
    model: Any = lm.model
    with torch.inference_mode():
        written = model.generate(**encoded, max_new_tokens=tokens, do_sample=False, pad_token_id=0)
    assert written.shape[1] == encoded["input_ids"].shape[1] + tokens


def together(lm: LanguageModel, layer: int, additions: torch.Tensor, tokens: int) -> None:
    """All arms in one batched pass a step, with the text of each at every step."""
    steps = sum(1 for _ in generate_arms(lm, PROMPT, layer, additions, max_new_tokens=tokens))
    assert steps == tokens


def seconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(lm: LanguageModel, tokens: int, runs: int) -> dict[str, float]:
    """Medians over runs made in turn, so that whatever else the machine does meets both alike."""
    layer = lm.layers // 2
    generator = torch.Generator().manual_seed(0)
    # Small, so that no arm is driven to the end of its text; the cost does not depend on the values.
    additions = 0.01 * torch.randn(ARMS, lm.width, generator=generator)
    additions[0] = 0
    pairs = []
    for run in range(runs + 2):
        first = seconds(lambda: plain(lm, tokens))
        second = seconds(lambda: together(lm, layer, additions, tokens))
        # The first runs warm up memory and kernels.
        if run >= 2:
            pairs.append((first, second))
    return {
        "generate_s": statistics.median(one for one, _ in pairs),
        "arms_s": statistics.median(four for _, four in pairs),
        "ratio": statistics.median(four / one for one, four in pairs),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tinyworld-l", help="preset, folder or hub id")
    parser.add_argument("--tokens", type=int, default=80, help="new tokens of each run")
    parser.add_argument("--runs", type=int, default=15, help="measured runs of each")
    options = parser.parse_args(arguments)
    lm = load(options.model)
    # Nothing may end a text early, or the two would not be of one length.
    for holder in (lm.model.generation_config, lm.model.config, lm.tokenizer):
        holder.eos_token_id = None
    report: dict[str, object] = {
        "model": options.model,
        "parameters": lm.parameters,
        "arms": ARMS,
        "tokens": options.tokens,
        "runs": options.runs,
        "bar": BAR,
    }
    default = torch.get_num_threads()
    try:
        for threads in sorted({1, default}):
            torch.set_num_threads(threads)
            report[f"threads_{threads}"] = measure(lm, options.tokens, options.runs)
    finally:
        torch.set_num_threads(default)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
