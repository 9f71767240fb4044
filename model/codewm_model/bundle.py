"""An exported model as a folder: what lies in it, and whether it may be used. docs/bundle-format.md describes it.

Whoever writes a bundle and whoever reads one comes here. Nothing in a bundle is ever unpickled, and no file is used
whose bytes are not those that `config.json` names.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from codewm_model.action_classes import ActionClasses
from codewm_model.actions import ACTION_SIZE
from codewm_model.errors import BundleError
from codewm_model.version import representation_version

FORMAT = 2
CONFIG = "config.json"
ENCODER, PREDICTOR, EDIT_HEAD = NETWORKS = ("encoder.onnx", "predictor.onnx", "edit_head.onnx")
PROTOTYPES = "prototypes.npz"

LARGEST_FILE = 1 << 30  # bytes
LARGEST_SIZE = 1 << 16  # positions, and numbers in a vector: what is made of them must fit into memory
_LARGEST_CONFIG = 1 << 24  # bytes
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNREADABLE_ARRAYS = (  # what zipfile and numpy raise over bytes that are none
    ValueError, KeyError, EOFError, OverflowError, SyntaxError, NotImplementedError, RuntimeError, OSError,
    struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
MOST_CLASSES = 256  # an index keeps a class in a byte
_EXTERNAL = b"\n\x08location\x12"  # how a tensor whose values lie in another file names it (StringStringEntryProto)


@dataclass(frozen=True, slots=True)
class LearnedWeight:
    """What the learned embedding counts for: its share of the index key, and those of its two halves of the score.

    Each is at least 0, and `key` and `score` leave something to the sketches; 0 leaves a channel out.
    """

    key: float = 0.0
    kind: float = 0.0
    topic: float = 0.0

    @property
    def score(self) -> float:
        """Both halves' share of the score."""
        return self.kind + self.topic


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a file of a bundle must be."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class BundleConfig:
    """What a bundle says of itself.

    `representation` is the version of what its network was trained to read, `positions` how many tokens of a region it
    is shown, of `max_positions` that it can read, `classes` how many classes of actions its prior tells apart.
    `trained` is for people: data, budget, command.
    """

    name: str
    representation: str
    positions: int
    max_positions: int
    d_state: int
    d_edit: int
    classes: int
    parameters: int
    learned_weight: LearnedWeight = LearnedWeight()
    trained: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, FileRecord] = field(default_factory=dict)


class Bundle:
    """A folder whose files are what its config says, made for this version of the representation."""

    def __init__(self, folder: Path, config: BundleConfig) -> None:
        self.folder, self.config = folder, config

    @classmethod
    def open(cls, folder: Path) -> Bundle:
        """Read and verify a bundle.

        Raises:
            BundleError: there is none, a file is missing or changed, or it was made for another version.
        """
        bundle = cls(folder, _read_config(folder))
        for name in bundle.config.files:
            bundle.read(name)
        return bundle

    @property
    def name(self) -> str:
        """What people call the model."""
        return self.config.name

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits over all that decides a stored vector: the files, positions and key weight."""
        config = self.config
        hashes = sorted((name, record.sha256) for name, record in config.files.items())
        what = json.dumps([config.positions, config.learned_weight.key, hashes])
        return hashlib.sha256(what.encode()).hexdigest()[:12]

    def read(self, name: str) -> bytes:
        """The bytes of one of the files, which are those that the config promises.

        Raises:
            BundleError: they are not.
        """
        record = self.config.files[name]
        path = self.folder / name
        try:
            if path.resolve().parent != self.folder.resolve():
                raise BundleError(f"{path} leads out of its bundle")
            data = _content(path, record.bytes)
        except (OSError, RuntimeError, ValueError) as error:  # resolving a link to itself is a RuntimeError
            raise BundleError(f"{path} cannot be read ({error})") from error
        if len(data) != record.bytes or hashlib.sha256(data).hexdigest() != record.sha256:
            raise BundleError(f"{path} is damaged: it is not the file that {CONFIG} names")
        if name in NETWORKS and _EXTERNAL in data:
            raise BundleError(f"{path} keeps its weights in another file: export it again as a single one")
        return data

    def action_classes(self) -> ActionClasses:
        """The classes of actions, whose centres are the prototypes.

        Raises:
            BundleError: the file is not what it should be, or holds more or fewer classes than the config says.
        """
        try:
            mean, scale, centres = _arrays(self.read(PROTOTYPES), ("mean", "scale", "centres"))
            if {mean.shape, scale.shape, centres.shape[1:]} != {(ACTION_SIZE,)} or centres.ndim != 2:
                raise ValueError(f"shapes {mean.shape}, {scale.shape}, {centres.shape}")
            if len(centres) != self.config.classes:
                raise ValueError(f"{len(centres)} classes, not {self.config.classes}")
            if not all(np.isfinite(array).all() for array in (mean, scale, centres)) or not scale.all():
                raise ValueError("numbers that nothing can be divided by")
        except _UNREADABLE_ARRAYS as error:
            raise BundleError(f"{self.folder / PROTOTYPES} holds no action classes ({error})") from error
        return ActionClasses(mean, scale, centres)


def write_config(folder: Path, config: BundleConfig) -> Bundle:
    """Write `config.json` for the files that lie in `folder`; `config.files` is made anew from them.

    To change a bundle's weights or name, write `replace(Bundle.open(folder).config, ...)`.

    Raises:
        BundleError: the result could not be opened.
    """
    records = {}
    for name in (*NETWORKS, PROTOTYPES):
        path = folder / name
        if path.is_file():
            data = path.read_bytes()
            records[name] = FileRecord(hashlib.sha256(data).hexdigest(), len(data))
    content = {"format": FORMAT, **asdict(replace(config, files=records))}
    partial = folder / f"{CONFIG}.partial"
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(folder / CONFIG)
    return Bundle.open(folder)


def _read_config(folder: Path) -> BundleConfig:
    path = folder / CONFIG
    try:
        content = json.loads(_content(path, _LARGEST_CONFIG).decode())
    except OSError as error:
        raise BundleError(f"no model in {folder}: {CONFIG} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is no JSON ({error})") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise BundleError(
            f"{path} is of format {found!r}, this version reads format {FORMAT}: train and export a model with it"
        )
    if content.get("representation") != representation_version():
        raise BundleError(
            f"the model in {folder} was trained on representation {content.get('representation')}, this version reads"
            f" {representation_version()}: train one for it and run `codewm-train export`"
        )
    try:
        return _config_of(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path} is incomplete or wrong ({type(error).__name__}: {error})") from error


def _content(path: Path, size: int) -> bytes:
    """A file's bytes, or one more than `size` of a larger one. Raises a ValueError unless it is a file."""
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise ValueError("it is no file")
    with path.open("rb") as file:
        return file.read(size + 1)


