"""The commit history as edits: one `git log` and one `git cat-file --batch`, streamed, newest commits first.

What cannot be read is counted by reason and passed over; it never stops the rest. A repository with missing
objects (a partial clone, a damaged one) makes `git log -p` die at the first of them: the commits that need
one are then found from the trees alone, and left out.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from codewm_model.edit import Commit, Edit
from codewm_model.errors import HistoryError
from codewm_model.git import MAX_BLOB, BlobReader, Repository
from codewm_model.languages import has_grammar
from codewm_model.missing import commits_with_missing_objects
from codewm_model.patch import FilePatch, Hunk, LineReader, read_raw

MAX_COMMIT_LINES = 400_000  # of one commit, changed lines and whole files together: what would not fit is skipped

_DIFF = (
    "--raw", "-p", "--src-prefix=a/", "--dst-prefix=b/", "-U0", "--inter-hunk-context=2", "-M", "-l400",
    "--no-abbrev", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative",
    "--diff-algorithm=myers", "--submodule=short",
    "--ignore-submodules=dirty",  # never look into one: that would run git under its configuration
)  # fmt: skip
_HEADER = (
    "--encoding=UTF-8",
    "--no-notes",
    "--no-mailmap",
    "--format=tformat:%x01%H%x00%an%x00%ae%x00%at%x00%s",
)
_LFS = re.compile(rb"version https://git-lfs\.github\.com/spec/|oid sha256:[0-9a-f]{64}$")
_LFS_SIZE = re.compile(rb"size \d+$")
_NULL = re.compile("^0*$")
_ID = re.compile("[0-9a-f]{40,64}")  # a worktree's folder may hold newlines, and lines that look like answers


@dataclass(frozen=True, slots=True)
class CommitEdits:
    """A commit and its edits in the order of the diff; `skipped` counts what was passed over, by reason."""

    commit: Commit
    edits: tuple[Edit, ...]
    skipped: Counter[str]


def local_revisions(repository: Repository) -> list[str]:
    """What the index covers: all local branches and the HEAD of every worktree; [] in an empty repository."""
    tips = repository.run("for-each-ref", "--format=%(objectname)", "refs/heads").decode().split()
    trees = repository.run("worktree", "list", "--porcelain").decode(errors="replace").splitlines()
    tips += [line.removeprefix("HEAD ") for line in trees if line.startswith("HEAD ")]
    return [tip for tip in dict.fromkeys(tips) if _ID.fullmatch(tip) and not _NULL.match(tip)]


def list_commits(repository: Repository, revisions: Sequence[str] = ("HEAD",), *options: str) -> list[str]:
    """Ids of the non-merge commits reachable from `revisions`, newest first; needs commit objects only.

    A shallow clone's oldest commits have no parent to compare with and are left out. Where a commit is missing,
    the list ends: git cannot know what is behind it.
    """
    if not revisions:
        return []
    arguments = ("--no-merges", "--ignore-missing", *options, "--stdin")
    tips = "\n".join(revisions).encode() + b"\n"  # there may be more branches than a command line takes
    try:
        listed = repository.run("rev-list", "--date-order", *arguments, stdin=tips).decode().split()
    except HistoryError:
        # Unsorted, git lists what it reads until it dies.
        with repository.stream("rev-list", *arguments, stdin=tips) as process:
            assert process.stdout is not None
            listed = process.stdout.read().decode().split()
        if not listed:
            raise
    boundary = _shallow_boundary(repository)
    return [commit for commit in listed if commit not in boundary]


def describe_commits(repository: Repository, commits: Sequence[str]) -> Iterator[Commit]:
    """Who made these commits, when and why; those that git cannot read are left out."""
    if not commits:
        return  # git would take HEAD
    listed = "\n".join(commits).encode() + b"\n"
    with repository.stream("log", "--no-walk=unsorted", "--stdin", "-s", *_HEADER, stdin=listed) as process:
        assert process.stdout is not None
        yield from map(_commit, process.stdout)


def read_history(
    repository: Repository,
    commits: Sequence[str],
    *,
    wants_before: Callable[[str], bool] = has_grammar,
    only: Callable[[str], bool] = lambda path: True,
    left_out: Callable[[str], str | None] = lambda path: None,
) -> Generator[CommitEdits, None, None]:
    """The edits of `commits`, in their order; commits that cannot be read come as soon as they are known.

    `wants_before` says for which paths the whole file is needed; others get edits with `before` None. `only` says
    which paths are read at all, `left_out` for which of these nothing is to be read but the count, and why.
    """
    with BlobReader(repository) as blobs:
        for commit, files in _read_patches(repository, list(commits)):
            skipped: Counter[str] = Counter()
            edits: list[Edit] = []
            if files is None:
                skipped["unreadable commit"] += 1
            lines = 0
            for file in files or ():
                if not only(file.path):
                    continue
                if reason := left_out(file.path):
                    skipped[reason] += max(1, len(file.hunks))
                    continue
                lines += sum(len(h.removed) + len(h.added) for h in file.hunks)
                if lines > MAX_COMMIT_LINES:
                    skipped["commit too large"] += len(file.hunks)
                elif reason := skip_reason(file, blobs):
                    skipped[reason] += max(1, len(file.hunks))
                else:
                    new = list(file_edits(file, blobs, wants_before(file.path), skipped))
                    lines += len(new[0].before or ()) if new else 0
                    edits += new
            yield CommitEdits(commit, tuple(edits), skipped)


def working_edits(repository: Repository, *, staged: bool) -> tuple[list[Edit], Counter[str]]:
    """The edits between HEAD and the working tree (or the index, if `staged`). Runs no content filter."""
    head = repository.head()
    if head is None:
        return [], Counter()
    cached = ("--cached",) if staged else ()
    output = repository.run("diff-index", *cached, *_DIFF, head, "--")
    files = read_raw(LineReader(iter(io.BytesIO(output)))) or []
    skipped: Counter[str] = Counter()
    edits: list[Edit] = []
    with BlobReader(repository) as blobs:
        for file in files:
            if reason := skip_reason(file, blobs):
                skipped[reason] += 1
            else:
                edits += file_edits(file, blobs, has_grammar(file.path), skipped)
    return edits, skipped


def skip_reason(file: FilePatch, blobs: BlobReader) -> str | None:
    """Why none of a file's hunks is an edit, or None."""
    modes = {file.old_mode, file.new_mode}
    if "160000" in modes:
        return "submodule"
    if "120000" in modes:
        return "symbolic link"
    if file.binary:
        sizes = [blobs.size(ident) or 0 for ident in (file.old_id, file.new_id) if not _NULL.match(ident)]
        return "too large" if max(sizes, default=0) > MAX_BLOB else "binary"
    if file.oversized:
        return "too large"
    if any(_is_lfs(hunk) for hunk in file.hunks):
        return "LFS pointer"
    return None


