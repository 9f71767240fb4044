"""A bundle is used only if it is what it says it is, and was made for this version."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codewm_model.actions import ACTION_SIZE
from codewm_model.bundle import CONFIG, NETWORKS, PROTOTYPES, Bundle, LearnedWeight, write_config
from codewm_model.errors import BundleError
from codewm_model.version import representation_version


@pytest.fixture
def bundle(random_bundle: Bundle, tmp_path: Path) -> Bundle:
    """A copy of one's own."""
    shutil.copytree(random_bundle.folder, tmp_path / "bundle")
    return Bundle.open(tmp_path / "bundle")


def change_config(bundle: Bundle, change: Callable[[dict[str, Any]], object]) -> None:
    path = bundle.folder / CONFIG
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def refused(bundle: Bundle, message: str) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        Bundle.open(bundle.folder)
    assert caught.value.exit_code == 6


def test_a_bundle_says_what_it_is(bundle: Bundle) -> None:
    config = bundle.config
    assert (bundle.name, config.representation, config.positions) == ("random", representation_version(), 64)
    assert set(config.files) == {*NETWORKS, PROTOTYPES}
    assert (config.learned_weight, config.trained) == (LearnedWeight(), {"data": "none"})
    assert len(bundle.id) == 12 and int(bundle.id, 16) >= 0


def test_what_is_written_is_what_is_read(bundle: Bundle) -> None:
    again = write_config(bundle.folder, replace(bundle.config, files={}))
    assert (again.config, again.id) == (bundle.config, bundle.id)


