"""Git repositories made for tests: real git, fixed authors and dates, nothing of the user's configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

START = 1_700_000_000  # 2023-11-14; each commit is an hour after the one before it
ADA = ("Ada Lovelace", "ada@example.com")
GRACE = ("Grace Hopper", "grace@example.com")

Content = str | bytes | None  # None removes the file


@dataclass
class Repo:
    """A repository on disk, and the clock that its commits are dated by."""

    root: Path
    clock: int = START
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def init(cls, root: Path, *options: str) -> Repo:
        """A new repository with the branch `main`."""
        root.mkdir(parents=True, exist_ok=True)
        repo = cls(root)
        repo.git("init", "--quiet", "--initial-branch=main", *options)
        return repo

    @property
    def git_dir(self) -> Path:
        """Of a repository that is not bare."""
        return self.root / ".git"

    def git(self, *arguments: str, stdin: bytes = b"", author: tuple[str, str] = ADA) -> str:
        """Standard output of a command; its failure fails the test."""
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=self.root, input=stdin, capture_output=True, env=self._environment(author))
        assert done.returncode == 0, f"git {arguments}: {done.stderr.decode()}"
        return os.fsdecode(done.stdout).strip()

    def write(self, files: Mapping[str, Content]) -> None:
        """Put files into the work tree, or take them away."""
        for name, content in files.items():
            path = self.root / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, subject: str, files: Mapping[str, Content] | None = None, *, author: tuple[str, str] = ADA) -> str:
        """Write files, commit everything; the commit's id, which `ids` keeps under its subject."""
        self.write(files or {})
        self.git("add", "--all")
        return self.commit_staged(subject, author=author)

    def commit_staged(self, subject: str, *, author: tuple[str, str] = ADA) -> str:
        """Commit what is staged, be it nothing."""
        self.clock += 3600
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", subject, author=author)
        self.ids[subject] = self.git("rev-parse", "HEAD")
        return self.ids[subject]

    def commit_object(self, raw: bytes) -> str:
        """Store a commit object with any bytes in it, without a check, and put the branch on it."""
        ident = self.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
        self.git("update-ref", "refs/heads/main", ident)
        return ident

    def history(self, commits: list[tuple[str, dict[str, str]]]) -> None:
        """Many commits (subject, files) on `main` at once, through `git fast-import`."""
        stream = [b"feature done\n"]
        for i, (subject, files) in enumerate(commits):
            self.clock += 3600
            name, email = (ADA, GRACE)[i % 2]
            message = subject.encode()
            stream.append(b"commit refs/heads/main\n")
            stream += (f"{role} {name} <{email}> {self.clock} +0000\n".encode() for role in ("author", "committer"))
            stream.append(b"data %d\n%s\n" % (len(message), message))
            if i == 0 and (tip := self._tip()):
                stream.append(b"from %s\n" % tip.encode())
            for path, text in files.items():
                data = text.encode()
                stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))
        stream.append(b"done\n")
        self.git("fast-import", "--quiet", "--done", stdin=b"".join(stream))
        if self.git_dir.is_dir():
            self.git("reset", "--quiet", "--hard", "main")

    def lose(self, ident: str) -> None:
        """Delete a loose object."""
        (self.git_dir / "objects" / ident[:2] / ident[2:]).unlink()

    def damage(self, ident: str) -> None:
        """Overwrite a loose object with bytes that are none."""
        path = self.git_dir / "objects" / ident[:2] / ident[2:]
        path.chmod(0o644)
        path.write_bytes(b"not an object")

    def _tip(self) -> str:
        done = subprocess.run(["git", "rev-parse", "--verify", "--quiet", "main"], cwd=self.root, capture_output=True)
        return done.stdout.decode().strip()

    def _environment(self, author: tuple[str, str]) -> dict[str, str]:
        identity = {"NAME": author[0], "EMAIL": author[1], "DATE": f"{self.clock} +0000"}
        roles = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in identity.items()}
        return {**os.environ, **roles, "GIT_ALLOW_PROTOCOL": "file"}


def numbered(count: int, changed: Mapping[int, str] | None = None) -> str:
    """Lines `value_0 = 0`, `value_1 = 1`, ...; some of them replaced."""
    changed = changed or {}
    return "".join(changed.get(i, f"value_{i} = {i}") + "\n" for i in range(count))


def habits(count: int) -> list[tuple[str, dict[str, str]]]:
    """`count` commits over a dozen files: in turn they add a function, a timeout or a try, or rename something."""
    files: dict[str, list[str]] = {}
    commits = []
    for i in range(count):
        path = f"app/part_{i % 12}.py"
        text = files.setdefault(path, ["import requests", "", ""])
        name = f"fetch_{i}"
        body = [f"def {name}(session, key_{i}):"]
        if i % 3 == 0:
            body += [f"    return session.get(key_{i}, timeout={i})"]
        elif i % 3 == 1:
            body += ["    try:", f"        return session.post(key_{i})", "    except OSError:", "        return None"]
        else:
            body += [f"    found_{i} = session.delete(key_{i})", f"    return found_{i}.status"]
        text += [*body, "", ""]
        if i % 5 == 4:
            text[0] = f"import requests  # as of {i}"
        commits.append((f"Change number {i}", {path: "\n".join(text) + "\n"}))
    return commits