def file_edits(file: FilePatch, blobs: BlobReader, wants_before: bool, skipped: Counter[str]) -> Iterator[Edit]:
    """One file's hunks as edits; `before` is read once and shared by all of them."""
    before = None
    old_codec = _codec(b"\n".join(line for hunk in file.hunks for line in hunk.removed))
    new_codec = _codec(b"\n".join(line for hunk in file.hunks for line in hunk.added))
    if wants_before and file.hunks:
        content = b"" if _NULL.match(file.old_id) else blobs.read(file.old_id)
        if content is None:
            skipped["missing object"] += len(file.hunks)
            return
        old_codec = _codec(content)
        before = tuple(_text(line, old_codec) for line in _git_lines(content))
    for hunk in file.hunks:
        edit = _edit(file.path, hunk, before, old_codec, new_codec)
        if edit.removed == edit.added:
            skipped["line ends or encoding"] += 1
        elif not any(line.strip() for line in edit.removed + edit.added):
            skipped["blank lines"] += 1
        elif before is not None and before[edit.first : edit.first + len(edit.removed)] != edit.removed:
            skipped["does not fit its file"] += 1
        else:
            yield edit


def fragment_edits(file: FilePatch) -> Iterator[Edit]:
    """The edits of a diff whose files cannot be read: the hunk's own old side stands for the file."""
    for hunk in file.hunks:
        old_codec, new_codec = _codec(b"\n".join(hunk.context)), _codec(b"\n".join(hunk.added))
        before = tuple(_text(line, old_codec) for line in hunk.context)
        yield _edit(file.path, hunk, before, old_codec, new_codec, hunk.offset)


