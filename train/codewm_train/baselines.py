"""What a score must beat: plain ways to say how alike two edits are, each strong at what it looks at.

Every baseline is fitted on the gallery and returns a scorer: the position of a query in the gallery to its
similarities, float32 [N]. Sparse rows are kept as postings, so that one query costs milliseconds in plain numpy.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from codewm_model.bm25 import Bm25
from codewm_model.edit import Edit, common_ends
from codewm_train.metrics import Scorer, Scores

Row = dict[str, float]
_TOKEN = re.compile(r"\w+|[^\w\s]")
_SUBWORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MAX_TOKENS = 3000  # of one side of a hunk; beyond, all of them count as changed
_SAMPLE_TOKENS = 150  # that difflib compares: its time grows with their square


def tfidf_lines(edits: Sequence[Edit]) -> Scorer:
    """Cosine of TF-IDF of the words and subwords of removed and added lines, the two kept apart."""
    return _cosine([_signed(_subwords(_words(e.removed)), _subwords(_words(e.added))) for e in edits])


def tfidf_words(edits: Sequence[Edit]) -> Scorer:
    """Cosine of TF-IDF of the whole words of the changed lines, no matter which side they are on."""
    return _cosine([Counter(_words(edit.removed + edit.added)) for edit in edits])


def tfidf_net(edits: Sequence[Edit]) -> Scorer:
    """Cosine of TF-IDF of the tokens that really changed, words, subwords and operators, signed."""
    rows = []
    for edit in edits:
        removed, added = net_changed(edit)
        rows.append(_signed(_subwords(removed), _subwords(added)))
    return _cosine(rows)


def tfidf_texts(texts: Sequence[str], questions: Sequence[str] | None = None) -> Scorer:
    """Cosine of TF-IDF of the words and subwords of plain texts; a query is one of `questions`, if there are some."""
    rows = [Counter(_subwords(_words([text]))) for text in texts]
    return _cosine(rows, None if questions is None else [Counter(_subwords(_words([text]))) for text in questions])


def bm25(edits: Sequence[Edit]) -> Scorer:
    """Okapi BM25 of the signed words of the changed lines, the query's own words as the question."""
    rows = [_signed(_words(edit.removed), _words(edit.added)) for edit in edits]
    index = Bm25(rows)
    return lambda query: index.scores(rows[query])


def difflib_ratio(edits: Sequence[Edit]) -> Scorer:
    """Mean of difflib's ratios of the removed and of the added tokens; seconds a query: judge it on a sample."""
    sides = [[_TOKEN.findall("\n".join(side))[:_SAMPLE_TOKENS] for side in (e.removed, e.added)] for e in edits]

    def score(query: int) -> Scores:
        total = np.zeros(len(edits), dtype=np.float32)
        for side in (0, 1):
            matcher = SequenceMatcher(None, autojunk=False)
            matcher.set_seq2(sides[query][side])
            for i, other in enumerate(sides):
                matcher.set_seq1(other[side])
                total[i] += matcher.ratio()
        return total

    return score


def vectors(rows: NDArray[np.float32], questions: NDArray[np.float32] | None = None) -> Scorer:
    """Cosine of dense rows [N, D]; a query is a row of `questions` [Q, D], if there are some."""
    unit, asked = (
        some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-9)
        for some in (rows, rows if questions is None else questions)
    )
    return lambda query: np.asarray(unit @ asked[query], dtype=np.float32)


def standardised(rows: NDArray[np.float32]) -> Scorer:
    """Cosine of dense rows [N, D] after each column is centred and scaled over the gallery."""
    return vectors((rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-6))


def chance(edits: Sequence[Edit], seed: int = 0) -> Scorer:
    """Random similarities."""
    return lambda query: np.random.default_rng([seed, query]).random(len(edits), dtype=np.float32)


BASELINES: dict[str, Callable[[Sequence[Edit]], Scorer]] = {
    "tfidf": tfidf_lines,
    "tfidf_words": tfidf_words,
    "tfidf_net": tfidf_net,
    "bm25": bm25,
    "random": chance,
}


def net_changed(edit: Edit) -> tuple[list[str], list[str]]:
    """The tokens that a token-level diff of the hunk removes and adds."""
    old, new = (_TOKEN.findall("\n".join(side)) for side in (edit.removed, edit.added))
    head, tail = common_ends(old, new)
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if not old or not new or max(len(old), len(new)) > _MAX_TOKENS:
        return old, new
    removed: list[str] = []
    added: list[str] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += old[i:j]
            added += new[k:m]
    return removed, added


def _words(lines: Iterable[str]) -> list[str]:
    return re.findall(r"\w+", "\n".join(lines))


def _subwords(words: Iterable[str]) -> list[str]:
    """The words, and the lower-case parts of those that are made of several."""
    out: list[str] = []
    for word in words:
        out.append(word)
        parts = _SUBWORD.findall(word)
        if len(parts) > 1:
            out += [f"~{part.lower()}" for part in parts]
    return out


def _signed(removed: Iterable[str], added: Iterable[str]) -> Counter[str]:
    return Counter([f"-{word}" for word in removed] + [f"+{word}" for word in added])


def _cosine(rows: Sequence[Counter[str]], questions: Sequence[Counter[str]] | None = None) -> Scorer:
    """Cosine of rows weighted by (1 + ln tf) * idf, the idf fitted on these rows and not on `questions`."""
    frequency = Counter(term for row in rows for term in row)

    def weighted(row: Counter[str]) -> Row:
        idf = {term: math.log((1 + len(rows)) / (1 + frequency[term])) + 1 for term in row}
        values = {term: (1 + math.log(tf)) * idf[term] for term, tf in row.items()}
        norm = math.sqrt(sum(value * value for value in values.values())) or 1.0
        return {term: value / norm for term, value in values.items()}

    documents = [weighted(row) for row in rows]
    return _products(documents if questions is None else [weighted(row) for row in questions], documents)


def _products(queries: Sequence[Row], documents: Sequence[Row]) -> Scorer:
    """Inner products of sparse rows, through postings: for each term the documents that hold it, and its weights."""
    lists: dict[str, tuple[list[int], list[float]]] = {}
    for i, row in enumerate(documents):
        for term, value in row.items():
            positions, values = lists.setdefault(term, ([], []))
            positions.append(i)
            values.append(value)
    postings = {term: (np.array(at, dtype=np.intp), np.array(values)) for term, (at, values) in lists.items()}

    def score(query: int) -> Scores:
        total = np.zeros(len(documents))
        for term, weight in queries[query].items():
            if term in postings:
                at, values = postings[term]
                total[at] += weight * values
        return total.astype(np.float32)

    return score
