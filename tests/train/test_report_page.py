"""The page of `codewm-train report`: what it tells, and that nobody's text can do anything to its reader."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from checkpoints import random_checkpoint
from click.testing import CliRunner
from datasets import tiny_dataset, tiny_preset
from torch.utils.tensorboard import SummaryWriter

from codewm_model.edit import edit_between
from codewm_model.errors import CodewmError, DependencyError
from codewm_train.checkpoint import load_checkpoint
from codewm_train.cli import main
from codewm_train.data import Dataset
from codewm_train.logs import Logs
from codewm_train.metrics import spread
from codewm_train.page.build import page, read_figures
from codewm_train.page.examples import Example, examples_of
from codewm_train.page.plots import Bar, Line, bar_plot, line_plot
from codewm_train.page.runs import HEADLINE, Run, read_curves, read_runs
from codewm_train.probe import probe
from codewm_train.siblings import PastEdit

SHIPPED = Path(__file__).parents[2] / "codewm_lsp" / "assets" / "default" / "metrics.json"
EVIL = "<script>alert('$x$')</script><img src=x onerror=\"alert(1)\">&amp;"


class Reader(HTMLParser):
    """Tags with their attributes, and the text that a person sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> dict[str, Any]:
    return probe(random_checkpoint(tmp_path_factory.mktemp("run") / "checkpoint.pt", data), data, 40)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> list[Path]:
    """Two seeds of one preset, and another preset."""
    root = tmp_path_factory.mktemp("runs")
    presets = {"one": tiny_preset(seed=0), "two": tiny_preset(seed=1), "other": tiny_preset(learning_rate=1.0)}
    for i, (name, preset) in enumerate(presets.items()):
        log(root / name, {"loss": {1: 3.0, 2: 2.0 - i}, HEADLINE: {1: 0.9, 2: 0.4 + 0.2 * i}})
        random_checkpoint(root / name / "checkpoint.pt", data, preset)
    return [root / name for name in presets]


@pytest.fixture(scope="module")
def past() -> list[PastEdit]:
    """Three commits of two hunks each, in texts that are markup."""
    edits = []
    for i in range(6):
        before = f"def f_{i}(a):\n    return a{i // 2}\n\n\ndef g():\n    pass\n"
        after = before.replace(f"a{i // 2}", f"'{EVIL}' + b{i // 2}")
        edits.append(PastEdit("me/box<b>", f"{i // 2}" * 40, i, edit_between(before, after, f"<i>{i}.py")))
    return edits


@pytest.fixture(scope="module")
def whole(folders: list[Path], probed: dict[str, Any], past: list[PastEdit]) -> str:
    """A page with every part, whose names and texts are out for harm."""
    runs = [replace(run, name=EVIL + run.name, group=EVIL + run.group) for run in read_runs(folders)]
    figures = json.loads(SHIPPED.read_text())
    figures["sibling_mrr"] |= {EVIL: 0.5}
    return page(runs, {EVIL: figures}, {EVIL + "probe": probed}, examples_of(past, None, queries=3))


def log(folder: Path, values: dict[str, dict[int, float]]) -> None:
    with SummaryWriter(str(folder / "tensorboard")) as writer:
        for name, points in values.items():
            for step, value in points.items():
                writer.add_scalar(name, value, step)


def test_no_text_of_a_name_or_a_commit_becomes_markup(whole: str) -> None:
    tags = Reader(whole).tags
    assert not {name for name, _ in tags} & {"script", "img", "iframe", "object", "link", "b<", "form"}
    assert not [attribute for _, attributes in tags for attribute in attributes if attribute.startswith("on")]
    shown = Reader(whole).text
    assert shown.count(EVIL) >= 20 and "<i>" in shown and "me/box<b>" in shown


