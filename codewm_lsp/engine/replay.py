"""A repository's later commits ask an index of its earlier ones: is the search worth trusting on this code?

The index that is searched holds the earlier commits and nothing else, so that no list can name the asking commit or
what came after it. Nothing is fitted or tuned on the repository; every method answers the same questions.

What a good answer is, nobody has labelled. But the rest of the asking commit is known: if a hit's commit went on to
another file that this one went on to, it would have said where to go next. That is no matter of similar words, so it
favours none of the methods that look for them. What is left out (sweeps, files that change all the time) was chosen so
that chance finds little and most commits can ask, not by who wins.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from codewm_lsp.engine.index import EditIndex
from codewm_lsp.engine.past import PastCommit, PastEdit, count_since, indexed_commits, read_past
from codewm_lsp.engine.rivals import Bm25, Chance, LogS, SameFile
from codewm_lsp.engine.store import Store, index_folder
from codewm_model.git import Repository

MAX_COMMIT_EDITS = 20  # a larger commit is a sweep: it touches so much that anything would be a hit
MAX_FILE_SHARE = 0.1  # of the earlier commits; which other file is meant, a changelog does not tell
RESAMPLINGS = 2000

OURS, BM25, LOG_S, SAME_FILE, CHANCE = "codewm-lsp", "BM25 over diffs", "git log -S", "git log FILE", "random"
HIT = (
    "A hit counts if its commit also changed another file that the asking commit changed too; files that more than"
    f" {MAX_FILE_SHARE:.0%} of the commits change, and commits of more than {MAX_COMMIT_EDITS} edits, are left out."
)

Report = Callable[[str, int, int], None]
Ask = Callable[[PastEdit, int], list[str]]
Ranks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """At most `queries` questions, drawn with `seed`, to lists of `k`.

    The newest `share` of the commits ask, or those after the date `since`, as git reads dates.
    """

    queries: int = 300
    k: int = 10
    share: float = 0.2
    since: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An edit that asks, and the earlier commits that count as an answer."""

    commit: str
    edit: PastEdit
    answers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the bounds within which it lies with 95 %, by resampling the questions."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Replay:
    """What came out. `ranks[method]` `[N]`: where in its list each question's first answer stood; 0 if nowhere."""

    k: int
    earlier_commits: int
    earlier_edits: int
    later_commits: int
    ranks: Mapping[str, Ranks]

    @property
    def questions(self) -> int:
        """N."""
        return len(self.ranks[OURS])

    def hits(self, method: str, k: int) -> float:
        """Share of the questions with an answer among the first `k`."""
        ranks = self.ranks[method]
        return float(np.mean((ranks > 0) & (ranks <= k))) if len(ranks) else 0.0

    def mrr(self, method: str) -> Interval:
        """Mean of one over the rank of the first answer, 0 where there is none."""
        return _interval(_reciprocal(self.ranks[method]))

    def gain(self, over: str) -> Interval:
        """Our mean reciprocal rank less another's, question by question."""
        return _interval(_reciprocal(self.ranks[OURS]) - _reciprocal(self.ranks[over]))


