"""Predictions: the past edits made to the code most like this say what comes next, and each is shown with proof."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from repositories import Repo, numbered

from codewm_lsp.engine import predict as predict_module
from codewm_lsp.engine.default_bundle import VARIABLE
from codewm_lsp.engine.dismissed import Dismissal, Dismissed
from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.predict import SHOWN, PastStates, Prediction, Predictor
from codewm_lsp.engine.states import LiveStates
from codewm_lsp.engine.store import Store, index_folder
from codewm_model.actions import ACTION_FIELDS, ACTION_SIZE
from codewm_model.bundle import PROTOTYPES, Bundle, write_config
from codewm_model.git import Repository
from codewm_model.languages import LANGUAGES
from codewm_model.prediction import LEARNED, NEIGHBOURS

CALL = "def fetch(session, url):\n    found = session.get(url)\n    return found\n"
TABLE = "NAMES = {\n    'one': 1,\n    'two': 2,\n}\n"


def two_habits(repo: Repo) -> None:
    """Calls are given timeouts, tables are given rows."""
    for i in range(8):
        call, table = CALL.replace("fetch", f"fetch_{i}"), TABLE.replace("NAMES", f"NAMES_{i}")
        repo.commit(f"files {i}", {f"call_{i}.py": call, f"table_{i}.py": table})
        repo.commit(f"timeout {i}", {f"call_{i}.py": call.replace("(url)\n", "(url, timeout=5)\n")})
        repo.commit(f"row {i}", {f"table_{i}.py": table.replace("}", f"    'row_{i}': {i},\n}}")})


@pytest.fixture(scope="module")
def habitual(tmp_path_factory: pytest.TempPathFactory, _own_settings: None) -> Repo:
    repo = Repo.init(tmp_path_factory.mktemp("habitual") / "repository")
    two_habits(repo)
    update_index(Repository.open(repo.root), jobs=1)
    return repo


def predict(repo: Repo, source: str, line: int, k: int = 5) -> list[Prediction]:
    store = Store(index_folder(Repository.open(repo.root)))
    try:
        return Predictor(Encoder.default(), store).predict_at(source, line, k)
    finally:
        store.close()


def test_what_was_done_to_such_code_comes_first_and_is_shown(habitual: Repo) -> None:
    """The test's model knows nothing, so it leaves the order to the past."""
    code = CALL.replace("fetch", "load").replace("found", "answer")
    found = predict(habitual, code, 2)
    timeouts = [one for one in found if any(hit.subject.startswith("timeout") for hit in one.edits)]
    assert timeouts and timeouts[0] is found[0]
    assert {hit.path[:4] for hit in found[0].edits} == {"call"}


def test_what_the_model_takes_for_likely_comes_first_even_if_the_repository_never_did_it(habitual: Repo) -> None:
    store = Store(index_folder(Repository.open(habitual.root)))
    encoder = Encoder.default()
    predictor = Predictor(encoder, store)
    (place,) = encoder.encode_places([(TABLE, 3)])
    unseen = min({*range(len(encoder.classes))} - {kind for _, kind, _ in store.states_after(0)})
    likely = np.full(len(encoder.classes), 0.1 / (len(encoder.classes) - 1), np.float32)
    likely[unseen] = 0.9
    first, *others = predictor.predict(replace(place, likely=likely))
    assert first.label == encoder.classes.labels[unseen] and first.edits == ()
    assert first.score == pytest.approx(LEARNED * 0.9, abs=1e-6) and others[0].edits
    store.close()


