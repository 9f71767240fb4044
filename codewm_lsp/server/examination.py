"""What `codewm-lsp doctor` finds of the server's answers: the settings that a repository brings, and one file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codewm_lsp.engine.left_out import rules_of
from codewm_lsp.engine.project import project_table
from codewm_lsp.engine.worktree import base_text, decoded
from codewm_lsp.server.document import LARGEST_TEXT, LONGEST_LINE, content_lines, split_keeping_ends
from codewm_lsp.server.settings import Settings, read_table
from codewm_model.errors import HistoryError, ProjectFileError
from codewm_model.git import Repository
from codewm_model.languages import language_of
from codewm_model.left_alone import holds_secrets
from codewm_model.linediff import diff_edits

if TYPE_CHECKING:
    from codewm_lsp.engine.examination import Examination

_NOTHING = "nothing is answered for this file"
_BYTES_OF_A_CHARACTER = 4  # at most, in UTF-8


def examine_for_editors(path: Path, found: Examination) -> None:
    """Add what `[tool.codewm]` sets, and if `path` is a file, what an editor is answered for it; never name or text.

    Outside of a work tree there is nothing to add; whoever examined the repository has said why.
    """
    try:
        repository = Repository.open(path)
    except HistoryError:
        return
    if repository.work_tree is None:
        return
    rules, problems = rules_of(repository)
    found.facts["settings_of_the_project"] = _settings(repository.work_tree, problems, found)
    if path.is_file():
        relative = path.resolve().relative_to(repository.work_tree.resolve()).as_posix()
        found.facts["file"] = _file(path, relative, repository, rules.reason_of_path(relative), found)


def _settings(work_tree: Path, problems: list[str], found: Examination) -> dict[str, Any]:
    try:
        table = project_table(work_tree)
    except ProjectFileError:
        table = {}  # `problems` say so already
    settings, more = read_table(table, Settings())
    for problem in (*problems, *more):
        found.add("a setting does nothing", problem, "mend [tool.codewm] in pyproject.toml")
    if not settings.hover:
        found.add("nothing in hover", "the project turns it off", "hover = true in [tool.codewm] of pyproject.toml")
    return {name: value for name, value in asdict(settings).items() if name in table}


def _file(path: Path, relative: str, repository: Repository, reason: str | None, found: Examination) -> dict[str, Any]:
    language = language_of(relative)
    facts: dict[str, Any] = {"language": language.name if language else None, "left_out_of_the_index": reason}
    if holds_secrets(path):
        cause = "its name is one of those that hold secrets, and it is never read"
        found.add(_NOTHING, cause, "give it another name, if it holds none")
        return facts
    if reason is not None:
        remedy = "exclude in [tool.codewm] of pyproject.toml says what is left out"
        found.add("past edits of this file are never found", f"it is left out of the index: {reason}", remedy)
    if language is None:
        cause = "there is no grammar for its language; its edits are compared by their words"
        found.add("no predictions for this file", cause, "codewm-lsp similar {path}")
    text = _text(path)
    if text is None:
        cause = f"it has more than {LARGEST_TEXT:,} characters or a line of more than {LONGEST_LINE:,}, or is no text"
        found.add(_NOTHING, cause, "split it")
        return facts
    base = base_text(repository, relative)
    facts["at_head"] = base is not None
    if base is None:
        cause = "git has no text of it at HEAD, so only what is changed after it was opened counts"
        found.add("nothing in hover", cause, "commit it")
        return facts
    old, new = (content_lines(split_keeping_ends(side)) for side in (base, text))
    facts["changes_on_disk"] = len(diff_edits(relative, old, new))
    if facts["changes_on_disk"] == 0:
        found.add("nothing in hover", "the file has no change against HEAD", "change a line, and hover over that")
    return facts


def _text(path: Path) -> str | None:
    """The file as a document of the server; None if that would be too large, or it is binary."""
    if path.stat().st_size > LARGEST_TEXT * _BYTES_OF_A_CHARACTER:
        return None
    text = decoded(path.read_bytes())
    if text is None or len(text) > LARGEST_TEXT or max(map(len, split_keeping_ends(text))) > LONGEST_LINE:
        return None
    return text