def test_nothing_is_fetched_from_anywhere(whole: str) -> None:
    for _, attributes in Reader(whole).tags:
        assert not {"src", "srcset", "action", "data"} & attributes.keys()
        assert all(attributes.get(name, "#").startswith("#") for name in ("href", "xlink:href"))
    assert (
        not re.search(r"url\((?!#)", whole) and "@import" not in whole and "http" not in whole.replace("http-equiv", "")
    )
    policy = next(one["content"] for name, one in Reader(whole).tags if one.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_every_colour_is_defined_for_light_and_for_dark(whole: str) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", whole, re.DOTALL)
    used = set(re.findall(r"var\((--[a-z0-9]+)\)", whole)) - {"--c", "--share"}
    for theme in (light, dark):
        assert used <= set(re.findall(r"(--[a-z0-9]+):", theme))
    assert "prefers-color-scheme: dark" in whole and not re.search(r"#00(?:0a0|b0)\d", whole)


def test_drawings_have_a_name_and_take_the_width_that_there_is(whole: str) -> None:
    drawings = [attributes for name, attributes in Reader(whole).tags if name == "svg"]
    assert len(drawings) >= 15
    for attributes in drawings:
        assert attributes["viewbox"] and attributes["aria-label"] and "width" not in attributes
    assert any(one.get("name") == "viewport" for name, one in Reader(whole).tags if name == "meta")
    ids = [one["id"] for name, one in Reader(whole).tags if "id" in one]
    references = re.findall(r'(?:url\(#|href="#)([^")]+)', whole)
    assert set(references) <= set(ids) and all(ids.count(name) == 1 for name in references)


def test_each_part_is_there_with_its_n_and_its_baselines(whole: str) -> None:
    shown = Reader(whole).text
    for words in ("Presets", "Seeds", "Curves", "What each loop holds", "Retrieved edits", "N=5000", "N=40", "chance"):
        assert words in shown
    for row in ("copy", "random", "shuffled", "ridge", "tfidf_net", "minilm", "bm25", "majority", "UnixCoder"):
        assert row in shown


def test_seeds_of_a_preset_are_one_row_with_their_spread(folders: list[Path]) -> None:
    runs = read_runs(folders)
    assert [run.group for run in runs] == ["one, two", "one, two", "other"]
    assert [run.name for run in runs] == ["one", "two", "other"]
    shown = Reader(page(runs, {}, {})).text
    assert "50.0%" in shown and "40.0% to 60.0%" in shown and "40.0%" in shown
    assert shown.index("other") < shown.index("one, two")
    assert "one seed" in shown and spread([0.4, 0.6]) == pytest.approx(0.4)


def test_runs_of_a_shipped_preset_are_called_by_its_name(tmp_path: Path, data: Dataset) -> None:
    from codewm_train.presets import load_preset

    default = load_preset("default")
    for name, changes in {"a": {"seed": 7}, "b": {"use_action": False}, "c": {"steps": 3}}.items():
        log(tmp_path / name, {"loss": {1: 1.0}})
        random_checkpoint(
            tmp_path / name / "checkpoint.pt", data, replace(default, training=replace(default.training, **changes))
        )
    groups = [run.group for run in read_runs([tmp_path / name for name in "abc"])]
    assert groups == ["default", "default, no action", "default, 3 steps"]


def test_a_step_that_was_logged_twice_counts_as_the_last_time(tmp_path: Path) -> None:
    log(tmp_path, {"loss": {1: 9.0, 2: 8.0, 3: 7.0}})
    log(tmp_path, {"loss": {2: 5.0, 3: 4.0, 4: 3.0}})
    curve = read_curves(tmp_path)["loss"]
    assert curve.steps.tolist() == [1, 2, 3, 4] and curve.values.tolist() == [9, 5, 4, 3] and curve.last == 3


def test_what_a_killed_run_wrote_beyond_its_checkpoint_does_not_count(tmp_path: Path) -> None:
    logs = Logs()
    logs.tensorboard(tmp_path, 0)
    for step in range(1, 6):
        logs.write(step, {"loss": float(step)})
    logs.close()
    logs = Logs()
    logs.tensorboard(tmp_path, 2)
    logs.write(3, {"loss": 30.0})
    logs.close()
    curve = read_curves(tmp_path)["loss"]
    assert curve.steps.tolist() == [1, 2, 3] and curve.values.tolist() == [1, 2, 30]


def test_runs_in_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        log(tmp_path / name / "run", {"loss": {1: 1.0}})
    assert [run.name for run in read_runs([tmp_path / "a" / "run", tmp_path / "b" / "run"])] == ["a/run", "b/run"]
    with pytest.raises(CodewmError, match="given twice"):
        read_runs([tmp_path / "a" / "run"] * 2)


def test_runs_that_nothing_was_validated_in_have_curves_all_the_same(tmp_path: Path) -> None:
    log(tmp_path / "a", {"loss": {1: 1.0}})
    shown = Reader(page(read_runs([tmp_path / "a"]), {}, {})).text
    assert "No run was looked at on validation data" in shown and "loss" in shown


def test_a_long_curve_is_thinned_and_keeps_its_mean() -> None:
    long = line_plot("loss", [Line("run", range(10_000), [1.0] * 10_000, 0)], "step")
    short = line_plot("loss", [Line("run", range(100), [1.0] * 100, 0)], "step")
    assert len(long) < 2 * len(short)


def test_a_dollar_in_a_name_is_no_formula_and_a_negative_bar_is_drawn() -> None:
    drawing = bar_plot("lift $a_b$", [Bar("$\\frac", [-0.2, -0.1], 0, "$x$"), Bar("one", [0.1], 9, "")])
    assert "$\\frac" in drawing and "$x$" in drawing and "var(--s1)" in drawing


def test_examples_show_query_and_hits_side_by_side_and_tick_the_answers(past: list[PastEdit]) -> None:
    examples = examples_of(past, None, queries=6)
    assert len(examples) == 6
    for example in examples:
        (hits,) = example.found.values()
        assert example.query not in [hit.edit for hit in hits]
        assert [hit.answer for hit in hits] == [hit.edit.commit == example.query.commit for hit in hits]
        assert hits[0].score >= hits[-1].score
    assert any(hit.answer for example in examples for hit in next(iter(example.found.values())))
    tags = [name for name, _ in Reader(page([], {}, {}, examples)).tags]
    assert tags.count("pre") == 2 * sum(1 + len(hits) for one in examples for hits in one.found.values())
    assert {"ins", "del"} <= set(tags)


def test_with_a_checkpoint_the_models_own_choice_stands_beside_it(
    past: list[PastEdit], tmp_path: Path, data: Dataset
) -> None:
    checkpoint = load_checkpoint(random_checkpoint(tmp_path / "checkpoint.pt", data))
    (example,) = examples_of(past, checkpoint, queries=1)
    assert list(example.found) == ["the product's ranking", "the model's edit embeddings"]


def test_very_long_changes_are_cut(past: list[PastEdit]) -> None:
    long = edit_between("", "x" * 5000 + "\n" + "y\n" * 500)
    query = PastEdit("me/box", "0" * 40, 0, long)
    shown = page([], {}, {}, [Example(query, {})])
    assert len(shown) < 20_000 and "more lines" in shown


@pytest.mark.parametrize("figures", [{}, {"loops": 3}, {"split": "validation", "next_state": []}])
def test_figures_of_another_kind_are_refused(figures: dict[str, Any]) -> None:
    with pytest.raises(CodewmError, match="is not what"):
        page([], {}, {"one": figures})


def test_files_that_are_no_figures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("[1]")
    for name in ("a.json", "b.json", "lost.json"):
        with pytest.raises(CodewmError, match=name):
            read_figures([tmp_path / name])


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodewmError, match=r"holds no logs of a run: give the folder"):
        read_runs([tmp_path])


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DependencyError, match=r"pip install 'codewm-lsp\[train\]'"):
        bar_plot("one", [Bar("a", [1.0], 0, "")])


def test_the_command_writes_one_page(folders: list[Path], probed: dict[str, Any], tmp_path: Path) -> None:
    figures, out = tmp_path / "probe.json", tmp_path / "report.html"
    figures.write_text(json.dumps(probed))
    options = [option for folder in folders for option in ("--run", str(folder))]
    options += ["--metrics", str(SHIPPED), "--probe", str(figures), "--out", str(out)]
    result = CliRunner().invoke(main, ["report", *options])
    assert (result.exit_code, result.stdout) == (0, f"{out}\n"), result.output
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")
    assert "3 run(s), 1 judgement(s), 1 probe(s)." in text


def test_nothing_to_report_on_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["report"])
    assert result.exit_code == 2 and "nothing to report on" in result.output


def test_a_run_without_a_checkpoint_is_a_group_of_its_own(tmp_path: Path) -> None:
    log(tmp_path / "a", {"loss": {1: 1.0}})
    (run,) = read_runs([tmp_path / "a"])
    assert isinstance(run, Run) and run.checkpoint is None and run.group == "a"
