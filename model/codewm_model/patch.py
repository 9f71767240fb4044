"""Reading unified diffs: git's own `--raw -p -U0` stream, and the diff files that people hand us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

JOIN_BELOW = 3  # hunks fewer than this many lines apart are one edit
MAX_LINES = 20_000  # changed lines of one file that are held in memory; a larger change is `oversized`
MAX_TOTAL = 400_000  # the same of all files of a commit together

_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_ESCAPES = {
    b"n": b"\n",
    b"t": b"\t",
    b'"': b'"',
    b"\\": b"\\",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"r": b"\r",
    b"v": b"\v",
}


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `removed` from 0-based `first` on became `added`, at `new_first` in the new file.

    `context` holds the hunk's whole old side and `offset` says where `removed` starts in it; both serve
    diffs whose file nobody can read.
    """

    first: int
    removed: tuple[bytes, ...]
    new_first: int
    added: tuple[bytes, ...]
    context: tuple[bytes, ...] = ()
    offset: int = 0


@dataclass(slots=True)
class FilePatch:
    """What a diff says of one file. Ids and modes are empty where the diff does not carry them."""

    path: str
    status: str = "M"
    old_mode: str = ""
    new_mode: str = ""
    old_id: str = ""
    new_id: str = ""
    binary: bool = False
    oversized: bool = False
    hunks: list[Hunk] = field(default_factory=list)


class LineReader:
    """Lines of a byte stream, one of which can be put back."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._back: bytes | None = None

    def next(self) -> bytes | None:
        """The next line with its line end, None at the end of the stream."""
        if self._back is not None:
            line, self._back = self._back, None
            return line
        return next(self._lines, None)

    def put_back(self, line: bytes | None) -> None:
        """Make `line` the next one again."""
        self._back = line


def read_raw(reader: LineReader) -> list[FilePatch] | None:
    """One commit's `--raw -p` output: the raw records, then their hunks. None if the two disagree.

    The raw records name paths and ids; git writes the patches in the same order, two for a change of type and
    none for a file of the work tree that was only touched or is unmerged.
    """
    records: list[tuple[bytes, FilePatch]] = []
    while (line := reader.next()) is not None:
        if line.startswith(b":"):
            records.append(_raw_record(line))
        elif line.strip():
            reader.put_back(line)
            break
    room = MAX_TOTAL
    expected = iter([record for record in records for _ in range(2 if record[1].status == "T" else 1)])
    while (line := reader.next()) is not None:
        if line.startswith(b"diff --git "):
            file = next((file for header, file in expected if header == line), None)
            if file is None:
                return None
            room -= _read_file(reader, file, min(MAX_LINES, room))
        elif line.startswith(b"\x01"):
            reader.put_back(line)
            break
    return [file for _, file in records]


def read_diff(lines: Iterator[bytes]) -> list[FilePatch]:
    """A unified diff from anywhere (git, svn, `diff -u`); text around it is passed over."""
    reader = LineReader(lines)
    files: list[FilePatch] = []
    old = b""
    while (line := reader.next()) is not None:
        if line.startswith(b"--- "):
            old = line[4:]
        elif line.startswith(b"+++ "):
            name = line[4:] if not line[4:].startswith(b"/dev/null") else old
            files.append(FilePatch(_diff_path(name)))
            _read_file(reader, files[-1], MAX_LINES)
    return files


def unquote_path(path: bytes) -> str:
    """A path as git prints it; C-style quotes are taken off, bytes that are not UTF-8 survive as surrogates."""
    if len(path) >= 2 and path[:1] == b'"' == path[-1:]:

        def plain(found: re.Match[bytes]) -> bytes:
            code = found[1]
            return _ESCAPES[code] if code in _ESCAPES else bytes([int(code, 8) & 255])

        path = re.sub(rb'\\([abfnrtv"\\]|[0-7]{1,3})', plain, path[1:-1])
    return path.decode(errors="surrogateescape")


def _raw_record(line: bytes) -> tuple[bytes, FilePatch]:
    """`:old_mode new_mode old_id new_id status<TAB>path[<TAB>new path]`, and the line that its patch begins with."""
    fields, *paths = line.rstrip(b"\n").split(b"\t")
    old_mode, new_mode, old_id, new_id, status = fields[1:].decode().split(" ")
    header = b"diff --git %s %s\n" % (_prefixed(b"a/", paths[0]), _prefixed(b"b/", paths[-1]))
    return header, FilePatch(unquote_path(paths[-1]), status[0], old_mode, new_mode, old_id, new_id)


def _prefixed(prefix: bytes, path: bytes) -> bytes:
    return b'"' + prefix + path[1:] if path.startswith(b'"') else prefix + path


def _diff_path(name: bytes) -> str:
    name = name.rstrip(b"\r\n").split(b"\t")[0]
    path = unquote_path(name)
    return path[2:] if path[:2] in ("a/", "b/") else path


def _read_file(reader: LineReader, file: FilePatch, room: int) -> int:
    """The rest of one file's patch, up to the next file or commit; how many changed lines of it are held."""
    total = 0
    while (line := reader.next()) is not None:
        if found := _HUNK.match(line):
            hunks, count = _read_hunk(reader, *(1 if n is None else int(n) for n in found.groups()))
            total += count
            file.oversized = total > room
            if file.oversized:
                file.hunks.clear()
            else:
                file.hunks += hunks
        elif line.startswith((b"Binary files ", b"GIT binary patch")):
            file.binary = True
        elif line.startswith((b"diff --git ", b"\x01")) or (total and line.startswith(b"--- ")):
            reader.put_back(line)
            break
    return 0 if file.oversized else total


