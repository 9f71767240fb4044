"""Counts in how many training edits each feature occurs, and writes the table that ships (`codewm_model/idf.bin`).

    python -m codewm_train.document_frequency --out FILE REPOSITORY...

Never give it a held-out or validation repository.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codewm_model.changes import ChangeReader
from codewm_model.git import Repository
from codewm_model.history import list_commits, read_history
from codewm_model.idf import BUCKETS, bucket, quantise
from codewm_model.sketch import sketch

EDITS_PER_REPOSITORY = 6000  # evenly over its history, so that no repository dominates


def count_repository(path: Path, limit: int = EDITS_PER_REPOSITORY) -> tuple[np.ndarray, int]:
    """Document counts `[BUCKETS]` over at most about `limit` edits of one repository, and their number."""
    repository = Repository.open(path)
    commits = list_commits(repository)
    counts, edits = np.zeros(BUCKETS, np.int64), 0
    for commit in read_history(repository, commits[:: max(1, len(commits) * 4 // limit)]):
        if len(commit.edits) > 50:
            continue
        reader = ChangeReader(most=1)
        for edit in commit.edits:
            if edit.before is None:
                continue
            both = sketch(reader.read(edit))
            for features in (both.lexical, both.structural):
                counts[np.unique(bucket(features.hashes))] += 1
            edits += 1
        if edits >= limit:
            break
    return counts, edits


def main() -> None:
    """Count the given repositories and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    total, edits = np.zeros(BUCKETS, np.int64), 0
    for path in options.repositories:
        counts, count = count_repository(path)
        total += counts
        edits += count
        print(f"{path}: {count} edits", flush=True)
    values = np.log((1 + edits) / (1 + total)) + 1
    options.out.write_bytes(quantise(values).tobytes())
    print(f"{edits} edits, {np.count_nonzero(total)} of {BUCKETS} buckets used")


if __name__ == "__main__":
    main()
