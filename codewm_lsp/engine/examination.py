"""What an examination is made of: facts by section, and problems, each with its cause and the command that mends it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_model.errors import (
    BundleError,
    CodewmError,
    DependencyError,
    GitMissingError,
    HistoryError,
    IndexMissingError,
    IndexStoreError,
    IndexVersionError,
    NotARepositoryError,
)

UNEXPECTED = CodewmError.exit_code

# The first that fits; the command is one to copy, `{path}` the path that was asked about.
_FINDINGS: tuple[tuple[type[CodewmError], str, str], ...] = (
    (GitMissingError, "no command works without git", "apt install git"),
    (NotARepositoryError, "there is no history to search", "codewm-lsp doctor PATH-OF-A-REPOSITORY"),
    (HistoryError, "git cannot read this repository", "git -C {path} fsck"),
    (IndexMissingError, "no past edit is ever found", "codewm-lsp index {path}"),
    (IndexVersionError, "every search is refused", "codewm-lsp index {path}"),
    (IndexStoreError, "every search fails", "codewm-lsp index --rebuild {path}"),
    (DependencyError, "no search works", "pip install hnswlib onnxruntime"),
    (BundleError, "no command works: there is no model", "pip install --force-reinstall codewm-lsp"),
    (CodewmError, "something does not work", "codewm-lsp status -v {path}"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a person notices, why, and the command that mends it. `code` is the exit code; 0 for a mere advice."""

    symptom: str
    cause: str
    remedy: str
    code: int


@dataclass
class Examination:
    """Facts by section, and problems, the most basic first."""

    path: Path
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code: that of the first problem that is more than advice."""
        return next((problem.code for problem in self.problems if problem.code), 0)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """A block in which an error is one more problem."""
        try:
            yield
        except CodewmError as error:
            self.problems.append(self._problem(error))
        except Exception as error:  # a doctor who dies of the disease tells nothing of it
            cause = at_home(f"{type(error).__name__}: {error}".partition("\n")[0])
            self.add("something fails that nobody thought of", cause, "codewm-lsp doctor --json {path}", UNEXPECTED)

    def add(self, symptom: str, cause: str, remedy: str, code: int = 0) -> None:
        """Note a problem that no error told of; `{path}` in the remedy becomes the path that was asked about."""
        self.problems.append(Problem(symptom, cause, remedy.format(path=_to_copy(self.path)), code))

    def check_network(self, seen: Mapping[str, Sequence[str]]) -> None:
        """Note it if a watched process used the network."""
        if seen.get("network"):
            cause = ", ".join(seen["network"])
            self.add(
                "something uses the network, which it must not", cause, "codewm-lsp doctor --json {path}", UNEXPECTED
            )

    def _problem(self, error: CodewmError) -> Problem:
        symptom, remedy = next((symptom, remedy) for kind, symptom, remedy in _FINDINGS if isinstance(error, kind))
        remedy = remedy.format(path=_to_copy(self.path))
        cause, *more = str(error).splitlines()
        if isinstance(error, BundleError) and os.environ.get(VARIABLE):
            remedy = f"unset {VARIABLE}"
        elif isinstance(error, NotARepositoryError):  # where git mistrusts the owner, it says what mends that
            remedy = next((line.strip() for line in more if line.strip().startswith("git config ")), remedy)
        return Problem(symptom, at_home(cause), at_home(remedy), error.exit_code)


def at_home(text: str) -> str:
    """The text with the user's home folder as `~`."""
    try:
        home = str(Path.home())
    except RuntimeError:
        return text  # the system knows of none
    return text.replace(home, "~") if len(home) > 1 else text


def _to_copy(path: Path) -> str:
    """A path as an argument of a command line; a shell finds the home in a `~` that is not quoted."""
    text = at_home(str(path))
    return "~/" + shlex.quote(text[2:]) if text.startswith("~/") else shlex.quote(text)
