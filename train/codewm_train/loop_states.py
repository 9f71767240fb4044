"""What an encoder holds after each of its loops: the pooled readouts, and how far the tokens' own states move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from codewm_model.nn.encoder import Encoder
from codewm_model.tokenizer import TokenSequence
from codewm_train.torch_model import batches

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LoopStates:
    """N sequences through an encoder of L loops.

    `states` `[L, N, D]` are the readouts. The rest is of the tokens' states x_0 (embedded), x_1 ... x_L, as means over
    all visible positions: `token_update` `[L]` of |x_l - x_(l-1)| / |x_l|, `token_turn` `[L - 1]` of the cosine between
    one update and the next, and `token_straightness` of |x_L - x_0| over the length of the path.
    """

    states: Floats
    token_update: list[float]
    token_turn: list[float]
    token_straightness: float


@torch.no_grad()
def loop_states(encoder: Encoder, sequences: Sequence[TokenSequence]) -> LoopStates:
    """Encode the sequences and look at every loop; padding and positions that are not visible do not count."""
    rows_of: list[tuple[list[int], list[Floats]]] = []
    sums, positions = np.zeros(0), 0
    with _watched(encoder) as seen:
        for rows, tokens in batches(sequences):
            seen.clear()
            encoded = encoder(*tokens)
            rows_of.append((rows, [state.numpy() for state in encoded.states]))
            visible = tokens.text != 0
            means = _of_tokens([x[visible].double() for x in seen])
            sums = means * int(visible.sum()) + (sums if len(sums) else 0)
            positions += int(visible.sum())
    loops = len(rows_of[0][1])
    pooled = np.zeros((loops, len(sequences), rows_of[0][1][0].shape[1]), np.float32)
    for rows, of_batch in rows_of:
        pooled[:, rows] = np.stack(of_batch)
    values = (sums / max(positions, 1)).tolist()
    return LoopStates(pooled, values[:loops], values[loops:-1], values[-1])


def _of_tokens(path: list[Tensor]) -> npt.NDArray[np.float64]:
    """`[2 L]`: the L mean ratios, the L - 1 mean cosines and the mean straightness of L + 1 states `[P, D]`."""
    updates = [later - earlier for earlier, later in pairwise(path)]
    lengths = [update.norm(dim=1) for update in updates]
    ratios = [length / x.norm(dim=1).clamp(min=1e-9) for length, x in zip(lengths, path[1:], strict=True)]
    turns = [torch.cosine_similarity(one, next_, dim=1) for one, next_ in pairwise(updates)]
    straightness = (path[-1] - path[0]).norm(dim=1) / torch.stack(lengths).sum(dim=0).clamp(min=1e-9)
    return np.array([float(values.mean()) if len(values) else 0.0 for values in (*ratios, *turns, straightness)])


class _watched:
    """The tokens' states of a pass, in a list: what the embedding gives, and what each loop hands to the pool."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._seen: list[Tensor] = []
        self._hooks: list[torch.utils.hooks.RemovableHandle] = []

    def __enter__(self) -> list[Tensor]:
        def embedded(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            self._seen.append(output)

        def pooled(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            self._seen.append(inputs[0])

        self._hooks = [
            self._encoder.embedding.register_forward_hook(embedded),
            self._encoder.pool.register_forward_pre_hook(pooled),
        ]
        return self._seen

    def __exit__(self, *error: object) -> None:
        for hook in self._hooks:
            hook.remove()
