"""The only door to git: plumbing commands, run so that an untrusted repository cannot run anything itself.

A repository's config may name programs (hooks, filters, textconv, external diffs, file-system monitors,
pagers, transports). Every call here overrides those settings through the environment, takes no optional
lock and never talks to a remote, so that missing objects stay missing instead of being fetched.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from codewm_model.errors import GitMissingError, HistoryError, NotARepositoryError

_log = logging.getLogger(__name__)

MIN_GIT = (2, 31)  # GIT_CONFIG_COUNT, which carries the overrides below
MAX_BLOB = 1 << 20  # bytes; git calls larger files binary and does not diff them

_INSTALL = "install it (Debian/Ubuntu: apt install git) and make sure it is on PATH"
_KEPT = {
    "GIT_EXEC_PATH",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
}
_VARIABLES = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",  # git 2.45 on; GIT_ALLOW_PROTOCOL stops older ones at the transport
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_OVERRIDES = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.alternateRefsCommand": "",
    "core.bigFileThreshold": str(MAX_BLOB),
    # Two gits run for as long as a history is read: without these, each takes 100 MB and more for what it has seen.
    "core.deltaBaseCacheLimit": "8m",
    "core.packedGitLimit": "8m",
    "core.packedGitWindowSize": "1m",
    "core.quotePath": "false",
    "credential.helper": "",
    "diff.external": "",
    "diff.orderFile": os.devnull,
    "diff.suppressBlankEmpty": "false",
    "diff.ignoreSubmodules": "all",
    "gc.auto": "0",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
}


def _environment(overrides: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    config = {"GIT_CONFIG_COUNT": str(len(overrides))}
    for i, (key, value) in enumerate(overrides.items()):
        config[f"GIT_CONFIG_KEY_{i}"], config[f"GIT_CONFIG_VALUE_{i}"] = key, value
    return kept | _VARIABLES | config


@functools.cache
def git_program() -> str:
    """Absolute path of git.

    Raises:
        GitMissingError: there is none on PATH, or it is older than `MIN_GIT`.
    """
    program = shutil.which("git")
    if program is None:
        raise GitMissingError(f"git was not found: {_INSTALL}")
    try:
        text = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise GitMissingError(f"git does not run ({error}): {_INSTALL}") from error
    found = re.search(r"(\d+)\.(\d+)", text)
    if found is None or (int(found[1]), int(found[2])) < MIN_GIT:
        raise GitMissingError(f"git {MIN_GIT[0]}.{MIN_GIT[1]} or newer is needed, this is {text.strip()!r}")
    return program


@dataclass(frozen=True)
class Repository:
    """A git repository: `git_dir` of this work tree, `common_dir` that all its worktrees share."""

    git_dir: Path
    common_dir: Path
    work_tree: Path | None

    @classmethod
    def open(cls, path: Path | str) -> Repository:
        """Find the repository that `path` (a file, a folder or a git directory) lies in.

        Raises:
            NotARepositoryError: there is none, or git refuses it (its message says why).
            GitMissingError: no usable git.
        """
        start = Path(path).resolve()
        folder = start if start.is_dir() else start.parent
        if not folder.is_dir():
            raise NotARepositoryError(f"{path}: no such file or folder")

        def ask(question: str) -> str:  # one at a time, for a path may hold newlines
            done = _run(folder, ["rev-parse", question], _OVERRIDES)
            if done.returncode != 0:
                reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
                if "not a git repository" in reason:
                    reason = "not a git repository (nor any parent folder); history is what there is to index"
                raise NotARepositoryError(f"{path}: {reason}")
            return os.fsdecode(done.stdout).removesuffix("\n")

        git_dir, common = Path(ask("--absolute-git-dir")), (folder / ask("--git-common-dir")).resolve()
        inside = ask("--is-inside-work-tree") == "true"
        return cls(git_dir, common, Path(ask("--show-toplevel")) if inside else None)

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Standard output of one git command fed with `stdin`.

        Raises:
            HistoryError: it failed; the message is git's.
        """
        done = _run(self._folder, self._arguments(arguments), self._overrides, stdin)
        if done.returncode != 0:
            message = done.stderr.decode(errors="replace").strip()
            raise HistoryError(f"git {arguments[0]} failed in {self._folder}: {message}")
        return done.stdout

    def succeeds(self, *arguments: str) -> str | None:
        """Stripped output of a command, None if git says no (an unborn HEAD, an unknown revision)."""
        done = _run(self._folder, self._arguments(arguments), self._overrides)
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None

    @contextmanager
    def stream(self, *arguments: str, stdin: bytes | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """A running git whose output is read piece by piece; ended when the block is left."""
        _log.debug("git %s in %s", " ".join(arguments), self._folder)
        process = subprocess.Popen(
            [git_program(), *self._arguments(arguments)],
            cwd=self._folder,
            env=_environment(self._overrides),
            stdin=subprocess.PIPE if stdin is None else _spooled(stdin),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=1 << 16,
        )
        try:
            yield process
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:
                        pass  # git ended first; that is what we wanted
            if process.poll() is None:
                process.kill()
            process.wait()

    def head(self) -> str | None:
        """Commit id of HEAD, None in an empty repository."""
        return self.succeeds("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    @property
    def _folder(self) -> Path:
        return self.work_tree or self.git_dir

    def _arguments(self, arguments: Sequence[str]) -> list[str]:
        return [f"--git-dir={self.git_dir}", *arguments] if self.work_tree is None else list(arguments)

    @functools.cached_property
    def _overrides(self) -> dict[str, str]:
        """The fixed overrides and an empty command for every content filter that the config names."""
        done = _run(
            self._folder,
            self._arguments(["config", "-z", "--name-only", "--get-regexp", r"^(filter|diff)\..*\."]),
            _OVERRIDES,
        )
        off = dict(_OVERRIDES)
        for key in os.fsdecode(done.stdout).split("\0"):
            section, _, rest = key.partition(".")
            name = rest.rpartition(".")[0]
            if section == "filter" and name:
                off |= {f"filter.{name}.{part}": "" for part in ("clean", "smudge", "process")}
                off[f"filter.{name}.required"] = "false"
            elif section == "diff" and name:
                off |= {f"diff.{name}.command": "", f"diff.{name}.textconv": ""}
        return off


def _run(
    folder: Path, arguments: Sequence[str], overrides: dict[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    command = [git_program(), *arguments]
    _log.debug("git %s in %s", " ".join(arguments), folder)
    return subprocess.run(
        command, cwd=folder, env=_environment(overrides), input=stdin, capture_output=True, check=False
    )


def _spooled(data: bytes) -> IO[bytes]:
    """`data` as a file that git can read at its own pace (a pipe would need a thread of its own)."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  git inherits it; ours closes with the last reference
    file.write(data)
    file.seek(0)
    return file


class BlobReader:
    """Contents and sizes of objects through long-lived `git cat-file` processes; restarted if they die."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._open = ExitStack()

    def read(self, name: str) -> bytes | None:
        """The object's bytes; None if it is missing, no blob, or larger than `MAX_BLOB`.

        `name` is an object id, or `REVISION:path` where the path holds no newline.
        """
        asked = self._ask("--batch", name)
        if asked is None:
            return None
        kind, size, output = asked
        left = size + 1  # git ends the content with a newline of its own
        if kind == b"blob" and size <= MAX_BLOB:
            content = output.read(left)
            return content[:-1] if len(content) == left else None  # git dies over a damaged object
        while left > 0:
            piece = output.read(min(left, 1 << 16))
            if not piece:
                break
            left -= len(piece)
        return None

    def size(self, name: str) -> int | None:
        """The object's size in bytes, None if it is missing. Its content is not read."""
        asked = self._ask("--batch-check", name)
        return asked[1] if asked is not None else None

    def _ask(self, mode: str, name: str) -> tuple[bytes, int, IO[bytes]] | None:
        """The object's type and size, and where its content follows."""
        if "\n" in name:
            return None
        for _ in range(2):
            process = self._running.get(mode) or self._start(mode)
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(name.encode(errors="surrogateescape") + b"\n")
                process.stdin.flush()
                header = process.stdout.readline()
            except OSError:
                header = b""
            if header:
                fields = header.rsplit(b" ", 2)
                if len(fields) != 3 or not fields[2].strip().isdigit():
                    return None  # "<name> missing" or "<name> ambiguous"
                return fields[1], int(fields[2]), process.stdout
            self.close()
        return None

    def _start(self, mode: str) -> subprocess.Popen[bytes]:
        self._running[mode] = self._open.enter_context(self._repository.stream("cat-file", mode))
        return self._running[mode]

    def close(self) -> None:
        """End the processes; the next question starts another."""
        self._open.close()
        self._running.clear()

    def __enter__(self) -> BlobReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
