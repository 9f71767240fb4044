"""Commit histories as training data: one Parquet file of edits and one shard of tokens for each repository.

A repository that is done is not read again, so a run that was cut off goes on where it stopped. The Parquet files
say what was learned from (owner/name, licence, commit, lines); the shards hold what the model reads. Neither
is ever committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from codewm_model.actions import action_of, label_of
from codewm_model.changes import Change, ChangeReader
from codewm_model.edit import Commit
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.history import list_commits, read_history
from codewm_model.regions import region_pair
from codewm_model.sketch import sketch
from codewm_model.tokenizer import TokenSequence, tokenize
from codewm_model.version import representation_version
from codewm_train.clones import folders_of, match_clones
from codewm_train.data import NAME_FLAG, Shard, write_shard
from codewm_train.ids import SPLITS

MAX_COMMIT_EDITS = 50
MAX_TEXT = 20_000  # characters of an edit's lines that the Parquet file keeps
COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in ("repository", "licence", "commit", "path", "subject", "symbol", "label")),
        ("time", pa.int64()),
        ("first", pa.int32()),
        ("removed", pa.string()),
        ("added", pa.string()),
    ]
)


@dataclass(frozen=True)
class MinedRepository:
    """One line of the list: `owner/name`, its licence and the commit whose history is read."""

    name: str
    licence: str
    revision: str

    @property
    def file_stem(self) -> str:
        """`owner+name`: how its files' names begin."""
        return self.name.replace("/", "+")


def read_list(path: Path) -> list[MinedRepository]:
    """The repositories of a list: a line each, owner/name, licence and commit, separated by tabs.

    Raises:
        CodewmError: it cannot be read or names nothing, a line is malformed, or names a held-out repository.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CodewmError(f"{path} cannot be read ({error})") from error
    listed = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 3 or "/" not in fields[0]:
            raise CodewmError(f"{path}, line {number}: expected owner/name, licence and commit, separated by tabs")
        if fields[0].lower() in SPLITS["held-out"]:  # to GitHub case is no difference
            raise CodewmError(f"{path}, line {number}: {fields[0]} is held out for judging and is never mined")
        listed.append(MinedRepository(*fields))
    if not listed:
        raise CodewmError(f"{path} names no repository")
    return listed


def mine(
    repositories: Sequence[MinedRepository],
    clones: Path,
    out: Path,
    *,
    limit: int,
    jobs: int = 0,
    report: Callable[[str, int], None] = lambda name, edits: None,
) -> list[Path]:
    """Read every repository's history into `out`; the shards, in the list's order.

    `clones` is a folder of clones, named as `clones.match_clones` says. At most about `limit` edits of each are kept,
    evenly over its history, so that no repository dominates; `report` is called with each repository's name and edits.

    Raises:
        ProtocolError: a repository has no clone there.
        CodewmError: a worker process was killed.
    """
    out.mkdir(parents=True, exist_ok=True)
    matched = match_clones([item.name for item in repositories], folders_of(clones))
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs or min(len(repositories), os.cpu_count() or 1), mp_context=context) as pool:
        running = {
            pool.submit(mine_repository, item, matched[item.name].git_dir, out, limit): item.name
            for item in repositories
        }
        try:
            for done in as_completed(running):
                report(running[done], done.result())
        except BrokenProcessPool as error:
            raise CodewmError("a worker was killed (too little memory?): run it again with fewer --jobs") from error
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [_shard_path(out, item, limit) for item in repositories]


def mine_repository(item: MinedRepository, clone: Path, out: Path, limit: int) -> int:
    """One repository into its two files, the shard last; how many edits it gave."""
    shard_path = _shard_path(out, item, limit)
    if not shard_path.exists():
        rows: list[dict[str, object]] = []
        shard = Shard(item.name, item.licence, item.revision)
        for commit, change in _changes(clone, item.revision, limit):
            before, after = (tokenize(region) for region in region_pair(change))
            if len(before.text) + len(after.text) == 0:
                continue
            rows.append(_row(item, commit, change))
            place = (change.edit.path, change.symbol)
            shard.add(commit.id, place, flat(before), flat(after), action_of(change), signature(change))
        pq.write_table(pa.Table.from_pylist(rows, COLUMNS), shard_path.with_suffix(".parquet"), compression="zstd")
        write_shard(shard, shard_path)
    with np.load(shard_path, allow_pickle=False) as stored:
        return len(stored["actions"])


def flat(tokens: TokenSequence) -> np.ndarray:
    """A sequence as `[P, 4]` uint16: text, parent, depth, and flags (mark, `NAME_FLAG`, `CENTER_FLAG`)."""
    columns = tokens.columns()
    columns[3] += NAME_FLAG * tokens.name
    return columns.T.astype(np.uint16)


def signature(change: Change) -> int:
    """A hash of the edit's structural features: equal for edits of one shape whatever the names; 0 for no shape."""
    features = sketch(change).structural
    return crc32(features.hashes.astype("<u4").tobytes()) if len(features.hashes) else 0


def _changes(clone: Path, revision: str, limit: int) -> Iterator[tuple[Commit, Change]]:
    repository = Repository.open(clone)
    commits = list_commits(repository, [revision])
    found = 0
    for part in read_history(repository, commits[:: max(1, len(commits) * 3 // limit)]):
        edits = [edit for edit in part.edits if edit.before is not None]
        if len(edits) > MAX_COMMIT_EDITS:
            continue
        reader = ChangeReader(most=1)
        for edit in edits:
            yield part.commit, reader.read(edit)
            found += 1
        if found >= limit:
            return


def _row(item: MinedRepository, commit: Commit, change: Change) -> dict[str, object]:
    edit = change.edit
    return {
        "repository": item.name,
        "licence": item.licence,
        "commit": commit.id,
        "path": edit.path,
        "subject": commit.subject,
        "symbol": change.symbol,
        "label": label_of(change),
        "time": commit.time,
        "first": edit.first,
        "removed": "\n".join(edit.removed)[:MAX_TEXT],
        "added": "\n".join(edit.added)[:MAX_TEXT],
    }


def _shard_path(out: Path, item: MinedRepository, limit: int) -> Path:
    return out / f"{item.file_stem}-{item.revision}-{limit}-{representation_version()}.npz"
