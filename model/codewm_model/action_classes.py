"""Classes of actions: what kinds of edits there are, found in training edits and shipped in every bundle."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from codewm_model.actions import ACTION_FIELDS, CATEGORIES, NAMES, SCOPES, TYPES

CLIP = 2.0  # standard deviations: further out a rare category would make a class of its own of a handful of edits

_TELLING = 0.5  # standard deviations above the mean, from which a category says something of a class
_NEARLY = 0.75  # of the most telling category: of those that come near it, the one that labels name first is named

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ActionClasses:
    """K centres `[K, A]` of standardised actions: less `mean` `[A]`, divided by `scale` `[A]`, cut at `CLIP`."""

    mean: Floats
    scale: Floats
    centres: Floats

    def __len__(self) -> int:
        return len(self.centres)

    def assign(self, actions: Floats) -> npt.NDArray[np.intp]:
        """The class of each action `[N, A]`: its nearest centre, `[N]`."""
        return nearest(self.standardised(actions), self.centres)

    def standardised(self, actions: Floats) -> Floats:
        """Actions `[N, A]` on the scale of the centres."""
        return np.asarray(np.clip((np.asarray(actions, np.float32) - self.mean) / self.scale, -CLIP, CLIP), np.float32)

    def typical(self) -> Floats:
        """An action of each class, `[K, A]`: its centre."""
        return self.centres * self.scale + self.mean

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """Each class in words, such as "add if in a function, about 3 lines": what sets it apart from other edits."""
        labels = [_label(*pair) for pair in zip(self.centres, self.typical(), strict=True)]
        namesakes = {label: [i for i, other in enumerate(labels) if other == label] for label in labels}
        for label, rows in namesakes.items():
            if len(rows) > 1:
                for i, more in zip(rows, _set_apart(self.centres[rows]), strict=True):
                    labels[i] = f"{label}, {more}"
        return tuple(labels)

    def save(self, path: Path) -> None:
        """Write them as an npz file."""
        np.savez(path, mean=self.mean, scale=self.scale, centres=self.centres)

    @classmethod
    def load(cls, path: Path) -> ActionClasses:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["mean"], stored["scale"], stored["centres"])


def nearest(rows: Floats, centres: Floats) -> npt.NDArray[np.intp]:
    """Which of the centres `[K, A]` is nearest to each row `[N, A]`, `[N]`; a row's own length moves no minimum."""
    return np.asarray(((centres**2).sum(axis=1) - 2 * rows @ centres.T).argmin(axis=1))


def _label(centre: Floats, typical: Floats) -> str:
    """`centre` `[A]` on the scale of the classes, `typical` `[A]` the same as an action."""
    size = len(CATEGORIES)
    of_kind = dict(zip(ACTION_FIELDS, typical.tolist(), strict=True))
    kind, scope = (max(names, key=of_kind.__getitem__) for names in (TYPES, SCOPES))
    removed, added = _most_telling(centre[:size]), _most_telling(centre[size : 2 * size])
    removed, added = ("" if kind == "add" else removed), ("" if kind == "delete" else added)
    verb = {"add": "add", "delete": "remove", "modify": "change"}[kind]
    if removed and added and removed != added:
        what = f"replace {removed} with {added}"
    elif kind == "modify" and bool(removed) != bool(added):
        what = f"add {added} to lines" if added else f"take {removed} out of lines"
    else:
        what = f"{verb} {added or removed or 'code'}"
    lines = round(float(np.expm1(of_kind["removed lines" if kind == "delete" else "added lines"])))
    where = "at module level" if scope == "module" else f"in a {scope}"
    return f"{what} {where}, about {lines} lines" if lines > 1 else f"{what} {where}, 1 line"


def _set_apart(centres: Floats) -> list[str]:
    """Centres `[N, A]` of classes with one label: of which category each adds or removes more or less than the others.

    None is said twice: each class takes the one in which it differs most of those that are left.
    """
    said: list[str] = []
    for differences in (centres - centres.mean(axis=0))[:, : 2 * len(CATEGORIES)]:
        ways = (
            f"{'more' if differences[i] > 0 else 'less'} {_category(int(i) % len(CATEGORIES))} "
            f"{'removed' if i < len(CATEGORIES) else 'added'}"
            for i in np.argsort(-np.abs(differences), kind="stable")
        )
        said.append(next((way for way in ways if way not in said), f"kind {len(said) + 1}"))
    return said


def _category(number: int) -> str:
    """A category in words."""
    return NAMES.get(CATEGORIES[number], CATEGORIES[number])


def _most_telling(centre: Floats) -> str:
    """The category that is most above its mean, in words; none where none is."""
    most = float(centre.max())
    if most < _TELLING:
        return ""
    return _category(next(i for i, value in enumerate(centre.tolist()) if value >= _NEARLY * most))
