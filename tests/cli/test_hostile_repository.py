"""A repository that names programs in every setting git has for it: none of them runs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import run
from repositories import Repo, numbered

ATTRIBUTES = "*.py diff=evil filter=evil\n*.txt diff=evil filter=evil\n"
CONFIG = """
[core]
    repositoryFormatVersion = 1
    fsmonitor = {evil} fsmonitor
    hooksPath = {hooks}
    pager = {evil} pager
    editor = {evil} editor
    sshCommand = {evil} ssh
    askPass = {evil} askpass
    gitProxy = {evil} proxy
    alternateRefsCommand = {evil} alternates
[extensions]
    partialClone = origin
[diff]
    external = {evil} external
[diff "evil"]
    command = {evil} driver
    textconv = {evil} textconv
    cachetextconv = true
[diff "e=v.i\\"l"]
    command = {evil} odd-driver
[filter "evil"]
    clean = {evil} clean
    smudge = {evil} smudge
    process = {evil} process
    required = true
[gpg]
    program = {evil}-gpg
[log]
    showSignature = true
[credential]
    helper = !{evil} credential
[protocol]
    allow = always
[protocol "ext"]
    allow = always
[protocol "file"]
    allow = always
[pager]
    log = {evil} log-pager
    diff-index = {evil} diff-pager
[alias]
    log = !{evil} alias
    rev-list = !{evil} alias
    cat-file = !{evil} alias
[remote "origin"]
    url = ext::{evil} ext
    promisor = true
    partialclonefilter = blob:none
[remote "helper"]
    url = anything
    vcs = evil
    promisor = true
[remote "local"]
    url = {root}
    uploadpack = {evil} uploadpack
    promisor = true
[remote "shell"]
    url = ssh://example.com/nothing
    promisor = true
"""
NO_FILTER = "-c filter.evil.process= -c filter.evil.required=false"
ORIGIN_ALONE = " ".join(f"-c remote.{name}.promisor=false" for name in ("helper", "local", "shell"))
"""git asks the others first, and ends there if one is gone before it has been told what is wanted."""
HOOKS = ("post-index-change", "reference-transaction", "pre-auto-gc", "post-checkout", "fsmonitor-watchman")


@dataclass(frozen=True)
class Trap:
    """The repository, the folder in which every program that ran leaves a mark, and the way to `git-remote-evil`."""

    repo: Repo
    marks: Path
    path: str

    def sprung(self) -> list[str]:
        return sorted(mark.name for mark in self.marks.iterdir())


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Iterator[Trap]:
    folder = tmp_path_factory.mktemp("trap")
    marks, programs, hooks = folder / "marks", folder / "programs", folder / "hooks"
    for each in (marks, programs, hooks):
        each.mkdir()
    evil = programs / "evil"
    program(evil, f'touch "{marks}/$1"')
    program(programs / "evil-gpg", f'touch "{marks}/gpg"')
    program(programs / "git-remote-evil", f'touch "{marks}/remote-helper"')
    repo = Repo.init(folder / "repository")
    sub = Repo.init(folder / "repository" / "sub")
    sub.commit("inside", {"s.py": "s = 1\n"})
    repo.commit("one", {".gitattributes": ATTRIBUTES, "a.py": numbered(20), "b.txt": "one\n", "lost.py": "x = 1\n"})
    repo.commit("two", {"a.py": numbered(20, {4: "four = 4"}), "b.txt": "two\n"})
    signed(repo)
    repo.commit("lost", {"lost.py": "x = 2\n"})
    repo.commit("and found", {"lost.py": "x = 3\n"})
    repo.write({"a.py": numbered(20, {4: "four = 4", 9: "nine = 9"})})
    repo.git("add", "a.py")
    repo.write({"a.py": numbered(20, {4: "four = 4", 9: "nine = 9", 15: "more = 15"}), "b.txt": "three\n"})
    repo.lose(repo.git("rev-parse", "HEAD~1:lost.py"))
    for hook in HOOKS:
        program(hooks / hook, f'touch "{marks}/hook-{hook}"')
        program(repo.git_dir / "hooks" / hook, f'touch "{marks}/own-hook-{hook}"')
    for git_dir in (repo.git_dir, sub.git_dir):
        with (git_dir / "config").open("a") as config:
            config.write(CONFIG.format(evil=evil, hooks=hooks, root=repo.root))
        (git_dir / "info" / "attributes").write_text(ATTRIBUTES)
    yield Trap(repo, marks, f"{programs}{os.pathsep}{os.environ['PATH']}")


def program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\nexit 1\n")
    path.chmod(0o755)


def signed(repo: Repo) -> None:
    """A commit with a signature that somebody would have to check."""
    tree, parent = repo.git("rev-parse", "HEAD^{tree}"), repo.git("rev-parse", "HEAD")
    repo.commit_object(
        f"tree {tree}\nparent {parent}\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n"
        "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\nsigned\n".encode()
    )


def test_no_program_runs_whatever_is_asked(trap: Trap) -> None:
    root, variables = trap.repo.root, {"PATH": trap.path}
    asked: dict[tuple[str | Path, ...], int] = {
        ("index", root): 0,
        ("status", root): 0,
        ("similar", root): 0,
        ("similar", root, "--staged"): 0,
        ("similar", root, "--commit", "HEAD~3"): 0,
        ("similar", root, "--since", "2001-01-01", "--json"): 0,
        ("index", root, "--rebuild", "--since", "2001-01-01"): 0,
    }
    codes = {arguments: run(*arguments, env=variables).code for arguments in asked}
    assert (codes, trap.sprung()) == (asked, [])


def test_what_could_be_read_was_read(trap: Trap) -> None:
    answer = run("index", trap.repo.root, "--json", env={"PATH": trap.path}).json
    assert (answer["commits"], answer["edits"]) == (5, 6)
    assert answer["skipped"] == {"unreadable commit": 2, "submodule": 1}
    assert trap.sprung() == []


@pytest.mark.parametrize(
    ("command", "mark"),
    [
        ("status", "fsmonitor"),
        ("diff HEAD", "process"),
        (f"{NO_FILTER} diff HEAD -- b.txt", "driver"),
        (f"{NO_FILTER} log -p -1 HEAD~3", "textconv"),
        ("log -1 HEAD~2", "gpg"),
        (f"{ORIGIN_ALONE} cat-file -e HEAD~1:lost.py", "ext"),
        ("-c remote.origin.promisor=false cat-file -e HEAD~1:lost.py", "remote-helper"),
        ("update-ref refs/heads/new HEAD", "hook-reference-transaction"),
        ("-c core.hooksPath=.git/hooks update-ref refs/heads/new HEAD", "own-hook-reference-transaction"),
    ],
)
def test_plain_git_springs_the_trap(trap: Trap, command: str, mark: str) -> None:
    """Else the tests above would prove nothing."""
    command_line = ["git", *command.split()]
    subprocess.run(command_line, cwd=trap.repo.root, env={**os.environ, "PATH": trap.path}, capture_output=True)
    end = time.monotonic() + 20
    while mark not in (sprung := trap.sprung()) and time.monotonic() < end:
        time.sleep(0.05)  # what git starts may live longer than git
    for each in trap.marks.iterdir():
        each.unlink()
    assert mark in sprung
