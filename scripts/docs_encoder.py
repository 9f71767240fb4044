"""The encoder's graph with the readout after every loop among its outputs.

A bundle's encoder gives the state after its last loop, and the exporter leaves out what no output needs. But the loops
share the readout: what computes the last state from the last loop's positions computes any loop's from its own.
"""

from __future__ import annotations

from typing import Any

from codewm_model.errors import BundleError, DependencyError

STATE = "state"
BLOCK, POOL = "attention_norm.weight", "pool.norm.weight"  # of the first layer of a loop, and of the readout


def with_loops(encoder: bytes) -> tuple[bytes, int]:
    """The network with outputs `loop_1`, `loop_2`, ... `[B, D]` besides its own, and how many loops there are.

    Raises:
        BundleError: the encoder is not made as those that `codewm-train export` writes of the shipped design.
        DependencyError: onnx is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise DependencyError("onnx is missing: run `pip install '.[docs]'`") from error
    model = onnx.load_from_string(encoder)
    graph = model.graph
    positions = [*_read_by(graph, BLOCK)[1:], *_read_by(graph, POOL)]  # after each loop; before the first: embedded
    if len(_read_by(graph, POOL)) != 1:
        raise BundleError("the encoder reads out once in each loop, or in a way of its own: its loops are not known")
    readout = _between(graph, positions[-1], STATE)
    for number, start in enumerate(positions, 1):
        names = {positions[-1]: start} | {
            name: f"loop_{number}" if name == STATE else f"{name}/loop_{number}"
            for node in readout
            for name in node.output
        }
        for node in readout:
            inputs, outputs = ([names.get(name, name) for name in part] for part in (node.input, node.output))
            copy = graph.node.add()
            copy.CopyFrom(node)
            copy.name = f"{node.name}/loop_{number}"
            copy.input[:], copy.output[:] = inputs, outputs
        (state,) = (output for output in graph.output if output.name == STATE)
        output = graph.output.add()
        output.CopyFrom(state)
        output.name = f"loop_{number}"
    onnx.checker.check_model(model)
    return model.SerializeToString(), len(positions)


def _read_by(graph: Any, weight: str) -> list[str]:
    """What the layers with such a weight read, in order."""
    return [node.input[0] for node in graph.node if any(name.endswith(weight) for name in node.input)]


def _between(graph: Any, start: str, end: str) -> list[Any]:
    """The nodes, in order, that depend on `start` and on which `end` depends."""
    reached, wanted = {start}, {end}
    for node in graph.node:
        if reached & set(node.input):
            reached |= set(node.output)
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
    return [node for node in graph.node if set(node.output) & (reached - {start}) & wanted]