def test_no_two_kinds_of_an_answer_have_the_same_label(
    random_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(random_bundle.folder, tmp_path / "bundle")
    by_size = np.zeros((random_bundle.config.classes, ACTION_SIZE), np.float32)
    by_size[:, ACTION_FIELDS.index("added lines")] = np.linspace(0, 1, len(by_size))
    np.savez(
        tmp_path / "bundle" / PROTOTYPES,
        mean=np.zeros(ACTION_SIZE, np.float32),
        scale=np.full(ACTION_SIZE, 4, np.float32),
        centres=by_size,
    )
    write_config(tmp_path / "bundle", random_bundle.config)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "bundle"))
    repo = Repo.init(tmp_path / "repository")
    repo.commit("files", {f"part_{i}.py": CALL for i in range(8)})
    for i in range(8):
        body = "    x.call(1)\n" * (1 + 3 * i)
        repo.commit(f"more {i}", {f"part_{i}.py": f"{CALL}\n\ndef more_{i}(x):\n{body}"})
    update_index(Repository.open(repo.root), jobs=1)
    found = predict(repo, CALL, 3, k=64)
    did = [{hit.action for hit in one.edits} for one in found if one.edits]
    assert sum(actions == {"add function"} for actions in did) > 1, "several kinds did what the same words say"
    assert len({one.label for one in found}) == 64


def test_candidates_are_in_the_order_of_their_votes_and_each_shows_its_nearest_past(habitual: Repo) -> None:
    found = predict(habitual, TABLE, 3)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True) and 0 < sum(scores) <= 1 + 1e-6
    for one in found:
        cosines = [hit.similarity for hit in one.edits]
        assert len(cosines) <= SHOWN and cosines == sorted(cosines, reverse=True)
        assert not cosines or one.label in {hit.action for hit in one.edits} or len(one.edits) == SHOWN
        assert 0 <= one.moved <= 2
    assert found[0].edits


def test_kinds_without_a_past_edit_have_their_own_labels_and_what_the_model_says(habitual: Repo) -> None:
    found = predict(habitual, TABLE, 3, k=64)
    assert len(found) == 64
    unseen = [one for one in found if not one.edits]
    labels = Encoder.default().classes.labels
    assert unseen and {one.label for one in unseen} <= set(labels)
    (place,) = Encoder.default().encode_places([(TABLE, 3)])
    for one in unseen:
        assert one.score >= LEARNED * place.likely[labels.index(one.label)] - 1e-6


def test_of_equally_likely_kinds_those_come_first_that_move_the_state_least(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "notes")
    repo.commit("one", {"notes.txt": "some words\n"})
    update_index(Repository.open(repo.root), jobs=1)
    store = Store(index_folder(Repository.open(repo.root)))
    (place,) = Encoder.default().encode_places([CALL])
    even = replace(place, likely=np.full_like(place.likely, 1 / len(place.likely)))
    moved = [one.moved for one in Predictor(Encoder.default(), store).predict(even, k=64)]
    assert len(moved) == 64 and moved == sorted(moved)
    store.close()


def test_a_live_state_is_answered_as_its_place_in_the_text(habitual: Repo) -> None:
    store = Store(index_folder(Repository.open(habitual.root)))
    predictor = Predictor(Encoder.default(), store)
    states = LiveStates(LANGUAGES[0], TABLE.split("\n"), Encoder.default())
    assert predictor.predict(states.encoded_at(2)) == predictor.predict_at(TABLE, 3)
    store.close()


def test_what_is_dismissed_neither_votes_nor_is_shown(habitual: Repo) -> None:
    store = Store(index_folder(Repository.open(habitual.root)))
    predictor = Predictor(Encoder.default(), store)
    every = predictor.predict_at(TABLE, 3, k=64)
    tables = Dismissed([Dismissal(path=f"table_{i}.py") for i in range(8)])
    left = predictor.predict_at(TABLE, 3, k=64, dismissed=tables)
    assert any(hit.path.startswith("table") for one in every for hit in one.edits)
    assert {hit.path[:4] for one in left for hit in one.edits} == {"call"}
    assert [one.score for one in left] != [one.score for one in every]
    store.close()


def test_at_most_k_are_given(habitual: Repo) -> None:
    assert len(predict(habitual, CALL, 1, k=1)) == 1


