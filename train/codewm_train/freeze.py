"""Draws the evaluation edits of a split and writes their ids, or fits the action classes: done once, then frozen.

    python -m codewm_train.freeze edits --split validation DIR...
    python -m codewm_train.freeze classes DATASET

DIR are clones of the split's repositories; DATASET is what `codewm-train mine` made of the training repositories.
To run it again is to change the protocol: docs/adr/0004-protocol.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from codewm_train.action_classes import fit_classes
from codewm_train.clones import match_clones
from codewm_train.data import Dataset
from codewm_train.ids import CLASSES_FILE, SPLITS, EditId, ids_file, write_ids
from codewm_train.rules import draw_rule_edits
from codewm_train.siblings import draw_past_edits


def main() -> None:
    """Read the options, draw or fit, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    edits = commands.add_parser("edits", help="the two tables of ids of a split")
    edits.add_argument("--split", choices=sorted(SPLITS), required=True)
    edits.add_argument("clones", nargs="+", type=Path, metavar="DIR")
    classes = commands.add_parser("classes", help="the classes of the action-class test")
    classes.add_argument("dataset", type=Path, metavar="DATASET")
    options = parser.parse_args()
    if options.command == "edits":
        freeze_edits(options.split, options.clones)
    else:
        freeze_classes(options.dataset)


def freeze_edits(split: str, clones: Sequence[Path]) -> None:
    """Draw both tests' edits and write their ids."""
    matched = match_clones(SPLITS[split], clones)
    past = [EditId.of(item.repository, item.commit, item.edit) for item in draw_past_edits(matched)]
    rules = [EditId.of(item.repository, item.blob, item.edit, item.rule) for item in draw_rule_edits(matched)]
    for test, ids in (("past", past), ("rules", rules)):
        file = ids_file(split, test)
        write_ids(file, ids)
        print(f"{file}: {len(ids)} edits, {file.stat().st_size} bytes")


def freeze_classes(dataset: Path) -> None:
    """Fit the classes to the actions of the training edits and write them."""
    actions = np.asarray(Dataset.open(dataset).actions, np.float32)
    fitted = fit_classes(actions)
    fitted.save(CLASSES_FILE)
    shares = np.bincount(fitted.assign(actions)) / len(actions)
    print(f"{CLASSES_FILE}: {len(shares)} classes of {len(actions)} edits, the largest {shares.max():.3f} of them")


if __name__ == "__main__":
    main()
