"""Processes that mine, for tests that kill them: `python mine_victim.py FOLDER` mines its clones into FOLDER/out."""

from __future__ import annotations

import fcntl
import sys
import time
from pathlib import Path

from codewm_train.data import pack
from codewm_train.executors import LocalPool
from codewm_train.mine import mine
from codewm_train.repository_list import read_list

LIMIT = 1000


def mine_all(folder: Path) -> None:
    """As `codewm-train mine` does, one worker."""
    out = folder / "out"
    shards = mine(read_list(folder / "list.tsv"), folder / "clones", out, limit=LIMIT, executor=LocalPool(1))
    pack(shards, out / "dataset", LIMIT)


def hold(path: Path) -> None:
    """Lock a file for as long as this process lives, and say so with a second one."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        path.with_suffix(".held").touch()
        time.sleep(3600)


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        list(LocalPool(1).run(hold, [Path(sys.argv[2])]))
    else:
        mine_all(Path(sys.argv[1]))
