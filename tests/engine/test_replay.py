"""The replay asks honestly: earlier commits only, the same questions for all, and bounds on what they tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pairs import FEATURES, pairs
from repositories import Repo

from codewm_lsp.engine.encoder import EncodedEdit
from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.past import PastCommit, PastEdit, count_since, indexed_commits, read_past
from codewm_lsp.engine.replay import (
    BM25,
    CHANCE,
    LOG_S,
    OURS,
    SAME_FILE,
    Plan,
    Replay,
    draw_questions,
    index_of,
    replay,
)
from codewm_lsp.engine.rivals import Bm25, LogS
from codewm_lsp.engine.rows import EditRow
from codewm_lsp.engine.store import Store, index_folder
from codewm_model.edit import Commit
from codewm_model.git import Repository
from codewm_model.sketch import Features, Sketch

COMMITS = 4 * FEATURES


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory, _model: None) -> Repo:
    """An indexed repository of pairs. Shared: tests read it only."""
    repo = Repo.init(tmp_path_factory.mktemp("paired") / "repository")
    repo.history(pairs(COMMITS))
    update_index(Repository.open(repo.root), jobs=1)
    return repo


def past_of(repo: Repo) -> list[PastCommit]:
    repository = Repository.open(repo.root)
    store = Store(index_folder(repository))
    try:
        return read_past(repository, store, indexed_commits(repository, store))
    finally:
        store.close()


def split(repo: Repo, later: int) -> tuple[list[PastCommit], list[PastCommit]]:
    """Earlier and later commits."""
    past = past_of(repo)
    return past[later:], past[:later]


def test_past_edits_have_the_text_that_git_has(paired: Repo) -> None:
    newest = past_of(paired)[0]
    assert (newest.commit.subject, newest.files) == (
        "Step 119 of feature_29", {"app/feature_29.py", "tests/check_feature_29.py"},
    )  # fmt: skip
    assert newest.edits[0].added[0] == "def feature_29_step_119(session):"


def test_the_searched_index_holds_the_earlier_commits_and_nothing_else(paired: Repo) -> None:
    earlier, later = split(paired, 24)
    with index_of(earlier, lambda stage, done, total: None) as index:
        assert index.store.commit_hashes() == {past.commit.id for past in earlier}
        for past in later:
            for edit in past.edits:
                found = {hit.commit for hit in index.query(edit.row.encoded.sketch, 100)}
                assert found and not found & {each.commit.id for each in later}


def test_no_earlier_commit_descends_from_a_later_one_whatever_the_clocks_say(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.commit("one", {"a.py": "a = 1\n"})
    repo.clock += 1_000_000
    repo.commit("from the future", {"a.py": "a = 2\n"})
    repo.clock -= 2_000_000
    repo.commit("on top of it", {"a.py": "a = 3\n"})
    repo.commit("and on", {"a.py": "a = 4\n"})
    update_index(Repository.open(repo.root), jobs=1)
    subjects = [past.commit.subject for past in past_of(repo)]
    assert subjects == ["and on", "on top of it", "from the future", "one"]


def test_an_answer_shares_another_file_with_the_asking_commit(paired: Repo) -> None:
    earlier, later = split(paired, 24)
    subjects = {past.commit.id: past.commit.subject for past in earlier + later}
    questions = draw_questions(earlier, later, Plan())
    assert len(questions) == 24
    for question in questions:
        feature = subjects[question.commit].rpartition(" ")[2]
        assert {subjects[answer].rpartition(" ")[2] for answer in question.answers} == {feature}
        assert question.answers <= {past.commit.id for past in earlier}


def test_a_cherry_picked_commit_does_not_ask(paired: Repo, tmp_path: Path) -> None:
    paired.git("clone", "--quiet", ".", str(tmp_path / "copy"))
    copy = Repo(tmp_path / "copy", paired.clock)
    copy.git("checkout", "--quiet", "-b", "stable", "main~3")
    copy.git("cherry-pick", "main")
    update_index(Repository.open(copy.root), jobs=1)
    (newest,) = {past.commit.subject for past in split(copy, 1)[1]}
    assert newest == "Step 119 of feature_29"
    assert len(draw_questions(*split(paired, 1), Plan())) == 1
    assert draw_questions(*split(copy, 1), Plan()) == []


def test_sweeps_and_files_that_everybody_changes_neither_ask_nor_count(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    history = pairs(90)
    for i, (_, files) in enumerate(history):
        files["CHANGES.txt"] = f"Change {i}\n"
    history[45][1].update({f"many/file_{i}.py": f"value_{i} = 1\n" for i in range(30)})
    repo.history(history)
    update_index(Repository.open(repo.root), jobs=1)
    earlier, later = split(repo, 30)
    sweep = repo.git("log", "--format=%H", "--grep=^Step 45 of").strip()
    questions = draw_questions(earlier, later, Plan())
    assert questions
    assert not any(sweep in question.answers or question.edit.row.path == "CHANGES.txt" for question in questions)
    assert max(len(question.answers) for question in questions) <= 2


def test_the_seed_decides_who_asks(paired: Repo) -> None:
    earlier, later = split(paired, 60)

    def asking(seed: int) -> list[tuple[str, str]]:
        questions = draw_questions(earlier, later, Plan(queries=20, seed=seed))
        return [(question.commit, question.edit.row.path) for question in questions]

    assert len(asking(0)) == 20
    assert asking(0) == asking(0) != asking(1)


def test_commits_are_told_apart_by_date(paired: Repo) -> None:
    repository = Repository.open(paired.root)
    commits = paired.git("rev-list", "main").split()
    assert count_since(repository, commits, f"@{paired.clock - 10 * 3600}") == 11
    assert count_since(repository, commits, "2030-01-01") == 0


def test_a_search_that_knows_the_words_beats_chance_on_files_that_belong_together(paired: Repo) -> None:
    stages: list[tuple[str, int, int]] = []
    result = replay(Repository.open(paired.root), Plan(share=0.25), lambda *told: stages.append(told))
    assert (result.later_commits, result.earlier_commits, result.questions) == (30, 90, 30)
    assert set(result.ranks) == {OURS, BM25, LOG_S, SAME_FILE, CHANCE}
    assert {len(ranks) for ranks in result.ranks.values()} == {30}
    assert result.hits(OURS, 10) > result.hits(CHANCE, 10)
    assert result.hits(SAME_FILE, 1) == 1
    assert {stage for stage, _, _ in stages} == {"reading", "indexing", "asking"}
    assert all(0 <= done <= total for _, done, total in stages)


def test_a_replay_is_the_same_the_second_time(paired: Repo) -> None:
    one, two = (replay(Repository.open(paired.root), Plan(queries=12, share=0.25)) for _ in range(2))
    assert {name: list(ranks) for name, ranks in one.ranks.items()} == {
        name: list(ranks) for name, ranks in two.ranks.items()
    }


def result_of(ours: list[int], theirs: list[int], k: int = 10) -> Replay:
    return Replay(k, 1, 1, 1, {OURS: np.array(ours, np.int64), BM25: np.array(theirs, np.int64)})


def test_measures_are_what_their_names_say() -> None:
    result = result_of([1, 2, 0, 4], [0, 0, 0, 0])
    assert [result.hits(OURS, k) for k in (1, 2, 10)] == [0.25, 0.5, 0.75]
    assert result.mrr(OURS).mean == pytest.approx((1 + 1 / 2 + 1 / 4) / 4)
    assert result.mrr(BM25).mean == result.hits(BM25, 10) == 0


def test_bounds_enclose_the_mean_and_narrow_with_more_questions() -> None:
    few, many = (result_of([1, 0, 2, 1] * n, [2, 0, 1, 0] * n).gain(BM25) for n in (5, 100))
    assert few.low < few.mean < few.high
    assert few.mean == pytest.approx(many.mean)
    assert many.high - many.low < few.high - few.low


def test_no_difference_has_no_bounds_apart_from_nothing() -> None:
    gain = result_of([1, 3, 0], [1, 3, 0]).gain(BM25)
    assert (gain.mean, gain.low, gain.high) == (0, 0, 0)


def test_no_questions_give_zeros() -> None:
    result = result_of([], [])
    assert (result.questions, result.hits(OURS, 1), result.mrr(OURS).mean, result.gain(BM25).high) == (0, 0, 0, 0)


def test_log_s_lists_what_git_lists(paired: Repo, tmp_path: Path) -> None:
    paired.git("clone", "--quiet", ".", str(tmp_path / "copy"))
    copy = Repo(tmp_path / "copy", paired.clock)
    copy.commit("twice the same line", {"app/feature_0.py": "import requests\nimport requests\n"})
    copy.commit("moved within the file", {"tests/check_feature_1.py": "import app\n" * 2 + "x = 1\n"})
    update_index(Repository.open(copy.root), jobs=1)
    past = past_of(copy)
    log = LogS(past)
    texts = {line.strip() for each in past[::7] for edit in each.edits for line in (*edit.removed, *edit.added)}
    texts |= {"requests", "import", "feature_1", "no such thing anywhere", "="}
    differing = {text for text in texts - {""} if log.commits(text) != listed_by_git(copy, text)}
    assert (len(texts) > 30, differing) == (True, set())


def listed_by_git(repo: Repo, text: str) -> list[str]:
    """The commits, newest first."""
    return repo.git("log", f"-S{text}", "--format=%H", "--date-order", "--no-textconv", "--no-ext-diff").split()


def test_log_s_asks_for_the_longest_line_and_then_for_the_longest_word() -> None:
    def commit(ident: str, *edits: PastEdit) -> PastCommit:
        return PastCommit(Commit(ident, "", "", 0, ""), edits)

    log = LogS([commit("b", edit_of((), ("call(timeout)",))), commit("a", edit_of((), ("the_longest_line = 1",)))])
    assert log.ask(edit_of(("short",), ("  the_longest_line = 1",)), 10) == ["a"]
    assert log.ask(edit_of((), ("x = [timeout, 22]",)), 10) == ["b"]
    assert log.ask(edit_of((), ("....",)), 10) == []


def test_bm25_prefers_rare_words_on_the_same_side_and_names_equal_edits_once() -> None:
    commits = [
        PastCommit(Commit(ident, "", "", 0, ""), (edit_of(removed, added),))
        for ident, removed, added in (
            ("newest twin", (), ("common rare",)),
            ("older twin", (), ("common rare",)),
            ("common", (), ("common words",)),
            ("other side", ("rare",), ()),
            ("nothing", (), ("entirely different",)),
        )
    ]
    bm25 = Bm25(commits)
    assert bm25.ask(edit_of((), ("rare common",)), 10) == ["newest twin", "common"]
    assert bm25.ask(edit_of((), ("rare common",)), 1) == ["newest twin"]
    assert Bm25([]).ask(edit_of((), ("rare",)), 10) == []


def edit_of(removed: tuple[str, ...], added: tuple[str, ...]) -> PastEdit:
    nothing = Features(np.empty(0, np.uint32), np.empty(0, np.float32))
    encoded = EncodedEdit(Sketch(nothing, nothing), None, None)
    return PastEdit(EditRow("a.py", (1, 1), "", encoded), removed, added)
