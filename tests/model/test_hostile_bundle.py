"""Whatever a bundle's files are, using it is fine or a BundleError, in bounded time and memory."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codewm_lsp.engine.encoder import Encoder
from codewm_model.actions import ACTION_SIZE
from codewm_model.bundle import CONFIG, EDIT_HEAD, ENCODER, NETWORKS, PREDICTOR, PROTOTYPES, Bundle, write_config
from codewm_model.errors import BundleError
from codewm_model.runtime import Model
from codewm_model.tokenizer import TokenSequence

FILES = (CONFIG, PROTOTYPES, *NETWORKS)
MEMORY = 4 << 30  # bytes that opening a bundle of half a megabyte must never come near
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([1 << 40, 1 << 62, 1 << 70, 10**400, -1, "\x1b[2J", "../../etc/passwd", [], {}, [[]]])
)  # fmt: skip


@pytest.fixture(scope="module")
def copy(random_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A copy that every example spoils anew."""
    folder = tmp_path_factory.mktemp("hostile") / "bundle"
    shutil.copytree(random_bundle.folder, folder)
    return Bundle.open(folder)


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    """A file that makes us ask for more than this fails with a MemoryError, which is no BundleError."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def restored(copy: Bundle, origin: Bundle) -> Path:
    """The copy's folder, whole again."""
    for name in FILES:
        path = copy.folder / name
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        shutil.copyfile(origin.folder / name, path)
    return copy.folder


def opened(folder: Path) -> str:
    """What becomes of a bundle that is used for all that there is: "fine", or the message of its refusal."""
    try:
        bundle = Bundle.open(folder)
        classes = bundle.action_classes()
        classes.assign(np.zeros((1, ACTION_SIZE), np.float32))
        model = Model.open(bundle)
        columns = (np.ones(5, np.int32) for _ in range(5))
        both = model.encode([TokenSequence(*columns)])
        model.edits(both, both)
        model.predict(both.state, classes.typical()[:1])
    except BundleError as error:
        assert error.exit_code == 6
        return str(error)
    return "fine"


@settings(max_examples=60)
@given(
    name=st.sampled_from(FILES),
    changed=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=5),
    cut=st.none() | st.floats(0, 1),
    more=st.binary(max_size=20),
)
def test_bytes_of_a_bundle_may_be_anything(
    copy: Bundle, random_bundle: Bundle, name: str, changed: list[tuple[float, int]], cut: float | None, more: bytes
) -> None:
    folder = restored(copy, random_bundle)
    whole = (folder / name).read_bytes()
    data = bytearray(whole)
    for place, value in changed:
        data[int(place * len(data))] = value
    data = data if cut is None else data[: int(cut * len(data))]
    data += more
    (folder / name).write_bytes(data)
    outcome = opened(folder)
    if name != CONFIG:
        assert (outcome == "fine") == (data == whole), "not one byte is used that the config does not promise"


@settings(max_examples=150)
@given(path=st.lists(st.integers(0, 20), min_size=1, max_size=3), value=leaves)
def test_values_of_a_config_may_be_anything(copy: Bundle, random_bundle: Bundle, path: list[int], value: Any) -> None:
    folder = restored(copy, random_bundle)
    content = place = json.loads((folder / CONFIG).read_text())
    for depth, index in enumerate(path):
        key = sorted(place)[index % len(place)]
        if depth == len(path) - 1 or not isinstance(place[key], dict) or not place[key]:
            place[key] = value
            break
        place = place[key]
    try:
        (folder / CONFIG).write_text(json.dumps(content))
    except ValueError:
        return  # more digits than Python writes
    opened(folder)


