"""Commits from JSON lines in CommitPackFT's form: a file's text before and after, the subject, the licence.

Some thousand lines at a time become commits of a git repository that exists for as long as they are read. So their
hunks are git's, and the rules for clones decide what an edit is.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from codewm_model.edit import Commit
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.history import read_history
from codewm_model.languages import has_grammar
from codewm_model.version import representation_version
from codewm_train.executors import Executor
from codewm_train.mine import CommitOf, run_jobs, usable, write_edits
from codewm_train.records import Record, UnusableError, parse_record
from codewm_train.shards import PARTIAL, ShardInfo, Source, shard_info

MAX_LINE = 8 << 20  # bytes: two files of the size that git still compares, with escapes
PIECE_LINES, PIECE_BYTES = 2000, 8 << 20  # a piece ends where one of these is reached
Line = bytes | None  # None: longer than `MAX_LINE`


@dataclass(frozen=True)
class PieceJob:
    """Some lines of the source called `name`, which begin with its line `first` (from 0), into the folder `out`."""

    name: str
    first: int
    lines: tuple[Line, ...]
    out: Path

    @property
    def digest(self) -> str:
        """Of what the lines say."""
        return sha256(b"\n".join(line or b"" for line in self.lines)).hexdigest()[:12]

    @property
    def shard(self) -> Path:
        """Where the shard is, named by all that decides what is in it."""
        return self.out / f"{self.name.replace('/', '+')}-{self.first}-{self.digest}-{representation_version()}"

    def run(self) -> ShardInfo:
        """Read the lines unless that has been done."""
        if done := shard_info(self.shard):
            return done
        skipped: Counter[str] = Counter()
        records = list(self._records(skipped))
        source = Source(self.name, ", ".join(sorted({record.licence for record in records})), self.digest)
        with TemporaryDirectory(suffix=PARTIAL, dir=self.out) as folder:
            commits = read_records(records, Path(folder), skipped)
            return write_edits(self.shard, source, commits, skipped)

    def _records(self, skipped: Counter[str]) -> Iterator[Record]:
        for number, line in enumerate(self.lines, self.first):
            try:
                if line is None:
                    raise UnusableError("too large")
                if line.strip():
                    record = parse_record(line)
                    yield replace(
                        record,
                        repository=record.repository or self.name,
                        commit=record.commit or f"{self.name}:{number + 1}",
                    )
            except UnusableError as reason:
                skipped[str(reason)] += 1


def mine_lines(
    name: str,
    lines: Iterable[Line],
    out: Path,
    *,
    executor: Executor,
    report: Callable[[ShardInfo], None] = lambda info: None,
) -> list[Path]:
    """Lines of a source called `name` into shards in `out`, and the shards in their order.

    What lines were passed over, and why, is in each `ShardInfo`.
    """
    shards: list[Path] = []

    def jobs() -> Iterator[PieceJob]:
        for job in _pieces(name, lines, out):
            shards.append(job.shard)
            yield job

    run_jobs(jobs(), out, executor, report)
    return shards


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file, which may be gzipped, read one at a time.

    Raises:
        CodewmError: it cannot be read to its end.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(MAX_LINE + 1):
                too_long = len(line) > MAX_LINE
                while len(line) > MAX_LINE and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE + 1)
                yield None if too_long else line
    except (OSError, EOFError, zlib.error) as error:
        raise CodewmError(f"{path} cannot be read ({error})") from error


def read_records(records: Iterable[Record], folder: Path, skipped: Counter[str]) -> Iterator[CommitOf]:
    """Each record as a commit with its edits, by way of a repository in the empty `folder`."""
    repository = _empty_repository(folder)
    marks = folder / "marks"
    numbered = list(enumerate(records, 1))
    stream = b"feature done\n" + b"".join(_commits(number, record) for number, record in numbered) + b"done\n"
    repository.run("fast-import", "--quiet", "--done", f"--export-marks={marks}", stdin=stream)
    ids = dict(line.split() for line in marks.read_text().splitlines())
    by_commit = {ids[f":{number}"]: record for number, record in numbered if f":{number}" in ids}
    for part in read_history(repository, list(by_commit)):
        record = by_commit[part.commit.id]
        skipped.update(part.skipped)
        paths = dict(zip(_names(record), (record.old_path, record.path), strict=True))
        edits = [replace(edit, path=paths[edit.path]) for edit in usable(part.edits)]
        if not edits and not part.skipped:
            skipped["no change" if not part.edits else "too many edits"] += 1
        yield CommitOf(record.repository, record.licence, Commit(record.commit, "", "", 0, part.commit.subject), edits)


def _pieces(name: str, lines: Iterable[Line], out: Path) -> Iterator[PieceJob]:
    held: list[Line] = []
    first = size = 0
    for line in lines:
        held.append(line)
        size += len(line or b"")
        if len(held) >= PIECE_LINES or size >= PIECE_BYTES:
            yield PieceJob(name, first, tuple(held), out)
            first, size, held = first + len(held), 0, []
    if held:
        yield PieceJob(name, first, tuple(held), out)


def _empty_repository(folder: Path) -> Repository:
    """What git needs to take a folder for a repository, and no hook or setting."""
    for name in ("objects", "refs/heads"):
        (folder / ".git" / name).mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return Repository.open(folder)


def _names(record: Record) -> tuple[str, str]:
    """What the file is called before and after: no name of a record's own, for git does not take every one."""
    old, new = (Path(path).suffix if has_grammar(path) else "" for path in (record.old_path, record.path))
    renamed = record.old_path != record.path and record.old and record.new
    return f"old{old}" if renamed else f"new{new}", f"new{new}"


def _commits(number: int, record: Record) -> bytes:
    """A record for `git fast-import`: a commit of the old file that has no parent, and on it the one of the new."""
    old_name, name = (path.encode() for path in _names(record))
    by = b"committer nobody <> %d +0000\n" % number  # the time sets apart the commits of equal records
    before = b"commit refs/heads/main\n" + by + _data("") + _file(old_name, record.old)
    after = b"commit refs/heads/main\nmark :%d\n" % number + by + _data(record.subject)
    gone = b"D %s\n" % old_name if record.old and (old_name != name or not record.new) else b""
    return b"reset refs/heads/main\n\n" + before + after + gone + _file(name, record.new)


def _file(name: bytes, text: str) -> bytes:
    """A file of these contents; none where it is empty."""
    return b"M 100644 inline %s\n" % name + _data(text) if text else b""


def _data(text: str) -> bytes:
    content = text.encode(errors="replace")  # JSON can say what UTF-8 cannot: half a surrogate pair
    return b"data %d\n%s\n" % (len(content), content)
