"""How long GGUF files take to open, cold and again, and how close their logits are to the library's own loading.

    python -m benchmarks.gguf_files small.gguf large.gguf

Each start is a process of its own with a data folder of its own, imports not counted. The second one must be at least
3 times as fast, and no logit may differ by 1e-3.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from lrt_explorer.lm.load import load

TEXT = "The capital of France is Paris, and the old town had many bridges."
LARGEST_DIFFERENCE = 1e-3
FEWEST_TIMES = 3.0
START = """
import sys, time
from lrt_explorer.lm.load import load
begun = time.perf_counter()
for name in sys.argv[1:]:
    load(name, device="cpu")
print(time.perf_counter() - begun)
"""


def start(files: list[str], home: str) -> float:
    """Seconds that a new process takes to load the files."""
    environment = {**os.environ, "LRT_EXPLORER_HOME": home}
    command = [sys.executable, "-c", START, *files]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def difference(file: str) -> float:
    """The largest difference of a logit between our model and the library's."""
    lm, path = load(file, device="cpu"), Path(file).resolve()
    kind: Any = AutoModelForCausalLM
    theirs = kind.from_pretrained(path.parent, gguf_file=str(path), dtype=torch.float32)
    ids = lm.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        return float((lm.model(input_ids=ids).logits - theirs(input_ids=ids).logits).abs().max())


def main() -> int:
    """Measure, and say whether both bars are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE", help="GGUF files of models, ending in .gguf")
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as home:
        cold, again = start(files, home), start(files, home)
        print(f"cold start {cold:.1f} s, second start {again:.1f} s: {cold / again:.1f} times as fast", flush=True)
        os.environ["LRT_EXPLORER_HOME"] = home
        largest = max(difference(file) for file in files)
    print(f"largest difference of a logit: {largest:.2g}")
    return 0 if cold / again >= FEWEST_TIMES and largest < LARGEST_DIFFERENCE else 1


if __name__ == "__main__":
    sys.exit(main())