def npy(shape: str, descr: str = "<f4", data: bytes = b"") -> bytes:
    """An array's file with any header."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + data


def archive(centres: bytes, *, level: int = zipfile.ZIP_STORED) -> bytes:
    """Prototypes whose centres are these bytes."""
    file = io.BytesIO()
    plain = npy(f"({ACTION_SIZE},)", data=np.ones(ACTION_SIZE, "<f4").tobytes())
    with zipfile.ZipFile(file, "w", level) as made:
        for name, content in (("mean", plain), ("scale", plain), ("centres", centres)):
            made.writestr(f"{name}.npy", content)
    return file.getvalue()


ROW = np.ones(ACTION_SIZE, "<f4").tobytes()
HOSTILE: dict[str, Callable[[], bytes]] = {
    "a shape beyond all memory": lambda: archive(npy(f"(1099511627776, {ACTION_SIZE})", data=ROW)),
    "a shape beyond all numbers": lambda: archive(npy(f"({10**30}, {ACTION_SIZE})", data=ROW)),
    "a negative shape": lambda: archive(npy(f"(-1, {ACTION_SIZE})", data=ROW)),
    "a header that is no header": lambda: archive(npy("(((((", data=ROW)),
    "another kind of numbers": lambda: archive(npy(f"(1, {ACTION_SIZE})", "<U99999999", ROW)),
    "objects": lambda: archive(npy(f"(1, {ACTION_SIZE})", "|O", ROW)),
    "no class": lambda: archive(npy(f"(0, {ACTION_SIZE})")),
    "too many classes": lambda: archive(npy(f"(300, {ACTION_SIZE})", data=300 * ROW)),
    "no numbers": lambda: archive(npy(f"(1, {ACTION_SIZE})", data=np.full(ACTION_SIZE, np.nan, "<f4").tobytes())),
    "a bomb": lambda: archive(npy(f"(20000, {ACTION_SIZE})", data=20_000 * ROW), level=zipfile.ZIP_DEFLATED),
    "another compression": lambda: archive(npy("(1,)"), level=zipfile.ZIP_LZMA),
    "an array alone": lambda: npy(f"(1, {ACTION_SIZE})", data=ROW),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_prototypes_that_their_config_vouches_for_may_still_be_anything(
    copy: Bundle, random_bundle: Bundle, name: str
) -> None:
    folder = restored(copy, random_bundle)
    (folder / PROTOTYPES).write_bytes(HOSTILE[name]())
    write_config(folder, random_bundle.config)
    assert "holds no action classes" in opened(folder)


@settings(max_examples=60)
@given(changed=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_of_prototypes_that_their_config_vouches_for_may_be_anything(
    copy: Bundle, random_bundle: Bundle, changed: list[tuple[float, int]]
) -> None:
    folder = restored(copy, random_bundle)
    data = bytearray((folder / PROTOTYPES).read_bytes())
    for place, value in changed:
        data[int(place * len(data))] = value
    (folder / PROTOTYPES).write_bytes(data)
    write_config(folder, random_bundle.config)
    opened(folder)


@pytest.mark.parametrize(
    "sizes", [{"d_state": 16}, {"d_edit": 7}, {"d_state": 65536}, {"max_positions": 2000}, {"classes": 256}], ids=str
)
def test_a_network_that_is_not_what_its_config_says_is_refused(
    copy: Bundle, random_bundle: Bundle, sizes: dict[str, int]
) -> None:
    folder = restored(copy, random_bundle)
    write_config(folder, replace(random_bundle.config, **sizes))  # type: ignore[arg-type]  # all of them are numbers
    message = "holds no action classes" if "classes" in sizes else "gives float32"
    assert (message in opened(folder)) == ("max_positions" not in sizes)


def with_prior(folder: Path, change: Callable[[Any], Any]) -> None:
    """Put operations behind the encoder's prior: `change` is given the graph, and the output's name is kept."""
    import onnx

    network = onnx.load(folder / ENCODER)
    for node in network.graph.node:
        node.output[:] = ["raw" if name == "prior" else name for name in node.output]
    change(network.graph)
    onnx.save(network, folder / ENCODER)


def behind_prior(operation: str, *constants: np.ndarray) -> Callable[[Any], None]:
    """One operation of the prior and constants."""

    def change(graph: Any) -> None:
        from onnx import helper, numpy_helper

        names = [f"constant_{i}" for i in range(len(constants))]
        graph.initializer.extend(map(numpy_helper.from_array, constants, names))
        graph.node.append(helper.make_node(operation, ["raw", *names], ["prior"]))

    return change


PRIORS: dict[str, tuple[Callable[[Any], None], str]] = {
    "no rows": (behind_prior("Gather", np.arange(0)), "gives float32"),
    "another shape": (behind_prior("Unsqueeze", np.array([1])), "gives float32"),
    "another number": (behind_prior("Tile", np.array([1, 4])), "gives float32"),
    "no numbers": (behind_prior("Mul", np.array(np.nan, np.float32)), "gives what is no number"),
    "beyond all numbers": (behind_prior("Mul", np.array(np.inf, np.float32)), "gives what is no number"),
    "truth values": (behind_prior("IsNaN"), "no network that can be run"),
}


@pytest.mark.parametrize("name", PRIORS)
def test_a_prior_is_numbers_of_the_classes_or_refused(copy: Bundle, random_bundle: Bundle, name: str) -> None:
    folder = restored(copy, random_bundle)
    change, message = PRIORS[name]
    with_prior(folder, change)
    write_config(folder, random_bundle.config)
    assert message in opened(folder)


def test_priors_that_are_no_log_probabilities_are_made_probabilities(copy: Bundle, random_bundle: Bundle) -> None:
    folder = restored(copy, random_bundle)
    with_prior(folder, behind_prior("Mul", np.array(-1e4, np.float32)))
    write_config(folder, random_bundle.config)
    (place,) = Encoder(Bundle.open(folder)).encode_places(["x = 1\n"])
    assert place.likely.sum() == pytest.approx(1) and place.likely.min() >= 0


@pytest.mark.parametrize("first", NETWORKS)
@pytest.mark.parametrize("second", [ENCODER, PREDICTOR, EDIT_HEAD, PROTOTYPES])
def test_files_in_each_others_place_are_refused_even_if_vouched_for(
    copy: Bundle, random_bundle: Bundle, first: str, second: str
) -> None:
    if first == second:
        return
    folder = restored(copy, random_bundle)
    shutil.copyfile(random_bundle.folder / second, folder / first)
    assert "is damaged" in opened(folder)
    write_config(folder, random_bundle.config)
    assert "no network that can be run" in opened(folder) or "has inputs and outputs" in opened(folder)


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_is_refused_and_not_waited_for(copy: Bundle, random_bundle: Bundle, name: str) -> None:
    folder = restored(copy, random_bundle)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert "cannot be read" in opened(folder) or "is no JSON" in opened(folder)
    (folder / name).unlink()
    (folder / name).mkdir()
    assert "cannot be read" in opened(folder) or "is no JSON" in opened(folder)
