"""UMAP of plain arrays, here or in a process of its own: it compiles for ten seconds, in which little else would run.

    python -m lrt_explorer.linear.umap_layout

lays out what comes in on its standard input, request by request, until that ends. A request is a line of JSON, the
shape of the points with the settings of the layout, and then the points as float32; the answer is the layout likewise,
without a line. Nothing of torch is loaded for it.
"""

import json
import os
import sys
from contextlib import suppress
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]


def umap_layout(points: Points, k: int, neighbours: int, min_dist: float, seed: int) -> Points:
    """`[n, k]`, UMAP's layout of `[n, d]` points; the same for the same arguments on the same machine."""
    # Loaded here because its import takes seconds, which only such a picture should cost.
    from umap import UMAP

    # One job: with several, the layout depends on how the threads took turns.
    layout = UMAP(n_components=k, n_neighbors=neighbours, min_dist=min_dist, random_state=seed, n_jobs=1)
    return np.asarray(layout.fit_transform(points), dtype=np.float32)


def ask(out: BinaryIO, back: BinaryIO, points: Points, k: int, neighbours: int, min_dist: float, seed: int) -> Points:
    """`umap_layout`, computed by the process at the other end of two pipes.

    Raises:
        OSError: if it has ended.
    """
    request = {"shape": points.shape, "k": k, "neighbours": neighbours, "min_dist": min_dist, "seed": seed}
    out.write(json.dumps(request).encode() + b"\n" + np.ascontiguousarray(points, np.float32).tobytes())
    out.flush()
    size = len(points) * k * 4
    answer = back.read(size)
    if len(answer) != size:
        raise BrokenPipeError("the process that lays out pictures has ended")
    return np.frombuffer(answer, np.float32).reshape(-1, k)


def answer_requests(given: BinaryIO, out: BinaryIO) -> None:
    """Lay out what comes in until it ends."""
    while line := given.readline():
        request = json.loads(line)
        rows, columns = request.pop("shape")
        points = np.frombuffer(given.read(rows * columns * 4), np.float32).reshape(rows, columns)
        out.write(umap_layout(points, **request).tobytes())
        out.flush()


if __name__ == "__main__":
    with suppress(AttributeError, OSError):
        # Whatever a visitor waits for goes first.
        os.nice(10)
    with suppress(KeyboardInterrupt, BrokenPipeError):
        answer_requests(sys.stdin.buffer, sys.stdout.buffer)
