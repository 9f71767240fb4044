"""The encoder that `make docs` puts on the page."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from docs_encoder import with_loops
from networks import INPUTS, random_model

from codewm_model.bundle import ENCODER, Bundle
from codewm_model.errors import BundleError


def test_it_gives_the_readout_of_every_loop(random_bundle: Bundle) -> None:
    encoder, loops = with_loops(random_bundle.read(ENCODER))
    session = onnxruntime.InferenceSession(encoder)
    ids = np.random.default_rng(0).integers(1, 30, (4, 3, 17))
    found = dict(
        zip(
            [one.name for one in session.get_outputs()],
            session.run(None, dict(zip(INPUTS, ids, strict=True))),
            strict=True,
        )
    )
    with torch.no_grad():
        states = random_model().encoder(*map(torch.tensor, ids)).states
    assert loops == len(states)
    for number, state in enumerate(states, 1):
        np.testing.assert_allclose(found[f"loop_{number}"], state.numpy(), atol=1e-5)
    np.testing.assert_allclose(found["state"], states[-1].numpy(), atol=1e-5)


def test_a_network_of_another_shape_is_refused() -> None:
    import onnx
    from onnx import TensorProto, helper

    floats = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 4]) for name in ("text", "state")]
    graph = helper.make_graph([helper.make_node("Relu", ["text"], ["state"])], "other", floats[:1], floats[1:])
    with pytest.raises(BundleError, match="its loops are not known"):
        with_loops(onnx.helper.make_model(graph).SerializeToString())
