"""An index that follows its repository by itself, through processes that end with whoever started them."""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from repositories import Repo, habits
from rows import indexed_commits

from codewm_lsp.engine import follow
from codewm_lsp.engine.follow import Follower
from codewm_lsp.engine.index_state import IndexState, look
from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.lock import only_writer
from codewm_lsp.engine.store import index_folder
from codewm_model.errors import IndexBusyError
from codewm_model.git import Repository

PATIENCE = 240.0  # seconds: not how long it takes, but when to give up


class Heard:
    """A follower, and what it said."""

    def __init__(self, repo: Repo) -> None:
        self.states: list[IndexState] = []
        self._next: queue.Queue[IndexState] = queue.Queue()
        self.follower = Follower(Repository.open(repo.root), self._hear)

    def _hear(self, state: IndexState) -> None:
        self.states.append(state)
        self._next.put(state)

    def next(self, kind: str, seconds: float = PATIENCE) -> IndexState:
        """The next state of a kind; those before it are passed over."""
        while (state := self._next.get(timeout=seconds)).kind != kind:
            pass
        return state

    def step(self) -> IndexState:
        """The last that was heard of a run."""
        return next(state for state in reversed(self.states) if state.kind == "indexing" and state.commits)


def ready(commits: int, edits: int) -> IndexState:
    return IndexState("ready", commits, commits, edits)


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
    before = heard.next("ready")
    assert before.commits == before.commits_total == 5
    repo.commit("one more", {"new.py": "x = 1\n"})
    assert heard.next("ready") == ready(6, (before.edits or 0) + 1)
    assert heard.step() == IndexState("indexing", 1, 1, 1)
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
    assert {state.kind for state in heard.states} == {"indexing", "ready"}


def test_what_happened_before_the_start_is_caught_up_with(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    update(repo)
    repo.commit("while nobody looked", {"new.py": "x = 1\n"})
    heard = follower_of(repo)
    assert heard.next("ready").commits == 6
    assert heard.states[0] == IndexState("indexing", 0, 1, 0)


def test_an_index_is_made_only_when_asked_for(
    repo: Repo, follower_of: Callable[[Repo], Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = follow._start, []
    monkeypatch.setattr(follow, "_start", lambda *asked: (started.append(asked), start(*asked))[1])
    heard = follower_of(repo)
    repo.commit("one more", {"new.py": "x = 1\n"})
    time.sleep(4 * (follow.LOOK_EVERY + follow.QUIET_FOR))
    assert started == []
    assert heard.states == [IndexState("none")]
    heard.follower.index()
    assert heard.follower.state == IndexState("indexing")
    assert heard.next("ready").commits == 6
    assert heard.step().commits == heard.step().commits_total == 6


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
    assert {state.kind for heard in both for state in heard.states} == {"indexing", "ready"}


def test_a_follower_waits_for_another_indexer_and_goes_on(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    with only_writer(folder_of(repo)):
        heard = follower_of(repo)
        heard.follower.index()
        with pytest.raises(queue.Empty):
            heard.next("ready", seconds=3)
        assert "is indexing this repository already" in str(heard.states[-1].message)
    assert heard.next("ready").commits == 5


def test_a_cancelled_run_keeps_what_it_has_stored(long_copy: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    heard = follower_of(long_copy)
    heard.follower.index()
    until(lambda: any(state.commits for state in heard.states))
    heard.follower.cancel()
    stale = heard.next("stale")
    assert 0 < len(indexed_commits(folder_of(long_copy))) == stale.commits < 700 == stale.commits_total
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


def test_an_indexer_that_fails_is_a_state_with_its_reason(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    update(repo)
    (folder_of(repo) / "edits.sqlite3").write_bytes(b"?" * 8192)
    heard = follower_of(repo)
    assert "index --rebuild" in str(heard.next("error").message)
    heard.follower.index(rebuild=True)
    assert heard.next("ready").commits == 5


def test_an_index_that_somebody_else_makes_or_removes_is_seen(repo: Repo, follower_of: Callable[[Repo], Heard]) -> None:
    heard = follower_of(repo)
    heard.next("none")
    update(repo)
    assert heard.next("ready").commits == 5
    shutil.rmtree(folder_of(repo))
    heard.next("none")
    folder_of(repo).mkdir()
    (folder_of(repo) / "edits.sqlite3").touch()  # as an indexer that has only just begun
    time.sleep(4 * follow.LOOK_EVERY)
    assert heard.follower.state == IndexState("none")
    update(repo)
    assert heard.next("ready").commits == 5


def test_how_an_index_stands_is_told_whatever_happens_to_the_repository(repo: Repo) -> None:
    repository = Repository.open(repo.root)
    assert look(repository) == IndexState("none")
    update(repo)
    assert look(repository).kind == "ready"
    repo.commit("one more", {"new.py": "x = 1\n"})
    stale = look(repository)
    assert (stale.kind, stale.commits, stale.commits_total) == ("stale", 5, 6)
    (repo.git_dir / "HEAD").unlink()
    assert look(repository).kind == "error"


def test_nothing_in_the_current_folder_is_imported(
    repo: Repo, follower_of: Callable[[Repo], Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({"codewm_lsp.py": "import pathlib; pathlib.Path('run').touch()\n"})
    monkeypatch.chdir(repo.root)
    heard = follower_of(repo)
    heard.follower.index()
    assert heard.next("ready").commits == 5
    assert not (repo.root / "run").exists()
