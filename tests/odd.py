"""A repository with every odd thing that a history can hold; one commit for each, found by its subject."""

from __future__ import annotations

import os
from pathlib import Path

from repositories import GRACE, Repo, numbered

SUBMODULE = "1" * 40
UNUSUAL = (
    "with space.py",
    'with "quotes".py',
    "with\nnewline.py",
    "with\ttab.py",
    "with \\ backslash.py",
    "naïve ünïcode ☃.py",
    "-dash.py",
    "a/b.py",  # looks like git's prefixes
)
NOT_UTF8 = b"caf\xe9.py"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
BIG = numbered(80_000)  # more than 1 MiB


def build_odd_repository(root: Path) -> Repo:
    """Build it; `ids` of the answer has the commits by subject."""
    repo = Repo.init(root)
    repo.commit("root", {"plain.py": numbered(40), "README": "read me\n", "moved.py": numbered(30)})
    _moves(repo)
    _kinds(repo)
    _encodings(repo)
    _hunks(repo)
    _paths(repo)
    _merge(repo)
    _messages(repo)
    return repo


def _moves(repo: Repo) -> None:
    repo.git("mv", "moved.py", "pure.py")
    repo.commit("rename")
    repo.git("mv", "pure.py", "modified.py")
    repo.commit("rename and modify", {"modified.py": numbered(30, {3: "three = 3"})})
    repo.commit("new file", {"new.py": "def new():\n    return 1\n"})
    repo.commit("removed file", {"new.py": None})
    repo.git("update-index", "--chmod=+x", "plain.py")
    repo.commit_staged("mode only")
    repo.git("checkout", "--quiet", "--", "plain.py")
    repo.commit_staged("empty")


def _kinds(repo: Repo) -> None:
    repo.commit("binary", {"image.png": b"\x89PNG\0\0" + bytes(range(256))})
    repo.commit("binary changed", {"image.png": b"\x89PNG\0\1" + bytes(range(256))})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{SUBMODULE},vendored")
    repo.commit_staged("submodule")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},vendored")
    repo.commit_staged("submodule changed")
    repo.git("update-index", "--force-remove", "vendored")
    repo.commit_staged("submodule removed")
    repo.commit("LFS pointer", {"data.bin": POINTER.format("a" * 64, 100)})
    repo.commit("LFS pointer changed", {"data.bin": POINTER.format("b" * 64, 100)})
    repo.commit("size in a text", {"box.txt": "size 3\n"})
    (repo.root / "link.py").symlink_to("plain.py")
    repo.commit("symbolic link")
    (repo.root / "link.py").unlink()
    (repo.root / "link.py").symlink_to("README")
    repo.commit("symbolic link changed")
    repo.commit("to become a link", {"turns.py": "x = 1\n", "stays.py": "y = 1\n"})
    (repo.root / "turns.py").unlink()
    (repo.root / "turns.py").symlink_to("plain.py")
    repo.commit("file to link", {"stays.py": "y = 2\n"})
    repo.commit("too large", {"big.py": BIG})
    repo.commit("too large changed", {"big.py": BIG + "last = 1\n", "stays.py": "y = 3\n"})
    repo.commit("too large shrunk", {"big.py": "small = 1\n"})


def _encodings(repo: Repo) -> None:
    repo.commit("latin-1", {"latin.py": "name = 'café'\nplace = 'Zürich'\n".encode("latin-1")})
    repo.commit("latin-1 changed", {"latin.py": "name = 'crème'\nplace = 'Zürich'\n".encode("latin-1")})
    repo.commit("latin-1 to UTF-8", {"latin.py": "name = 'crème'\nplace = 'Zürich'\n"})
    repo.commit("latin-1 text", {"latin.txt": "déjà vu\n".encode("latin-1")})
    repo.commit("byte-order mark", {"bom.py": b"\xef\xbb\xbf" + b"first = 1\n"})
    repo.commit("byte-order mark changed", {"bom.py": b"\xef\xbb\xbf" + b"first = 2\n"})
    repo.commit("UTF-16", {"wide.py": "wide = 1\n".encode("utf-16")})
    repo.commit("CRLF", {"dos.py": "one = 1\r\ntwo = 2\r\nthree = 3\r\n"})
    repo.commit("CRLF changed", {"dos.py": "one = 1\r\ntwo = 22\r\nthree = 3\r\n"})
    repo.commit("CRLF to LF", {"dos.py": "one = 1\ntwo = 22\nthree = 3\n"})
    repo.commit("odd line ends", {"odd.py": "a = 1\r\nb = '\x0c\u2028'\nc = 3\x85\nlast = 4"})
    repo.commit("odd line ends changed", {"odd.py": "a = 1\r\nb = '\x0c\u2028'\nc = 4\x85\nlast = 5"})


def _hunks(repo: Repo) -> None:
    repo.commit("three apart", {"plain.py": numbered(40, {5: "a = 1", 9: "b = 1"})})
    repo.commit("two apart", {"plain.py": numbered(40, {5: "a = 2", 8: "b = 2", 9: "b = 1"})})
    head = numbered(40, {5: "a = 2", 8: "b = 2", 9: "b = 1"})
    repo.commit("added at both ends", {"plain.py": "first = 0\n" + head + "final = 0\n"})
    repo.commit("blank lines", {"plain.py": "first = 0\n\n\n" + head + "final = 0\n"})
    repo.commit("no end of line", {"plain.py": "first = 0\n\n\n" + head + "final = 1"})
    repo.commit("many hunks", {"plain.py": numbered(40, {i: f"many_{i} = 0" for i in range(0, 40, 6)})})


def _paths(repo: Repo) -> None:
    paths = [*UNUSUAL, os.fsdecode(NOT_UTF8)]
    repo.commit("unusual paths", {path: f"{i} = 1\n" for i, path in enumerate(paths)})
    repo.commit("unusual paths changed", {path: f"{i} = 2\n" for i, path in enumerate(paths)})
    repo.commit("unusual paths removed", dict.fromkeys(paths))


def _merge(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("on the side", {"side.py": "side = 1\n"}, author=GRACE)
    repo.git("checkout", "--quiet", "main")
    repo.commit("on main", {"stays.py": "y = 4\n"})
    repo.clock += 3600
    repo.git("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    repo.ids["merge"] = repo.git("rev-parse", "HEAD")
    repo.git("branch", "--quiet", "--delete", "side")


def _messages(repo: Repo) -> None:
    for name, subject, time in (
        ("control characters", b"\x1b[31mred\x07 \x01bell\r and\ttab", b"1700900000"),
        ("NUL", b"before\0after\n\nbody", b"1700900001"),
        ("no date", b"no date", b""),
        ("far future", b"far future", b"99999999999999999999999"),
        ("latin-1 subject", "caf\xe9".encode("latin-1"), b"1700900004"),
    ):
        repo.write({"stays.py": f"y = {name!r}\n"})
        repo.git("add", "stays.py")
        tree, parent = repo.git("write-tree").encode(), repo.git("rev-parse", "HEAD").encode()
        person = b"Ada \x1b[1mL <ada@example.com> %s +0000" % time
        repo.ids[name] = repo.commit_object(
            b"tree %s\nparent %s\nauthor %s\ncommitter %s\n\n%s\n" % (tree, parent, person, person, subject)
        )
    repo.git("reset", "--quiet", "--hard")
