"""Edits with everything that our Python code says of them, to hold the page's TypeScript against; and its rules.

The material is hand-written code and this project's own: real edits, random ones of lines and of characters, broken
code, characters beyond the basic plane, every kind of line end, empty sides. Nothing is drawn anew from run to run.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from docs_data import EDITS, encode_sides, gallery_edits, sides_of, written_edits
from docs_recovery import recovered_otherwise

from codewm_model.actions import action_of, label_of
from codewm_model.bundle import Bundle
from codewm_model.changes import Change, change_of
from codewm_model.edit import edit_between, split_lines
from codewm_model.languages import LANGUAGES
from codewm_model.prediction import probabilities
from codewm_model.ranking import Ranker, fuse, reasons, weighed
from codewm_model.regions import region_at
from codewm_model.runtime import Model
from codewm_model.sketch import Features, sketch
from codewm_model.syntax import Source
from codewm_model.tokenizer import TokenSequence, tokenize

ROOT = Path(__file__).resolve().parent.parent
OWN = sorted((ROOT / "model" / "codewm_model").glob("*.py"))
RANDOM = 240  # edits of our own files
PIECES = (
    "def f(", "):", '"""', "'", "\\", "    ", "class A:", "é = 'naïve ☃'", "(", ")]}", "f'{", "}'", "lambda",
    "# 注释 comment", "", "\t", "@x", "if x:", "\x0c", "\ud800", "𝒳 = '😀' + x", "async for", "match x:", "    case {",
    "else:", "=", "ſ = ǅ٣²", "x" * 300, "print(f'{a!r:>{w}} {b}')", "\u2028", "İstanbul_Σς = 0x1F",
    "a.b.c(d=1, *e, **f)", "x: int | None = None",
)  # fmt: skip
BY_HAND = (
    ("", ""),
    ("", "x = 1\n"),
    ("x = 1\n", ""),
    ("x = 1", "x = 1\n"),
    ("\n\n", "\n"),
    ("def f():\r\n    return 1\r\n", "def f():\r\n    return 2\r\n"),
    ("def f():\r    return 1\r", "def f():\n    return 1\n"),
    ("if x:\n\ty = 1\n\tz = 2\n", "if x:\n\ty = 1\n        z = 3\n"),
    ("x = '😀'\ny = 2\n", "x = '😀😀'\ny = 𝒳\n"),
    ("class A:\n  def f(self: A) -> None: ...\n", "class A:\n  async def f(self: A, *, b: int = 2) -> A: ...\n"),
    ("s = f'{a} and {b}'\n", "s = f'{a!r} and {b + 1:>4}'\n"),
    ('"""one\ntwo\nthree\n"""\n', '"""one\n2\nthree\n"""\n'),
    ("def broken(:\n    return\n", "def broken(x:\n    return (\n"),
    ("a = [\n    1,\n    2,\n]\n", "a = [\n    1,\n    2,\n    3,\n]\n"),
    ("x = 1\n" * 400, "x = 1\n" * 200 + "y = 2\n" + "x = 1\n" * 200),
    ("", "".join(f"value_{i} = compute(first_{i}, second={i})\n" for i in range(300))),
    ("x = 1\n", "x = 1  # " + "word " * 12_000 + "\n"),
    *((f"-p{' + k' * n} + q\n", f"~r{' + k' * n} + s\n") for n in (198, 199)),  # 400 tokens are aligned, 402 are not
)


def write(path: Path, bundle_folder: Path) -> int:
    """Write the vectors; how many edits there are."""
    bundle = Bundle.open(bundle_folder)
    pairs = list(edits())
    changes = [change_of(edit_between(before, after)) for before, after in pairs]
    described = [_described(change, bundle) for change in changes]
    encoded = _encoded(changes, bundle)
    scores = _scores(changes, encoded, bundle)
    places = _places([after for _, after in pairs], bundle)
    rows = [
        {"before": before, "after": after, "scores": near, **said, **made, **place}
        for (before, after), near, said, made, place in zip(pairs, scores, described, encoded, places, strict=True)
    ]
    vectors = {"edits": rows, "ranking": _ranking(), "typical": bundle.action_classes().typical().tolist()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(vectors), encoding="utf-8")
    return len(rows)


def edits() -> Iterator[tuple[str, str]]:
    """Pairs of texts, before and after."""
    yield from BY_HAND
    for path in sorted(EDITS.rglob("*.toml")):
        yield from ((edit.before, edit.after) for edit in written_edits(path))
    chance = random.Random(7)
    for number in range(RANDOM):
        lines = list(split_lines(chance.choice(OWN).read_text(encoding="utf-8")))
        start = chance.randrange(len(lines))
        lines = lines[start : start + chance.choice((5, 40, 200))]
        end = chance.choice(("\n", "\n", "\r\n"))
        mutate = (_lines_replaced, _characters_replaced, _lines_moved)[number % 3]
        yield end.join(lines), end.join(mutate(list(lines), chance))


