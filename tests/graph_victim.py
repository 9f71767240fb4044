"""A process that opens whatever graph file it is fed, as the product would: what a file can do, it does to it.

On standard input: for each file its length in four bytes, and its content. On standard output: a line for each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import hnswlib
import numpy as np

from codewm_lsp.engine.graph_file import GraphFileError, Shape, read_graph_file

SHAPE = Shape(size=8, links=4, breadth=20)


def main(path: Path) -> None:
    """Answer until the input ends."""
    keys = np.random.default_rng(1).standard_normal((30, SHAPE.size)).astype(np.float32)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    while len(head := sys.stdin.buffer.read(4)) == 4:
        path.write_bytes(sys.stdin.buffer.read(int.from_bytes(head, "little")))
        try:
            count = len(read_graph_file(path, SHAPE).labels)
        except GraphFileError as error:
            answer(f"refused: {error}")
            continue
        graph = hnswlib.Index("ip", SHAPE.size)
        graph.load_index(str(path), max_elements=count + len(keys))
        graph.set_ef(count)
        for key in keys:
            try:
                graph.knn_query(key[None], k=5, num_threads=1)
            except RuntimeError:
                pass  # fewer can be reached
        graph.add_items(keys, np.arange(10_000, 10_000 + len(keys)), num_threads=1)
        graph.knn_query(keys, k=1, num_threads=1)
        answer("fine")


def answer(line: str) -> None:
    """Say it at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
