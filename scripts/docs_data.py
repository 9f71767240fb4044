"""What the page of docs/demo loads: the model with the readouts of all its loops, the gallery, and the words.

`write` makes it from a bundle, from the hand-written edits in docs/demo/edits, and from the npm packages; the page's
`src/bundle.ts` reads it. Each file is a gzip stream under the ending `.pack`, which no server knows and none unpacks.
"""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from docs_encoder import with_loops

from codewm_model.actions import label_of
from codewm_model.bundle import EDIT_HEAD, ENCODER, PREDICTOR, Bundle
from codewm_model.changes import Change, change_of
from codewm_model.edit import edit_between
from codewm_model.regions import region_pair
from codewm_model.runtime import Encoded, Model
from codewm_model.sketch import Features, sketch
from codewm_model.tokenizer import TokenSequence, tokenize

PAGE = Path(__file__).resolve().parent.parent / "docs" / "demo"
EDITS = PAGE / "edits"
PACKAGES = PAGE / "node_modules"
WEBASSEMBLY = {
    "onnxruntime": PACKAGES / "onnxruntime-web" / "dist" / "ort-wasm-simd-threaded.wasm",
    "tree-sitter": PACKAGES / "web-tree-sitter" / "web-tree-sitter.wasm",
    "python": PACKAGES / "tree-sitter-python" / "tree-sitter-python.wasm",
}
DIGITS = 5  # of the numbers in the gallery: the page shows three


class WrittenEdit(NamedTuple):
    """A hand-written edit."""

    title: str
    before: str
    after: str


def write(folder: Path, bundle_folder: Path) -> None:
    """Write all files into `folder`.

    Raises:
        BundleError: the bundle cannot be used, or its encoder is of a shape whose loops are not known.
        DependencyError: onnx is not installed.
    """
    bundle = Bundle.open(bundle_folder)
    folder.mkdir(parents=True, exist_ok=True)
    encoder, loops = with_loops(bundle.read(ENCODER))
    files = {name: path.read_bytes() for name, path in WEBASSEMBLY.items()}
    weights = {"encoder": encoder, "predictor": bundle.read(PREDICTOR), "edit_head": bundle.read(EDIT_HEAD)}
    files |= weights  # which compression makes a tenth smaller, and later to be there
    files["idf"] = resources.files("codewm_model").joinpath("idf.bin").read_bytes()
    files["data"] = json.dumps(page_data(bundle, loops), separators=(",", ":")).encode()
    for name, path in licences().items():
        (folder / f"LICENSE-{name}.txt").write_bytes(path.read_bytes())
    for name, data in files.items():
        (folder / f"{name}.pack").write_bytes(gzip.compress(data, 0 if name in weights else 9, mtime=0))


def page_data(bundle: Bundle, loops: int) -> dict[str, Any]:
    """`data.json`: what the model is, its classes in words, the examples, the gallery, and the plane of the picture."""
    config, classes = bundle.config, bundle.action_classes()
    gallery = gallery_edits()
    changes = [change_of(edit_between(edit.before, edit.after)) for edit in gallery]
    model = Model.open(bundle)
    before, after = encode_sides(model, changes, config.positions)
    learned = model.edits(before, after)
    origin, axes = plane(np.concatenate([before.state, after.state]))
    return {
        "model": {
            "name": bundle.name,
            "parameters": config.parameters,
            "positions": config.positions,
            "representation": config.representation,
            "loops": loops,
            "weight": {"kind": config.learned_weight.kind, "topic": config.learned_weight.topic},
        },
        "classes": {
            "mean": classes.mean.tolist(),
            "scale": classes.scale.tolist(),
            "centres": _rounded(classes.centres),
            "labels": classes.labels,
        },
        "plane": {"origin": _rounded(origin), "axes": _rounded(axes)},
        "examples": [edit._asdict() for edit in written_edits(EDITS / "examples.toml")],
        "gallery": [
            edit._asdict()
            | {"label": label_of(change)}
            | {channel: _pairs(getattr(sketch(change), channel)) for channel in ("lexical", "structural")}
            | {"learned": vector, "beforeState": old, "afterState": new}
            for edit, change, vector, old, new in zip(
                gallery, changes, _rounded(learned), _rounded(before.state), _rounded(after.state), strict=True
            )
        ],
    }


def gallery_edits() -> list[WrittenEdit]:
    """Those of the gallery, in the page's order."""
    return [edit for path in sorted(EDITS.glob("gallery/*.toml")) for edit in written_edits(path)]


def written_edits(path: Path) -> list[WrittenEdit]:
    """The edits of a file, each written as a diff without headers."""
    edits = []
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["edit"]:
        lines = table["diff"].splitlines()
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[:1] in marks) for marks in (" -", " +"))
        edits.append(WrittenEdit(table["title"], before, after))
    return edits


def sides_of(change: Change, positions: int) -> tuple[TokenSequence, TokenSequence]:
    """Both sides of a change as the model is shown them."""
    before, after = (tokenize(region, positions) for region in region_pair(change, positions))
    return before, after


def encode_sides(model: Model, changes: Sequence[Change], positions: int) -> tuple[Encoded, Encoded]:
    """What the model makes of both sides of N changes."""
    before, after = zip(*(sides_of(change, positions) for change in changes), strict=True)
    return model.encode(before), model.encode(after)


def licences() -> dict[str, Path]:
    """Those of what is WebAssembly: the bundler keeps the scripts' own. onnxruntime's npm package has none in it."""
    return {
        "onnxruntime": Path(onnxruntime.__file__).parent / "LICENSE",
        "tree-sitter-python": PACKAGES / "tree-sitter-python" / "LICENSE",
    }


def plane(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean `[D]` of states `[N, D]` and their first two principal axes `[2, D]`, signs by their largest number."""
    origin = states.mean(axis=0)
    axes = np.linalg.svd(states - origin, full_matrices=False)[2][:2]
    largest = np.abs(axes).argmax(axis=1)
    return origin, axes * np.sign(axes[np.arange(2), largest])[:, None]


def _pairs(features: Features) -> list[tuple[int, float]]:
    return list(zip(features.hashes.tolist(), _rounded(features.weights), strict=True))


def _rounded(numbers: np.ndarray) -> Any:
    return np.round(numbers.astype(np.float64), DIGITS).tolist()