def _read_hunk(reader: LineReader, old: int, old_count: int, new: int, new_count: int) -> tuple[list[Hunk], int]:
    """One hunk's edits (context of `JOIN_BELOW` lines or more parts them) and how many lines it changes."""
    lines: list[tuple[int, bytes]] = []  # (-1 removed, 0 context, +1 added)
    left_old, left_new = old_count, new_count
    while left_old > 0 or left_new > 0:
        line = reader.next()
        if line is None:
            break
        mark = line[:1]
        if mark == b"\\":
            continue  # "\ No newline at end of file"
        sign = {b"-": -1, b"+": 1}.get(mark, 0)
        if sign == 0 and mark not in (b" ", b"\n", b"\r"):
            reader.put_back(line)  # a cut-off diff: what was read still counts
            break
        left_old -= sign <= 0
        left_new -= sign >= 0
        if len(lines) <= MAX_LINES:
            lines.append((sign, line[1:].rstrip(b"\r\n") if mark not in (b"\n", b"\r") else b""))
    # A count of 0 names the line BEFORE the change, any other count the first line of it.
    first, new_first = max(0, old - (old_count > 0)), max(0, new - (new_count > 0))
    return _split(lines, first, new_first), sum(sign != 0 for sign, _ in lines)


def _split(lines: list[tuple[int, bytes]], first: int, new_first: int) -> list[Hunk]:
    changed = [i for i, (sign, _) in enumerate(lines) if sign]
    context = tuple(text for sign, text in lines if sign <= 0)
    hunks = []
    start = 0
    for k, i in enumerate(changed):
        if k + 1 < len(changed) and changed[k + 1] - i - 1 < JOIN_BELOW:
            continue
        begin, end = changed[start], i + 1
        offset = sum(sign <= 0 for sign, _ in lines[:begin])
        hunks.append(
            Hunk(
                first + offset,
                tuple(text for sign, text in lines[begin:end] if sign <= 0),
                new_first + sum(sign >= 0 for sign, _ in lines[:begin]),
                tuple(text for sign, text in lines[begin:end] if sign >= 0),
                context,
                offset,
            )
        )
        start = k + 1
    return hunks