def test_enough_others_vote_where_the_nearest_are_dismissed(habitual: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict_module, "NEIGHBOURS", 2)
    store = Store(index_folder(Repository.open(habitual.root)))
    predictor = Predictor(Encoder.default(), store)
    gone: list[Dismissal] = []
    while len(gone) < 6:
        found = predictor.predict_at(TABLE, 3, k=64, dismissed=Dismissed(gone))
        shown = [hit for one in found for hit in one.edits]
        assert len(shown) == 2
        gone += [Dismissal(hit.commit, hit.path, *hit.lines) for hit in shown]
    assert len(set(gone)) == 6
    store.close()


@pytest.mark.parametrize("source", ["", "\n\n", "def broken(:\n  (((", "\0\0", "x = 1\r\ny = 2\r"])
def test_any_text_has_an_answer(habitual: Repo, source: str) -> None:
    assert any(one.edits for one in predict(habitual, source, 1))
    assert predict(habitual, source, 10_000) is not None


def test_an_index_without_code_leaves_it_to_the_model(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "notes")
    repo.commit("one", {"notes.txt": "some words\n"})
    repo.commit("two", {"notes.txt": "other words\n"})
    update_index(Repository.open(repo.root), jobs=1)
    found = predict(repo, CALL, 1)
    assert len(found) == 5 and not any(one.edits for one in found)
    (place,) = Encoder.default().encode_places([CALL])
    best = np.sort(place.likely)[::-1][:5]
    assert [one.score for one in found] == pytest.approx((LEARNED * best).tolist(), abs=1e-6)


def test_what_no_branch_holds_any_more_is_not_shown(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.commit("first", {"call.py": CALL})
    repo.commit("secret", {"call.py": CALL.replace("(url)\n", "(url, timeout=5)\n")})
    repository = Repository.open(repo.root)
    update_index(repository, jobs=1)
    store = Store(index_folder(repository))
    predictor = Predictor(Encoder.default(), store)
    assert any(hit.subject == "secret" for one in predictor.predict_at(CALL, 2) for hit in one.edits)
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    update_index(repository, jobs=1)
    assert not any(hit.subject == "secret" for one in predictor.predict_at(CALL, 2) for hit in one.edits)
    store.close()


def test_commits_made_since_count(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "repository")
    repo.commit("first", {"table.py": TABLE, "numbers.py": numbered(20)})
    repository = Repository.open(repo.root)
    update_index(repository, jobs=1)
    store = Store(index_folder(repository))
    predictor = Predictor(Encoder.default(), store)
    before = predictor.predict_at(TABLE, 3)
    repo.commit("later", {"table.py": TABLE.replace("}", "    'three': 3,\n}")})
    update_index(repository, jobs=1)
    assert "later" not in {hit.subject for one in before for hit in one.edits}
    assert "later" in {hit.subject for one in predictor.predict_at(TABLE, 3) for hit in one.edits}
    store.close()


class Rows:
    """Stands in for a store: states numbered from 1."""

    def __init__(self, states: np.ndarray) -> None:
        self.states = states

    def states_after(self, last: int) -> Iterator[tuple[int, int, bytes]]:
        return ((i + 1, i % 7, self.states[i].astype("<f2").tobytes()) for i in range(last, len(self.states)))


def test_the_nearest_are_those_of_the_largest_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict_module, "_ROWS", 16)
    states = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    past, rows = PastStates(8), Rows(states[:40])
    past.catch_up(rows)  # type: ignore[arg-type]
    rows.states = states
    past.catch_up(rows)  # type: ignore[arg-type]
    cosines = states @ states[3] / np.linalg.norm(states, axis=1) / np.linalg.norm(states[3])
    best = np.argsort(-cosines)[:NEIGHBOURS][:10]
    found = past.nearest(past.cosines(states[3]), 10)
    assert [one.id for one in found] == [i + 1 for i in best]
    assert [one.kind for one in found] == [i % 7 for i in best]
    assert [one.cosine for one in found] == pytest.approx(cosines[best].tolist(), abs=4e-3)
    assert PastStates(8).nearest(PastStates(8).cosines(states[3]), 10) == []
