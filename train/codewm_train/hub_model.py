"""Encoders of the Hugging Face hub as baselines: UnixCoder, CodeBERT, CodeT5+, and others that transformers knows.

Only safetensors are read, so nothing is unpickled, and code that a model's folder brings is never run: the embedding
head of CodeT5+, which its authors ship as such code, is written out here. A model is named as on the hub, with a
revision if its safetensors are not on the main one ("NAME@refs/pr/2"), or by a folder that holds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codewm_model.edit import Edit
from codewm_model.errors import CodewmError, DependencyError
from codewm_train.text_vectors import kept_vectors

MAX_PIECES = 512
# What a model's authors make of its token states. Others: what its sentence-transformers settings say, else the mean.
POOLINGS = {"unixcoder-base": "mean", "codebert-base": "first token"}
EMBEDDING_HEAD = "embedding head"
_READ = ("*.json", "*.txt", "*.model", "*.safetensors")  # of a repository on the hub
_UNIXCODER_MODE = "<encoder-only>"
_CODET5P = "codet5p_embedding"
_BATCH = 16


@dataclass(frozen=True)
class HubModel:
    """A loaded encoder: its row's name, how its token states become one vector, and what its vectors depend on."""

    name: str
    pooling: str
    key: str
    parameters: int
    _encode: Callable[[list[str]], Any]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors `[len(texts), D]` of at most the first `MAX_PIECES` pieces of each text, one thread."""
        import torch

        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # like lengths together: less padding
        threads, rows = torch.get_num_threads(), []
        torch.set_num_threads(1)
        try:
            with torch.no_grad():
                for start in range(0, len(order), _BATCH):
                    pooled = self._encode([texts[i] for i in order[start : start + _BATCH]])
                    rows.append(torch.nn.functional.normalize(pooled.float(), dim=-1).numpy())
        finally:
            torch.set_num_threads(threads)
        return np.asarray(np.concatenate(rows)[np.argsort(order)], np.float32)

    def vectors(self, edits: Sequence[Edit], cache: Path) -> NDArray[np.float32]:
        """Vectors `[N, D]` of the edits' changed lines, made once and kept in `cache`."""
        return kept_vectors(edits, cache, self.name.replace(":", "-"), self.key, self.encode)


def open_models(names: Sequence[str]) -> list[HubModel]:
    """Load several; the last parts of their names must differ, for they name the rows. Errors as `open_model`."""
    models = [open_model(name) for name in names]
    if len({model.name for model in models}) < len(models):
        raise CodewmError(f"{', '.join(names)}: two of these baselines have the same name")
    return models


def open_model(name: str) -> HubModel:
    """Load an encoder by the name of a folder or of a repository on the hub, "OWNER/NAME" or "OWNER/NAME@REVISION".

    Raises:
        DependencyError: transformers is not installed.
        CodewmError: it cannot be reached, has no safetensors, or is nothing that transformers can load by itself.
    """
    try:
        from safetensors import SafetensorError
        from transformers.utils import logging
    except ImportError as error:
        raise DependencyError("hub models need transformers: pip install 'codewm-lsp[hub]'") from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers ships no type for it
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # the same
    folder = _folder(name)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise CodewmError(
            f"{name} has no safetensors, and pickles are never loaded: convert it where you trust it, or name a "
            "revision that has them, as in NAME@refs/pr/2"
        )
    short = Path(name.partition("@")[0]).name
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        head = config.get("model_type") == _CODET5P
        pooling = EMBEDDING_HEAD if head else _pooling(short, folder)
        encode, parameters = _codet5p(folder, config) if head else _transformer(folder, pooling)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CodewmError(f"{name} cannot be loaded without running code of its own ({error})") from error
    key = sha256(f"{pooling} {MAX_PIECES}".encode())
    for file in weights:
        with file.open("rb") as stream:
            key.update(file_digest(stream, "sha256").digest())
    return HubModel(f"hub:{short}", pooling, key.hexdigest(), parameters, encode)


