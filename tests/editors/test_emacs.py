"""The snippets of docs/emacs.md in a real Emacs with eglot, without a window."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from histories import AFTER, BEFORE, Shop

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent  # where `codewm-lsp` is
GUIDE = (ROOT / "docs" / "emacs.md").read_text()
SNIPPETS = [text for text in re.findall(r"```elisp\n(.*?)```", GUIDE, flags=re.DOTALL) if not text.startswith("((")]

# Starts the server for the file, and makes the change that the history has made elsewhere.
SCENE = """
(require 'json)
(require 'eglot)
(setq eglot-sync-connect 60 eglot-connect-timeout 60)
{snippets}
(find-file {file})
(apply #'eglot--connect (eglot--guess-contact))
(re-search-forward (regexp-quote {before}))
(replace-match {after} t t)
(defun answer (value) (princ (json-encode value)) (kill-emacs 0))
{body}
"""


def emacs(shop: Shop, folder: Path, body: str) -> Any:
    """What Lisp hands to `answer` after the change was made; -q and not -Q, which would pass over eglot's package."""
    program = shutil.which("emacs")
    if program is None:
        pytest.skip("no Emacs: apt-get install --no-install-recommends emacs-nox elpa-eglot")
    names = {"file": str(shop.file), "before": BEFORE, "after": AFTER}
    script = folder / "script.el"
    quoted = {name: json.dumps(value) for name, value in names.items()}
    script.write_text(SCENE.format(snippets="\n".join(SNIPPETS), body=body, **quoted))
    done = subprocess.run(
        [program, "-q", "--batch", "-l", str(script)],
        env={**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_command_of_the_guide_shows_past_edits_as_a_diff(indexed_shop: Shop, tmp_path: Path) -> None:
    body = """
    (codewm-similar)
    (with-current-buffer "*similar past edits*" (answer (list major-mode (buffer-string))))
    """
    mode, text = emacs(indexed_shop, tmp_path, body)
    assert mode == "diff-mode"
    assert "Katherine Johnson" in text and "+    response = session.get(url, timeout=10)" in text


def test_hover_shows_the_best_past_edit(indexed_shop: Shop, tmp_path: Path) -> None:
    body = """
    (eglot--signal-textDocument/didChange)
    (let (shown)
      (eglot-hover-eldoc-function (lambda (text &rest _) (setq shown text)))
      (while (not shown) (accept-process-output nil 0.1))
      (answer (substring-no-properties shown)))
    """
    assert "Katherine Johnson" in emacs(indexed_shop, tmp_path, body)


def test_the_code_action_is_offered(indexed_shop: Shop, tmp_path: Path) -> None:
    body = """
    (eglot--signal-textDocument/didChange)
    (answer (mapcar (lambda (action) (plist-get action :title))
                    (eglot-code-actions (line-beginning-position) (line-end-position))))
    """
    assert any(title.startswith("Similar past edits") for title in emacs(indexed_shop, tmp_path, body))