def _lines_replaced(lines: list[str], chance: random.Random) -> list[str]:
    at = chance.randrange(len(lines))
    lines[at : at + chance.randrange(6)] = chance.sample(PIECES, chance.randrange(4))
    return lines


def _characters_replaced(lines: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.choice((1, 1, 3))):
        at = chance.randrange(len(lines))
        place = chance.randrange(len(lines[at]) + 1)
        piece = chance.choice(("", "x", "(", '"', " ", "_name", "Ω", "😀", ":", "# "))
        lines[at] = lines[at][:place] + piece + lines[at][place + chance.randrange(4) :]
    return lines


def _lines_moved(lines: list[str], chance: random.Random) -> list[str]:
    start, count = chance.randrange(len(lines)), chance.randrange(1, 5)
    taken = lines[start : start + count]
    del lines[start : start + count]
    at = chance.randrange(len(lines) + 1)
    lines[at:at] = chance.choice((taken, ["    " + line for line in taken], []))
    return lines


def _described(change: Change, bundle: Bundle) -> dict[str, Any]:
    before, after = sides_of(change, bundle.config.positions)
    both, action = sketch(change), action_of(change)
    return {
        "label": label_of(change),
        "action": action.tolist(),
        "kind": int(bundle.action_classes().assign(action[None])[0]),
        "lexical": _features(both.lexical),
        "structural": _features(both.structural),
        "tokens": [_ids(before), _ids(after)],
        "broken": any(source.tree.root_node.has_error for source in change.sources or ()),
        "otherwise": recovered_otherwise(change.edit),
    }


def _encoded(changes: list[Change], bundle: Bundle) -> list[dict[str, Any]]:
    model = Model.open(bundle)
    before, after = encode_sides(model, changes, bundle.config.positions)
    learned = model.edits(before, after)
    predicted = model.predict(before.state, np.stack([action_of(change) for change in changes]))
    named = {"states": np.stack([before.state, after.state], axis=1), "learned": learned, "predicted": predicted}
    return [{name: np.round(rows[i], 6).tolist() for name, rows in named.items()} for i in range(len(changes))]


def _scores(changes: list[Change], encoded: list[dict[str, Any]], bundle: Bundle) -> list[list[float]]:
    """The scores of all edits of the gallery, for each change."""
    weight, positions = bundle.config.learned_weight, bundle.config.positions
    gallery = [change_of(edit_between(edit.before, edit.after)) for edit in gallery_edits()]
    model = Model.open(bundle)
    rows, ranker = (
        model.edits(*encode_sides(model, gallery, positions)),
        Ranker.of([sketch(change) for change in gallery]),
    )
    found = []
    for change, made in zip(changes, encoded, strict=True):
        seen = any(len(side.text) for side in sides_of(change, positions))
        learned = weighed(np.array(made["learned"], np.float32) * np.float32(seen), weight)
        found.append(np.round(fuse(*ranker.channels(sketch(change)), rows @ learned, weight.score), 5).tolist())
    return found


def _places(texts: list[str], bundle: Bundle) -> list[dict[str, Any]]:
    """A line in each text, and how likely the model holds each kind of edit there."""
    chance, positions = random.Random(3), bundle.config.positions
    lines, tokens = [], []
    for text in texts:
        source = Source.parse(LANGUAGES[0], split_lines(text))
        lines.append(chance.randrange(max(1, source.line_count)))
        at = max(0, min(lines[-1], source.line_count - 1))
        tokens.append(tokenize(region_at(source, at, positions), positions))
    likely = probabilities(Model.open(bundle).encode(tokens).prior)
    return [{"line": line, "likely": np.round(row, 6).tolist()} for line, row in zip(lines, likely, strict=True)]


def _ranking() -> list[dict[str, Any]]:
    """Score and reasons at every hundredth of one channel, whose two others have another cosine, at several shares."""
    found = []
    for hundredths, channel, other, share in itertools.product(range(101), range(3), (0.0, 0.25), (0.0, 0.12)):
        cosines = [hundredths / 100 if number == channel else other for number in range(3)]
        (score,) = fuse(*np.array(cosines, np.float32)[:, None], share)
        found.append({"cosines": cosines, "share": share, "score": float(score), "reasons": reasons(*cosines)})
    return found


def _ids(tokens: TokenSequence) -> list[list[int]]:
    return [row.tolist() for row in tokens.columns()]


def _features(features: Features) -> list[tuple[int, float]]:
    return list(zip(features.hashes.tolist(), np.round(features.weights, 6).tolist(), strict=True))