def _folder(name: str) -> Path:
    """Where the model's files are, fetched from the hub if need be: settings, vocabulary and safetensors only."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None, allow_patterns=list(_READ)))
    except Exception as error:  # the hub's client raises its own errors, its transport's, and the system's
        raise CodewmError(
            f"{name} is no folder, and cannot be fetched from the hub ({type(error).__name__}): give the folder that "
            "holds its config.json, tokenizer and safetensors"
        ) from error


def _pooling(short: str, folder: Path) -> str:
    """How the model's authors pool, as far as anybody says."""
    if short in POOLINGS:
        return POOLINGS[short]
    settings = folder / "1_Pooling" / "config.json"
    told = json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    return "first token" if told.get("pooling_mode_cls_token") else "mean"


def _transformer(folder: Path, pooling: str) -> tuple[Callable[[list[str]], Any], int]:
    """Any encoder that transformers knows by itself."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    model = AutoModel.from_pretrained(folder, trust_remote_code=False, use_safetensors=True)
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    model.train(False)
    pieces = _longest(tokenizer, model.config)
    mode = tokenizer.get_vocab().get(_UNIXCODER_MODE)

    def encode(texts: list[str]) -> Any:
        inputs = _with_mode(tokenizer, texts, mode, pieces) if mode else _plain(tokenizer, texts, pieces)
        states = model(**inputs).last_hidden_state  # [B, T, D]
        if pooling == "first token":
            return states[:, 0]
        mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
        return (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)

    return encode, model.num_parameters()


def _codet5p(folder: Path, config: Mapping[str, Any]) -> tuple[Callable[[list[str]], Any], int]:
    """The embedding of CodeT5+: T5's encoder, the first token's state, a linear map (Wang et al., 2023)."""
    import torch
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    known = {name: value for name, value in config.items() if name not in ("model_type", "auto_map", "architectures")}
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, config=T5Config(**known))
    model = T5EncoderModel.from_pretrained(folder, config=T5Config(**known), use_safetensors=True)
    model.train(False)
    weights = _tensors(folder, ("proj.weight", "proj.bias"))
    head = torch.nn.Linear(config["d_model"], config["embed_dim"])
    head.load_state_dict({name.removeprefix("proj."): value for name, value in weights.items()})
    pieces = _longest(tokenizer, model.config)

    def encode(texts: list[str]) -> Any:
        return head(model(**_plain(tokenizer, texts, pieces)).last_hidden_state[:, 0])

    return encode, model.num_parameters() + sum(value.numel() for value in weights.values())


def _plain(tokenizer: Any, texts: list[str], pieces: int) -> Any:
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=pieces, return_tensors="pt")
    return {name: inputs[name] for name in ("input_ids", "attention_mask")}


def _with_mode(tokenizer: Any, texts: list[str], mode: int, pieces: int) -> Any:
    """UnixCoder reads `<s> <encoder-only> </s> text </s>` (Guo et al., 2022, and the authors' program)."""
    first, last = [tokenizer.cls_token_id, mode, tokenizer.sep_token_id], [tokenizer.sep_token_id]
    rows = tokenizer(texts, add_special_tokens=False, truncation=True, max_length=pieces - 4)["input_ids"]
    return tokenizer.pad({"input_ids": [[*first, *row, *last] for row in rows]}, return_tensors="pt")


def _longest(tokenizer: Any, config: Any) -> int:
    """How many pieces a text may have: RoBERTa and its kin count positions from behind the padding's."""
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    positions: int = min([limit for limit in limits if limit is not None], default=MAX_PIECES)
    if "roberta" in config.model_type:
        positions -= config.pad_token_id + 1
    return int(min(MAX_PIECES, tokenizer.model_max_length, positions))


def _tensors(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """Some tensors of a folder's safetensors. Raises KeyError where one is missing."""
    from safetensors import safe_open

    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as stored:
            found |= {name: stored.get_tensor(name) for name in set(names) & set(stored.keys())}
    return {name: found[name] for name in names}