def _edit(
    path: str, hunk: Hunk, before: tuple[str, ...] | None, old_codec: str, new_codec: str, first: int | None = None
) -> Edit:
    removed = tuple(_text(line, old_codec) for line in hunk.removed)
    added = tuple(_text(line, new_codec) for line in hunk.added)
    return Edit(path, before, hunk.first if first is None else first, removed, added, hunk.new_first)


def _read_patches(repository: Repository, commits: list[str]) -> Iterator[tuple[Commit, list[FilePatch] | None]]:
    """Each commit with its files; None for its files if git could not read them."""
    searched = False
    while commits:
        read = yield from _log(repository, commits)
        commits = commits[read:]
        if not commits:
            return
        if not searched:  # one search finds every commit that git would die at for want of an object
            broken = set(commits_with_missing_objects(repository, commits))
            searched = True
        else:  # a damaged object: it is needed by this commit or by the next
            broken = set(commits[:1])
            if (yield from _log(repository, commits[:1])):
                commits = commits[1:]
                broken = set(commits[:1])
        yield from ((_describe(repository, commit), None) for commit in commits if commit in broken)
        commits = [commit for commit in commits if commit not in broken]


def _log(repository: Repository, commits: list[str]) -> Generator[tuple[Commit, list[FilePatch] | None], None, int]:
    """As `_read_patches`; returns how many commits git managed before it ended or died."""
    arguments = ("log", "--no-walk=unsorted", "--stdin", *_HEADER, *_DIFF)
    read = 0
    with repository.stream(*arguments, stdin="\n".join(commits).encode() + b"\n") as process:
        assert process.stdout is not None
        reader = LineReader(iter(process.stdout))
        held: tuple[Commit, list[FilePatch] | None] | None = None
        while (line := reader.next()) is not None:
            if held is not None:
                yield held
                read += 1
            held = _commit(line), read_raw(reader)
        # git died while or right after it wrote the commit in hand: only a clean end makes that one whole.
        if process.wait() == 0 and held is not None:
            yield held
            read += 1
    return read


def _commit(header: bytes) -> Commit:
    if not header.startswith(b"\x01"):
        raise HistoryError(f"git log wrote something unexpected: {header[:80]!r}")
    ident, author, email, time, subject = header[1:].rstrip(b"\n").decode(errors="replace").split("\0", 4)
    return Commit(ident, author, email, _seconds(time), subject)


def _seconds(time: str) -> int:
    """Seconds since the epoch; a commit may hold any digits, and those beyond the year 9999 are no date."""
    return int(time) if time.isdecimal() and len(time) <= 11 else 0


def _describe(repository: Repository, commit: str) -> Commit:
    try:
        return _commit(repository.run("log", "--no-walk", "-s", *_HEADER, commit))
    except HistoryError:
        return Commit(commit, "", "", 0, "")  # the commit itself is gone


def _is_lfs(hunk: Hunk) -> bool:
    """Whether these are a pointer's lines and nothing else. Its size changes with its id; alone it is anybody's."""
    lines = hunk.removed + hunk.added
    return any(map(_LFS.match, lines)) and all(_LFS.match(line) or _LFS_SIZE.match(line) for line in lines)


def _shallow_boundary(repository: Repository) -> set[str]:
    file = repository.common_dir / "shallow"
    return set(file.read_text().split()) if file.is_file() else set()


def _git_lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines]


def _codec(content: bytes) -> str:
    """UTF-8 where it fits (a byte-order mark is no text), else Latin-1, which fits everything."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _text(line: bytes, codec: str) -> str:
    return line.removesuffix(b"\r").decode(codec, errors="replace").removeprefix("\ufeff")