def replay(repository: Repository, plan: Plan, report: Report = lambda stage, done, total: None) -> Replay:
    """Ask and judge. `report` is told what is being done, how far it is, and of how much.

    Writes nothing but an index in a temporary folder, which is gone in the end, also after an interruption.

    Raises:
        IndexMissingError, IndexVersionError, IndexStoreError, BundleError: see `Store`.
        HistoryError: git cannot read the repository.
    """
    store = Store(index_folder(repository))
    try:
        commits = indexed_commits(repository, store)
        count = count_since(repository, commits, plan.since) if plan.since else round(plan.share * len(commits))
        past = read_past(repository, store, commits, report=lambda done: report("reading", done, len(commits)))
    finally:
        store.close()
    asking = frozenset(commits[:count])
    later = [each for each in past if each.commit.id in asking]
    earlier = past[len(later) :]
    questions = draw_questions(earlier, later, plan)
    with index_of(earlier if questions else [], report) as index:
        methods: dict[str, Ask] = {
            OURS: lambda edit, k: _ours(index, edit, k),
            BM25: Bm25(earlier).ask,
            LOG_S: LogS(earlier).ask,
            SAME_FILE: SameFile(earlier).ask,
            CHANCE: Chance(earlier, plan.seed).ask,
        }
        ranks: dict[str, list[int]] = {name: [] for name in methods}
        for number, question in enumerate(questions):
            report("asking", number, len(questions))
            for name, ask in methods.items():
                ranks[name].append(_rank(ask(question.edit, plan.k), question.answers))
    edits = sum(len(past.edits) for past in earlier)
    found = {name: np.array(values, np.int64) for name, values in ranks.items()}
    return Replay(plan.k, len(earlier), edits, len(later), found)


def draw_questions(earlier: Sequence[PastCommit], later: Sequence[PastCommit], plan: Plan) -> list[Question]:
    """One edit each of later commits, drawn with `plan.seed`, for which there is an answer among the earlier ones.

    A commit that was made before under another id (cherry-picked, rebased) has seen its own answer and does not ask.
    """
    rng = random.Random(plan.seed)
    often = Counter(path for past in earlier for path in past.files)
    left_out = {path for path, count in often.items() if count > MAX_FILE_SHARE * len(earlier)}
    answers: dict[str, set[str]] = defaultdict(set)
    for past in filter(_is_no_sweep, earlier):
        for path in past.files - left_out:
            answers[path].add(past.commit.id)
    seen = {_identity(past) for past in earlier}
    questions = []
    for past in filter(_is_no_sweep, later):
        files = past.files - left_out
        possible = [
            Question(past.commit.id, edit, frozenset().union(*found))
            for edit in past.edits
            if edit.row.path in files
            and (found := [answers[path] for path in files - {edit.row.path} if path in answers])
        ]
        if possible and _identity(past) not in seen:
            questions.append(rng.choice(possible))
        seen.add(_identity(past))
    return rng.sample(questions, min(plan.queries, len(questions)))


@contextmanager
def index_of(commits: Sequence[PastCommit], report: Report) -> Iterator[EditIndex]:
    """An index of these commits alone, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="codewm-eval-") as name:
        folder = Path(name)
        store = Store(folder, write=True)
        with store.transaction():
            for number, past in enumerate(commits):
                report("indexing", number, len(commits))
                store.add_commit(past.commit, [edit.row for edit in past.edits], {})
        store.close()
        index = EditIndex(folder)
        try:
            yield index
        finally:
            index.close()


def _ours(index: EditIndex, edit: PastEdit, k: int) -> list[str]:
    encoded = edit.row.encoded
    return [hit.commit for hit in index.query(encoded.sketch, k, learned=encoded.learned)]


def _rank(commits: Sequence[str], answers: frozenset[str]) -> int:
    return next((place for place, commit in enumerate(commits, 1) if commit in answers), 0)


def _is_no_sweep(past: PastCommit) -> bool:
    return len(past.edits) <= MAX_COMMIT_EDITS


def _identity(past: PastCommit) -> tuple[str, str, int, str]:
    """What a cherry-pick or a rebase leaves as it was."""
    commit = past.commit
    return commit.author, commit.email, commit.time, commit.subject


def _reciprocal(ranks: Ranks) -> npt.NDArray[np.float64]:
    return np.where(ranks > 0, 1 / np.maximum(ranks, 1), 0.0)


def _interval(values: npt.NDArray[np.float64]) -> Interval:
    """Bootstrap over the questions, which come from different commits."""
    if not len(values):
        return Interval(0.0, 0.0, 0.0)
    picks = np.random.default_rng(0).integers(len(values), size=(RESAMPLINGS, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1), [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
