"""A short soak, as `make soak` runs a long one: all is answered for, and no text differs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from repositories import Repo, habits

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def test_every_edit_is_answered_for_and_no_text_differs(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.history(habits(180))
    command = [sys.executable, str(SOAK), str(repo.root), "--edits", "1500", "--most-rise", "64", "--json"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    found = json.loads(done.stdout)
    assert (found["n"], found["ours"], found["errors"], found["logged"]) == (1500, 1500, 0, 0)
    assert found["texts_equal"] == found["texts_compared"] >= 4
    assert found["statuses"]["ok"] >= 200
