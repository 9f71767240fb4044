"""Runs a bundle's networks through onnxruntime, on the CPU and on one thread.

onnxruntime is imported when a model is opened and nowhere else: most of the product starts without it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from codewm_model.bundle import EDIT_HEAD, ENCODER, PREDICTOR, Bundle
from codewm_model.errors import BundleError, DependencyError
from codewm_model.tokenizer import TokenSequence

Floats = npt.NDArray[np.float32]

BATCH = 4  # sequences in one run: larger ones gain nothing, and take memory and the cache
FOCUS = 3  # readouts of a side: see `codewm_model.nn.encoder`

_INPUTS = ("text", "parent", "depth", "mark")
_FATAL_ONLY = 4  # errors come as exceptions


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What the encoder makes of N sequences: `state` `[N, D]`, `focus` `[N, FOCUS, D]` and `prior` `[N, K]`, float32.

    `prior` are log-probabilities of the K classes of actions, for an edit that begins at each sequence's `center`.
    """

    state: Floats
    focus: Floats
    prior: Floats

    def __getitem__(self, rows: slice) -> Encoded:
        """Some of the N."""
        return Encoded(self.state[rows], self.focus[rows], self.prior[rows])


class Model:
    """The three networks of a bundle. Any thread may use it; each call runs on the thread that made it."""

    def __init__(self, bundle: Bundle, encoder: Network, edit_head: Network) -> None:
        self._bundle, self._config = bundle, bundle.config
        self._encoder, self._edit_head = encoder, edit_head

    @classmethod
    def open(cls, bundle: Bundle) -> Model:
        """Load the networks: about a tenth of a second.

        Raises:
            BundleError: a file changed since the bundle was opened, or is no network that could be run.
            DependencyError: onnxruntime is not installed.
        """
        bundle.read(PREDICTOR)  # whole today; loaded when something is predicted, for an indexer never does
        encoder = Network(bundle, ENCODER, _INPUTS, ("state", "focus", "prior"))
        return cls(bundle, encoder, Network(bundle, EDIT_HEAD, ("before_focus", "after_focus"), ("edit",)))

    @functools.cached_property
    def _predictor(self) -> Network:
        return Network(self._bundle, PREDICTOR, ("state", "action"), ("prediction",))

    def encode(self, sequences: Sequence[TokenSequence]) -> Encoded:
        """States, focus readouts and priors of N sequences of at most `max_positions`; empty ones have some, too.

        Raises:
            BundleError: the network cannot be run.
        """
        count, size, classes = len(sequences), self._config.d_state, self._config.classes
        found = Encoded(
            np.zeros((count, size), np.float32),
            np.zeros((count, FOCUS, size), np.float32),
            np.zeros((count, classes), np.float32),
        )
        order = sorted(range(count), key=lambda i: len(sequences[i].text))  # equal lengths together: little padding
        for start in range(0, count, BATCH):
            rows = order[start : start + BATCH]
            inputs = _padded([sequences[i] for i in rows])
            shapes = ((len(rows), size), (len(rows), FOCUS, size), (len(rows), classes))
            found.state[rows], found.focus[rows], found.prior[rows] = self._encoder.run(inputs, *shapes)
        return found

    def edits(self, before: Encoded, after: Encoded) -> Floats:
        """Learned edit embeddings `[N, E]`, unit rows, from both sides of N edits.

        Raises:
            BundleError: the network cannot be run.
        """
        if not len(before.state):
            return np.zeros((0, self._config.d_edit), np.float32)
        inputs = {"before_focus": before.focus, "after_focus": after.focus}
        (edit,) = self._edit_head.run(inputs, (len(before.state), self._config.d_edit))
        return edit

    def predict(self, states: Floats, actions: Floats) -> Floats:
        """Next states `[N, D]` of states `[N, D]` under actions `[N, ACTION_SIZE]`.

        Raises:
            BundleError: the network cannot be run.
        """
        if not len(states):
            return np.zeros((0, self._config.d_state), np.float32)
        inputs = {"state": np.asarray(states, np.float32), "action": np.asarray(actions, np.float32)}
        (prediction,) = self._predictor.run(inputs, (len(states), self._config.d_state))
        return prediction


class Network:
    """One network of a bundle, loaded from bytes that were verified."""

    def __init__(self, bundle: Bundle, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Load it.

        Raises:
            BundleError: it is no network, or has other inputs or outputs.
            DependencyError: onnxruntime is not installed.
        """
        data = bundle.read(name)
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL_ONLY
        options.enable_mem_pattern = False  # a plan for each length that was ever seen: memory, and no time gained
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._path = bundle.folder / name
        self._outputs = list(outputs)
        try:
            self._session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no base of their own
            raise BundleError(f"{self._path} is no network that can be run ({_first_line(error)})") from error
        # It would keep the file's bytes for a second try with another provider, as much memory again as the weights.
        self._session._model_bytes = None
        found = [[item.name for item in items] for items in (self._session.get_inputs(), self._session.get_outputs())]
        if found != [list(inputs), self._outputs]:
            raise BundleError(f"{self._path} has inputs and outputs {found}, not {[list(inputs), self._outputs]}")

    def run(self, inputs: Mapping[str, npt.NDArray[Any]], *shapes: tuple[int, ...]) -> list[Floats]:
        """The outputs, in their order, which must have these shapes.

        Raises:
            BundleError: onnxruntime refuses, or the network gives something else than its bundle says, or no numbers.
        """
        try:
            found = list(self._session.run(self._outputs, dict(inputs)))
        except Exception as error:  # see above
            raise BundleError(f"{self._path} cannot be run ({_first_line(error)})") from error
        if [(output.shape, output.dtype) for output in found] != [(shape, np.float32) for shape in shapes]:
            given = ", ".join(f"{output.dtype} {list(output.shape)}" for output in found)
            raise BundleError(f"{self._path} gives {given}, not numbers {list(map(list, shapes))}")
        if not all(np.isfinite(output).all() for output in found):
            raise BundleError(f"{self._path} gives what is no number: it is damaged, or was badly trained")
        return found


def _padded(sequences: Sequence[TokenSequence]) -> dict[str, npt.NDArray[np.int64]]:
    """The encoder's inputs `[B, T]`; bucket 0 is padding, and a batch of empty sequences still has one position."""
    length = max(1, *(len(sequence.text) for sequence in sequences))
    table = np.zeros((len(_INPUTS), len(sequences), length), np.int64)
    for i, sequence in enumerate(sequences):
        table[:, i, : len(sequence.text)] = sequence.columns()
    return dict(zip(_INPUTS, table, strict=True))


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise DependencyError(f"onnxruntime is missing: run `pip install onnxruntime` ({error})") from error
    onnxruntime.disable_telemetry_events()  # which some builds for Windows would send
    return onnxruntime


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
