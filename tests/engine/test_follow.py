"""An index that follows its repository by itself, through processes that end with whoever started them."""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from repositories import Repo, habits
from rows import indexed_commits

from codewm_lsp.engine import follow
from codewm_lsp.engine.follow import Follower, Outcome, Step
from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.lock import only_writer
from codewm_lsp.engine.store import index_folder
from codewm_model.errors import IndexBusyError
from codewm_model.git import Repository

PATIENCE = 240.0  # seconds: not how long it takes, but when to give up


class Heard:
    """A follower, and what it said."""

    def __init__(self, repo: Repo) -> None:
        self.steps: list[Step] = []
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self.follower = Follower(Repository.open(repo.root), self.steps.append, self.outcomes.put)

    def outcome(self) -> Outcome:
        return self.outcomes.get(timeout=PATIENCE)


@pytest.fixture
def follower_of() -> Iterator[Callable[[Repo], Heard]]:
    """Starts followers, and closes them in the end."""
    started: list[Heard] = []

    def start(repo: Repo) -> Heard:
        started.append(Heard(repo))
        started[-1].follower.start()
        return started[-1]

    yield start
    for heard in started:
        heard.follower.close()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Five commits."""
    repo = Repo.init(tmp_path / "repository")
    repo.history(habits(5))
    return repo


def folder_of(repo: Repo) -> Path:
    return index_folder(Repository.open(repo.root))


def update(repo: Repo) -> None:
    update_index(Repository.open(repo.root), jobs=1)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def until_it_holds_what_branches_reach(repo: Repo) -> None:
    revisions = ["--branches", *repo.git("worktree", "list", "--porcelain").split("HEAD ")[1:]]
    wanted = set(repo.git("rev-list", *(revision.split()[0] for revision in revisions)).split())
    until(lambda: set(indexed_commits(folder_of(repo))) == wanted)


def test_the_index_follows_whatever_moves(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    update(repo)
    heard = follower_of(repo)
    repo.commit("one more", {"new.py": "x = 1\n"})
    assert heard.outcome() == Outcome(commits=1, edits=1)
    repo.git("pack-refs", "--all")
    repo.git("checkout", "--quiet", "-b", "topic", "HEAD~2")
    repo.commit("on the topic", {"topic.py": "x = 1\n"})
    until_it_holds_what_branches_reach(repo)
    repo.git("rebase", "--quiet", "main")
    until_it_holds_what_branches_reach(repo)
    repo.git("checkout", "--quiet", "main")
    repo.git("branch", "--force", "topic", "HEAD~1")
    until_it_holds_what_branches_reach(repo)
    repo.git("worktree", "add", "--quiet", "--detach", "../other")
    Repo(repo.root.parent / "other", repo.clock).commit("elsewhere", {"c.py": "z = 1\n"})
    until_it_holds_what_branches_reach(repo)
    assert all(not outcome.error for outcome in heard.outcomes.queue)


def test_what_happened_before_the_start_is_caught_up_with(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    update(repo)
    repo.commit("while nobody looked", {"new.py": "x = 1\n"})
    assert follower_of(repo).outcome() == Outcome(commits=1, edits=1)


def test_an_index_is_made_only_when_asked_for(
    repo: Repo, follower_of: Callable[[Repo], Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = follow._start, []
    monkeypatch.setattr(follow, "_start", lambda *asked: (started.append(asked), start(*asked))[1])
    heard = follower_of(repo)
    repo.commit("one more", {"new.py": "x = 1\n"})
    time.sleep(4 * (follow.LOOK_EVERY + follow.QUIET_FOR))
    assert started == []
    heard.follower.index()
    assert heard.outcome().commits == 6
    assert heard.steps[-1].commits == heard.steps[-1].commits_total == 6


def test_two_followers_of_one_repository_do_not_mind_each_other(
    repo: Repo, follower_of: Callable[[Repo], Heard]
) -> None:
    update(repo)
    both = follower_of(repo), follower_of(repo)
    repo.commit("one more", {"new.py": "x = 1\n"})
    until_it_holds_what_branches_reach(repo)
    repo.commit("and another", {"newer.py": "x = 1\n"})
    until_it_holds_what_branches_reach(repo)
    for heard in both:
        heard.follower.close()
    assert [outcome for heard in both for outcome in heard.outcomes.queue if outcome.error] == []


def test_a_follower_waits_for_another_indexer_and_goes_on(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    with only_writer(folder_of(repo)):
        heard = follower_of(repo)
        heard.follower.index()
        with pytest.raises(queue.Empty):
            heard.outcomes.get(timeout=2)
    assert heard.outcome().commits == 5


def test_a_cancelled_run_keeps_what_it_has_stored(long_copy: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    heard = follower_of(long_copy)
    heard.follower.index()
    until(lambda: any(step.commits for step in heard.steps))
    heard.follower.cancel()
    assert heard.outcome() == Outcome(cancelled=True)
    assert 0 < len(indexed_commits(folder_of(long_copy))) < 700
    with only_writer(folder_of(long_copy)):
        pass  # the indexer is gone


def test_an_indexer_ends_with_whoever_started_it(long_copy: Repo) -> None:
    script = (
        "import sys, time; from codewm_lsp.engine.follow import Follower; from codewm_model.git import Repository\n"
        "follower = Follower(Repository.open(sys.argv[1])); follower.start(); follower.index(); time.sleep(1000)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(long_copy.root)])
    until(lambda: len(indexed_commits(folder_of(long_copy))) > 0)
    process.kill()
    process.wait()

    def is_free() -> bool:
        try:
            with only_writer(folder_of(long_copy)):
                return True
        except IndexBusyError:
            return False

    until(is_free)
    assert len(indexed_commits(folder_of(long_copy))) < 700


def test_an_indexer_that_fails_is_an_outcome_with_its_reason(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    update(repo)
    (folder_of(repo) / "edits.sqlite3").write_bytes(b"?" * 8192)
    assert "index --rebuild" in follower_of(repo).outcome().error


def test_nothing_in_the_current_folder_is_imported(
    repo: Repo, follower_of: Callable[[Repo], Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({"codewm_lsp.py": "import pathlib; pathlib.Path('run').touch()\n"})
    monkeypatch.chdir(repo.root)
    heard = follower_of(repo)
    heard.follower.index()
    assert heard.outcome().commits == 5
    assert not (repo.root / "run").exists()
