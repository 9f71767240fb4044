"""`codewm-train` as a person meets it: help for everything, and errors that are one line and an exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from datasets import TINY_TOML, made_up, stored, tiny_dataset
from repositories import Repo, habits

from codewm_train.checkpoint import load_checkpoint
from codewm_train.cli import main
from codewm_train.data import Dataset

COMMANDS = sorted(main.commands)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def failed(done: Result, code: int, message: str) -> None:
    """It ended with this code and one line on stderr that holds these words, and not with a traceback."""
    assert isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr and "Traceback" not in done.stderr
    assert next(line for line in done.stderr.splitlines() if message in line).startswith("codewm-train: ")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset, a dataset, and a run of two steps that a command made."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "tiny.toml").write_text(TINY_TOML.format(steps=2))
    tiny_dataset(folder / "data")
    done = fit(folder)
    assert (done.exit_code, done.stdout) == (0, f"{folder / 'run' / 'checkpoint.pt'}\n"), done.stderr
    assert "2/2" in done.stderr
    return folder


def fit(folder: Path, *options: str | Path, data: str = "data") -> Result:
    return run("fit", "--preset", folder / "tiny.toml", "--data", folder / data, "--out", folder / "run", *options)


def test_the_command_runs_as_a_process() -> None:
    program = [sys.executable, "-c", "from codewm_train.cli import main; main()"]
    options = ["mine", "--repos", "lost.tsv", "--clones", "nowhere", "--out", "nowhere"]
    done = subprocess.run([*program, *options], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.startswith("codewm-train: lost.tsv cannot be read") and done.stderr.count("\n") == 1


def test_help_names_the_commands() -> None:
    assert {"eval", "export", "fit", "mine", "probe"} <= set(COMMANDS)
    done = run("--help")
    assert done.exit_code == 0 and all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0 and done.stdout.startswith(f"Usage: main {name} ")
    command = main.commands[name]
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("arguments", [["fit"], ["mine", "--limit", "0"], ["unknown"], ["export", "--key-weight", "1"]])
def test_wrong_usage_is_explained(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2 and "Error: " in done.stderr


def test_mining_and_training_from_clones_to_a_checkpoint(trained: Path, tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "clones" / "box")
    repo.history(habits(9))
    (tmp_path / "list.tsv").write_text(f"me/box\tMIT\t{repo.git('rev-parse', 'HEAD')}\n")
    command = (
        "mine",
        "--repos",
        tmp_path / "list.tsv",
        "--clones",
        tmp_path / "clones",
        "--out",
        tmp_path,
        "--jobs",
        1,
    )
    done = run(*map(str, command))
    assert done.exit_code == 0, done.stderr
    data = Dataset.open(tmp_path / "dataset")
    assert done.stdout == f"{len(data)} edits in {tmp_path / 'dataset'}\n"
    options = ("--data", tmp_path / "dataset", "--out", tmp_path / "run", "--seed", "3", "--steps", "1", "--no-action")
    done = run("fit", "--preset", trained / "tiny.toml", *options, "--validation", trained / "data")
    assert done.exit_code == 0, done.stderr
    loaded = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    training = loaded.preset.training
    assert (loaded.step, training.seed, training.steps, training.use_action) == (1, 3, 1, False)
    assert "copy_proof_knn1" in done.stderr


def test_a_finished_run_may_be_asked_for_again(trained: Path) -> None:
    assert fit(trained).exit_code == 0


def test_errors_of_fit_are_told(trained: Path, tmp_path: Path) -> None:
    failed(fit(trained, "--seed", "9"), 70, "belongs to a run with other settings or data: choose another --out")
    failed(fit(trained, data="nowhere"), 70, "no dataset in")
    failed(fit(trained, "--validation", trained / "nowhere"), 70, "no dataset in")
    failed(
        run("fit", "--preset", "lost", "--data", trained, "--out", tmp_path), 70, "no preset 'lost': there are default"
    )
    stored(trained / "flask", [made_up("pallets/flask")])
    failed(fit(trained, data="flask"), 70, "pallets/flask: kept for judging")


def test_errors_of_mine_are_told(tmp_path: Path) -> None:
    def mine(text: str, clones: Path = tmp_path) -> Result:
        (tmp_path / "list.tsv").write_text(text)
        return run("mine", "--repos", tmp_path / "list.tsv", "--clones", clones, "--out", tmp_path / "out")

    failed(mine("pallets/flask\tBSD\tabc\n"), 70, "held out for judging")
    failed(mine("pallets/flask\n"), 70, "expected owner/name, licence and commit")
    failed(mine(""), 70, "names no repository")
    failed(mine("me/box\tMIT\tabc\n"), 4, "there is no clone of me/box")
    failed(mine("me/box\tMIT\tabc\n", tmp_path / "nowhere"), 4, "is no folder of clones")
    failed(run("mine", "--repos", tmp_path / "lost", "--clones", tmp_path, "--out", tmp_path), 70, "cannot be read")


def test_errors_of_export_are_told(trained: Path, tmp_path: Path) -> None:
    def export(checkpoint: Path, data: Path) -> Result:
        return run("export", "--checkpoint", checkpoint, "--data", data, "--out", tmp_path / "bundle")

    checkpoint = trained / "run" / "checkpoint.pt"
    failed(export(checkpoint, trained / "data"), 70, "checked on 256 real regions, and there are 120")
    failed(export(checkpoint, tmp_path), 70, "no dataset in")
    failed(export(tmp_path / "lost.pt", trained / "data"), 70, "is no checkpoint of this trainer")
    assert not (tmp_path / "bundle").exists()


def test_errors_of_eval_are_told(trained: Path, tmp_path: Path) -> None:
    failed(run("eval", "--clones", tmp_path, "--cache", tmp_path), 4, "there is no clone of pallets/flask")
    failed(run("eval", "--clones", tmp_path, "--bundle", tmp_path, "--data", trained / "data"), 6, "no model in")
    done = run("eval", "--clones", tmp_path, "--bundle", tmp_path)
    assert done.exit_code == 2 and "--bundle needs --data" in done.stderr
