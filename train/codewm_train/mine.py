"""Commit histories as training data: one shard for each repository.

A shard holds a Parquet table that says what was learned from (repository, licence, commit, lines) and the arrays that
the model reads. None of it is ever committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from codewm_model.actions import action_of, label_of
from codewm_model.changes import Change, ChangeReader
from codewm_model.edit import Commit, Edit
from codewm_model.git import Repository
from codewm_model.history import list_commits, read_history
from codewm_model.regions import region_pair
from codewm_model.sketch import sketch
from codewm_model.tokenizer import TokenSequence, tokenize
from codewm_model.version import representation_version
from codewm_train.clones import folders_of, match_clones
from codewm_train.data import NAME_FLAG
from codewm_train.executors import Executor
from codewm_train.repository_list import MinedRepository
from codewm_train.shards import ShardInfo, ShardWriter, Source, remove_partial, shard_info

MAX_COMMIT_EDITS = 50
MAX_TEXT = 20_000  # characters of an edit's lines that the Parquet table keeps
TABLE = "edits.parquet"
COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in ("repository", "licence", "commit", "path", "subject", "symbol", "label")),
        ("time", pa.int64()),
        ("first", pa.int32()),
        ("removed", pa.string()),
        ("added", pa.string()),
    ]
)
_GROUP = 500  # rows that wait in memory: at most 20 MB of text


@dataclass(frozen=True)
class CommitOf:
    """A commit's edits, and what they are said to come from."""

    repository: str
    licence: str
    commit: Commit
    edits: Sequence[Edit]


class Job(Protocol):
    """The work that makes one shard, in whichever process."""

    def run(self) -> ShardInfo:
        """Make the shard unless it is there."""
        ...


@dataclass(frozen=True)
class RepositoryJob:
    """At most about `limit` edits of a repository's history, evenly over it, from a clone into the folder `out`."""

    item: MinedRepository
    clone: Path
    out: Path
    limit: int

    @property
    def shard(self) -> Path:
        """Where the shard is, named by all that decides what is in it."""
        return self.out / f"{self.item.file_stem}-{self.item.revision}-{self.limit}-{representation_version()}"

    def run(self) -> ShardInfo:
        """Read the history unless that has been done."""
        source = Source(self.item.name, self.item.licence, self.item.revision)
        return shard_info(self.shard) or write_edits(self.shard, source, self._commits(), Counter())

    def _commits(self) -> Iterator[CommitOf]:
        repository = Repository.open(self.clone)
        commits = list_commits(repository, [self.item.revision])
        found = 0
        for part in read_history(repository, commits[:: max(1, len(commits) * 3 // self.limit)]):
            edits = usable(part.edits)
            yield CommitOf(self.item.name, self.item.licence, part.commit, edits)
            found += len(edits)
            if found >= self.limit:
                return


def mine(
    repositories: Sequence[MinedRepository],
    clones: Path,
    out: Path,
    *,
    limit: int,
    executor: Executor,
    report: Callable[[ShardInfo], None] = lambda info: None,
) -> list[Path]:
    """Read every repository's history into `out`; the shards, in the list's order.

    `clones` is a folder of clones, named as `clones.match_clones` says. At most about `limit` edits of each are kept,
    so that no repository dominates; `report` is called with each shard as it is done.

    Raises:
        ProtocolError: a repository has no clone there.
        CodewmError: a worker process was killed, or a shard is damaged.
    """
    matched = match_clones([item.name for item in repositories], folders_of(clones))
    jobs = [RepositoryJob(item, matched[item.name].git_dir, out, limit) for item in repositories]
    run_jobs(jobs, out, executor, report)
    return [job.shard for job in jobs]


def run_jobs(jobs: Iterable[Job], out: Path, executor: Executor, report: Callable[[ShardInfo], None]) -> None:
    """Make the shards that are missing in `out`; no other run may be writing there."""
    out.mkdir(parents=True, exist_ok=True)
    remove_partial(out)
    for info in executor.run(_run, jobs):
        report(info)


def usable(edits: Sequence[Edit]) -> list[Edit]:
    """Those of a commit's edits that are learned from: of files with a grammar; none of a sweeping commit."""
    parsed = [edit for edit in edits if edit.before is not None]
    return parsed if len(parsed) <= MAX_COMMIT_EDITS else []


def write_edits(path: Path, source: Source, commits: Iterable[CommitOf], skipped: Counter[str]) -> ShardInfo:
    """Commits' edits as a shard; `skipped` may still grow while they are read."""
    with ShardWriter(path, source) as shard:
        with _TableWriter(shard.folder / TABLE) as table:
            for item in commits:
                reader = ChangeReader(most=1)
                for change in map(reader.read, item.edits):
                    before, after = (tokenize(region) for region in region_pair(change))
                    if len(before.text) + len(after.text) == 0:
                        continue
                    table.add(_row(item, change))
                    place = (change.edit.path, change.symbol)
                    sides = (flat(before), flat(after))
                    shard.add(item.repository, item.commit.id, place, *sides, action_of(change), signature(change))
        shard.skipped += skipped
        return ShardInfo(source, len(shard), skipped)


def flat(tokens: TokenSequence) -> np.ndarray:
    """A sequence as `[P, 4]` uint16: text, parent, depth, and flags (mark, `NAME_FLAG`, `CENTER_FLAG`)."""
    columns = tokens.columns()
    columns[3] += NAME_FLAG * tokens.name
    return columns.T.astype(np.uint16)


def signature(change: Change) -> int:
    """A hash of the edit's structural features: equal for edits of one shape whatever the names; 0 for no shape."""
    features = sketch(change).structural
    return crc32(features.hashes.astype("<u4").tobytes()) if len(features.hashes) else 0


class _TableWriter:
    """A Parquet table of `COLUMNS`, written some hundred rows at a time."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, COLUMNS, compression="zstd")
        self._rows: list[dict[str, object]] = []

    def add(self, row: dict[str, object]) -> None:
        """Append a row."""
        self._rows.append(row)
        if len(self._rows) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, COLUMNS))
        self._rows.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()


def _run(job: Job) -> ShardInfo:
    return job.run()


def _row(item: CommitOf, change: Change) -> dict[str, Any]:
    edit = change.edit
    return {
        "repository": item.repository,
        "licence": item.licence,
        "commit": item.commit.id,
        "path": edit.path,
        "subject": item.commit.subject,
        "symbol": change.symbol,
        "label": label_of(change),
        "time": item.commit.time,
        "first": edit.first,
        "removed": "\n".join(edit.removed)[:MAX_TEXT],
        "added": "\n".join(edit.added)[:MAX_TEXT],
    }