@pytest.mark.parametrize("name", [*NETWORKS, PROTOTYPES])
def test_a_bundle_with_one_flipped_bit_is_refused(bundle: Bundle, name: str) -> None:
    data = bytearray((bundle.folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle.folder / name).write_bytes(data)
    refused(bundle, f"{name} is damaged")


@pytest.mark.parametrize("name", [*NETWORKS, PROTOTYPES])
def test_a_bundle_without_one_of_its_files_is_refused(bundle: Bundle, name: str) -> None:
    (bundle.folder / name).unlink()
    refused(bundle, f"{name} cannot be read")


def test_a_file_that_grew_is_refused(bundle: Bundle) -> None:
    with (bundle.folder / NETWORKS[0]).open("ab") as file:
        file.write(b"\0")
    refused(bundle, "is damaged")


def test_a_file_that_changes_after_opening_is_not_read(bundle: Bundle) -> None:
    (bundle.folder / PROTOTYPES).write_bytes(b"other")
    with pytest.raises(BundleError, match="is damaged"):
        bundle.action_classes()


def test_no_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no model in .*nowhere"):
        Bundle.open(tmp_path / "nowhere")


def test_another_representation_is_refused_and_the_remedy_is_named(bundle: Bundle) -> None:
    change_config(bundle, lambda content: content.update(representation="0123456789ab"))
    refused(bundle, rf"representation 0123456789ab, .* {representation_version()}.*`codewm-train export`")


def test_another_format_is_refused(bundle: Bundle) -> None:
    change_config(bundle, lambda content: content.update(format=3))
    refused(bundle, "format 3, this version reads format 2")


def test_a_bundle_of_format_1_is_refused_in_one_sentence_that_says_what_to_do(bundle: Bundle) -> None:
    change_config(bundle, lambda content: (content.update(format=1), content.pop("classes")))
    refused(bundle, r"config\.json is of format 1, this version reads format 2: train and export a model with it$")


@pytest.mark.parametrize(
    "change",
    [
        {"positions": 0},
        {"positions": 257},
        {"positions": True},
        {"d_state": "128"},
        {"name": "\x1b[2J"},
        {"learned_weight": 0.2},
        {"learned_weight": {"key": 1.0, "kind": 0.0, "topic": 0.0}},
        {"learned_weight": {"key": 0.0, "kind": -0.1, "topic": 0.0}},
        {"learned_weight": {"key": 0.0, "kind": 0.5, "topic": 0.5}},
        {"learned_weight": {"key": 0.0, "kind": 0.0}},
        {"classes": 0},
        {"classes": 257},
        {"files": {}},
        {"files": []},
        {"files": {"../../etc/passwd": {"sha256": "0" * 64, "bytes": 1}}},
    ],
    ids=str,
)
def test_a_config_that_makes_no_sense_is_refused(bundle: Bundle, change: dict[str, Any]) -> None:
    change_config(bundle, lambda content: content.update(change))
    refused(bundle, "is incomplete or wrong")


@pytest.mark.parametrize("text", ["", "[]", "no json", '{"format": 1', "[" * 100_000])
def test_a_config_that_is_no_object_is_refused(bundle: Bundle, text: str) -> None:
    (bundle.folder / CONFIG).write_text(text)
    refused(bundle, "is no JSON|is of format None")


@pytest.mark.parametrize("key", ["name", "positions", "classes", "learned_weight", "files", "parameters"])
def test_a_config_without_one_of_its_keys_is_refused(bundle: Bundle, key: str) -> None:
    change_config(bundle, lambda content: content.pop(key))
    refused(bundle, f"is incomplete or wrong.*{key}")


def test_a_link_out_of_the_folder_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    path = bundle.folder / NETWORKS[1]
    path.rename(tmp_path / "elsewhere.onnx")
    path.symlink_to(tmp_path / "elsewhere.onnx")
    refused(bundle, "leads out of its bundle")


def test_weights_in_another_file_are_refused(bundle: Bundle) -> None:
    import onnx
    from onnx.external_data_helper import convert_model_to_external_data

    path = bundle.folder / NETWORKS[0]
    model = onnx.load(path)
    convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    onnx.save(model, path)
    with pytest.raises(BundleError, match="keeps its weights in another file"):
        write_config(bundle.folder, bundle.config)


def test_the_action_classes_are_those_of_todays_actions(bundle: Bundle) -> None:
    found = bundle.action_classes()
    assert (found.mean.shape, found.scale.shape, found.centres.shape) == (
        (ACTION_SIZE,), (ACTION_SIZE,), (64, ACTION_SIZE),
    )  # fmt: skip


@pytest.mark.parametrize("classes", [1, 63, 65, 256])
def test_action_classes_of_another_number_than_the_prior_tells_apart_are_refused(bundle: Bundle, classes: int) -> None:
    with pytest.raises(BundleError, match=f"holds no action classes .64 classes, not {classes}"):
        write_config(bundle.folder, replace(bundle.config, classes=classes)).action_classes()


class Trap:
    """Unpickling it is an error that nobody catches."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('unpickled')",))


@pytest.mark.parametrize("kind", ["pickled array", "pickle", "other shape", "other names"])
def test_action_classes_are_never_unpickled(bundle: Bundle, kind: str) -> None:
    path = bundle.folder / PROTOTYPES
    plain = np.ones(ACTION_SIZE, np.float32)
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    elif kind == "pickled array":
        np.savez(path, mean=plain, scale=plain, centres=np.array([Trap()], object))
    elif kind == "other shape":
        np.savez(path, mean=plain[1:], scale=plain[1:], centres=plain[None, 1:])
    else:
        np.savez(path, mean=plain)
    with pytest.raises(BundleError, match="holds no action classes"):
        write_config(bundle.folder, bundle.config).action_classes()


def test_the_id_is_that_of_what_decides_a_stored_vector(bundle: Bundle) -> None:
    def with_config(**changes: Any) -> str:
        return write_config(bundle.folder, replace(bundle.config, **changes)).id

    assert with_config(name="another", trained={}, learned_weight=LearnedWeight(0.0, 0.3)) == bundle.id
    assert with_config(positions=32) != bundle.id
    assert with_config(learned_weight=LearnedWeight(0.3, 0.0)) != bundle.id
    np.savez(bundle.folder / PROTOTYPES, mean=np.zeros(ACTION_SIZE))
    assert with_config() != bundle.id