def _arrays(data: bytes, names: Sequence[str]) -> list[npt.NDArray[np.float32]]:
    """Arrays out of the bytes of an npz file. Nothing is unpickled, and none is larger than the file itself.

    A file could say of itself that it holds more than any memory does, and be a few bytes that are repeated.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = []
        for name in names:
            entry = archive.getinfo(f"{name}.npy")
            if entry.file_size > len(data):
                raise ValueError(f"{name} is larger than its file")
            content = archive.read(entry)
            with io.BytesIO(content) as stream:
                version = np.lib.format.read_magic(stream)
                read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
                shape, _, kind = read_header[version](stream)
                if math.prod(shape) * kind.itemsize != len(content) - stream.tell() or kind.kind != "f":
                    raise ValueError(f"{name} is not what its header says")
                stream.seek(0)
                found.append(np.lib.format.read_array(stream, allow_pickle=False).astype(np.float32))
    return found


def _config_of(content: dict[str, Any]) -> BundleConfig:
    """Raises one of four errors for what cannot be a bundle's config."""
    config = BundleConfig(
        name=str(content["name"]),
        representation=content["representation"],
        positions=_whole(content["positions"], "positions"),
        max_positions=_whole(content["max_positions"], "max_positions", LARGEST_SIZE),
        d_state=_whole(content["d_state"], "d_state", LARGEST_SIZE),
        d_edit=_whole(content["d_edit"], "d_edit", LARGEST_SIZE),
        classes=_whole(content["classes"], "classes", MOST_CLASSES),
        parameters=_whole(content["parameters"], "parameters"),
        learned_weight=_learned_weight(content["learned_weight"]),
        trained=dict(content.get("trained", {})),
        files={name: FileRecord(**record) for name, record in content["files"].items()},
    )
    if not config.name.isprintable():
        raise ValueError(f"name is {config.name!r}")
    if config.positions > config.max_positions:
        raise ValueError("positions is more than max_positions")
    if set(config.files) != {*NETWORKS, PROTOTYPES}:
        raise ValueError(f"files are {sorted(config.files)}")
    for record in config.files.values():
        _whole(record.bytes, "bytes", LARGEST_FILE)
        if not _SHA256.fullmatch(record.sha256):
            raise ValueError(f"sha256 is {record.sha256!r}")
    return config


def _whole(value: object, name: str, most: int = (1 << 63) - 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"{name} is {value!r}")
    return value


def _learned_weight(content: dict[str, Any]) -> LearnedWeight:
    for name in ("key", "kind", "topic"):
        value = content[name]
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
            raise ValueError(f"learned_weight.{name} is {value!r}")
    weight = LearnedWeight(*(float(content[name]) for name in ("key", "kind", "topic")))
    if weight.score >= 1:
        raise ValueError("learned_weight leaves nothing of the score to the sketches")
    return weight
