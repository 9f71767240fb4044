"""The model's share of the key and of the score: as much as the bundle says, and with zero nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from repositories import Repo

from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.index import EditIndex, Hit
from codewm_lsp.engine.indexing import update_index
from codewm_lsp.engine.similar import SimilarEdits
from codewm_lsp.engine.store import index_folder
from codewm_model.bundle import Bundle
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.git import Repository
from codewm_model.ranking import Ranker, fuse
from codewm_model.runtime import Model
from codewm_model.sketch import KEY_SIZE, sketch

TIMEOUT = (
    "def call(session):\n    return session.get(1)\n",
    "def call(session):\n    return session.get(1, timeout=9)\n",
)


def folder_of(repo: Repo) -> Path:
    return index_folder(Repository.open(repo.root))


def hits_of(repo: Repo, k: int = 200) -> list[Hit]:
    """What a person gets for `TIMEOUT`."""
    similar = SimilarEdits.open(Repository.open(repo.root))
    (hits,) = similar.query([edit_between(*TIMEOUT, "a.py")], k)
    similar.close()
    return hits


def by_hand(repo: Repo, share: float) -> list[float]:
    """The scores of all past edits for `TIMEOUT`, best first, from git and the model's rules alone."""
    encoder = Encoder.default()
    similar = SimilarEdits.open(Repository.open(repo.root))
    edits = similar.texts_of(hits_of(repo))
    similar.close()
    encoded = encoder.encode([encoder.read(change_of(edit)) for edit in edits if edit is not None])
    query = encoder.encode([encoder.read(change_of(edit_between(*TIMEOUT, "a.py")))])[0]
    cosines = Ranker.of([edit.sketch for edit in encoded]).channels(query.sketch)
    learned = np.array([edit.learned for edit in encoded]) @ query.learned
    return np.sort(fuse(*cosines, learned, share))[::-1].tolist()


def test_weight_zero_gives_the_hits_of_the_sketches_and_never_runs_the_model(
    small: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    update_index(Repository.open(small.root), jobs=1)
    expected = by_hand(small, 0.0)
    change = change_of(edit_between(*TIMEOUT))
    learned = Encoder.default().encode([Encoder.default().read(change)])[0].learned
    monkeypatch.setattr(Model, "open", None)
    hits = hits_of(small)
    assert [hit.score for hit in hits] == pytest.approx(expected, abs=1e-3)  # weights are stored as halves
    opened = EditIndex(folder_of(small))
    assert opened.query(sketch(change), 200, None, learned) == opened.query(sketch(change), 200) == hits
    assert opened._vectors._graph.dim == KEY_SIZE
    assert not any("near in the model" in hit.reasons for hit in hits)
    opened.close()


@pytest.mark.parametrize(("key", "score"), [(0.3, 0.0), (0.0, 0.4), (0.3, 0.4)])
def test_the_model_has_its_share_of_the_score(
    small: Repo, weigh: Callable[[float, float], Bundle], key: float, score: float
) -> None:
    weigh(key, score)
    update_index(Repository.open(small.root), jobs=1)
    hits = hits_of(small)
    assert [hit.score for hit in hits] == pytest.approx(by_hand(small, score), abs=2e-3)
    assert any("near in the model" in hit.reasons for hit in hits) == bool(score)


def test_with_the_model_an_edit_is_its_own_best_hit(small: Repo, weigh: Callable[[float, float], Bundle]) -> None:
    weigh(0.3, 0.3)
    update_index(Repository.open(small.root), jobs=1)
    opened = EditIndex(folder_of(small))
    best = [opened.query(sketch, 1, None, learned)[0] for _, sketch, learned in opened.store.sketches_after(0)]
    assert [(round(hit.score, 2), round(hit.similarity, 2)) for hit in best] == [(1.0, 1.0)] * len(best)
    opened.close()


def test_with_the_model_edits_of_text_are_found_as_without(
    tmp_path: Path, weigh: Callable[[float, float], Bundle]
) -> None:
    weigh(0.3, 0.3)
    repo = Repo.init(tmp_path / "repository")
    repo.commit("start", {"notes.txt": "alpha beta\n"})
    repo.commit("say gamma", {"notes.txt": "alpha gamma\n"})
    update_index(Repository.open(repo.root), jobs=1)
    similar = SimilarEdits.open(Repository.open(repo.root))
    (hits,) = similar.query([edit_between("delta beta\n", "delta gamma\n", "other.txt")], 5)
    assert hits[0].subject == "say gamma"
    similar.close()
