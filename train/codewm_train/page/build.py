"""The page as a whole: what was asked for, put together into one file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from codewm_model.errors import CodewmError
from codewm_train.page.examples import Example, example_section
from codewm_train.page.markup import Html, joined, tag
from codewm_train.page.metric_sections import metric_sections
from codewm_train.page.probe_sections import probe_sections
from codewm_train.page.run_sections import run_sections
from codewm_train.page.runs import Run

# The page may neither fetch nor run anything, whatever a commit's text holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(
    runs: Sequence[Run],
    metrics: Mapping[str, Mapping[str, Any]],
    probes: Mapping[str, Mapping[str, Any]],
    examples: Sequence[Example] = (),
) -> str:
    """The page's text. Raises CodewmError if a file of figures is not what `eval` or `probe` writes."""
    try:
        sections = [*run_sections(runs), *probe_sections(probes), *metric_sections(metrics)]
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        files = ", ".join([*probes, *metrics])
        raise CodewmError(f"one of {files} is not what `eval --json` or `probe --json` writes ({error!r})") from error
    if examples:
        sections.append(example_section(examples))
    style = resources.files("codewm_train.page").joinpath("style.css").read_text(encoding="utf-8")
    head = [
        tag("title", "codewm: training report"),
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        tag("style", Html(style)),
    ]
    body = [tag("h1", "Training report"), tag("p", _contents(runs, metrics, probes, examples)), *sections]
    document = joined([tag("head", *head), tag("body", tag("main", *body))])
    return f'<!DOCTYPE html>\n<html lang="en">{document}</html>\n'


def read_figures(files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """JSON files by their names, with as much of their path as tells them apart. Raises CodewmError."""
    found = {}
    for file in files:
        name = file.stem if [other.stem for other in files].count(file.stem) == 1 else str(file)
        try:
            read = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CodewmError(f"{file} cannot be read as JSON ({error})") from error
        if not isinstance(read, dict):
            raise CodewmError(f"{file} holds no figures")
        found[name] = read
    return found


def _contents(*parts: Sequence[object] | Mapping[str, object]) -> str:
    names = ("run(s)", "judgement(s)", "probe(s)", "example(s)")
    return ", ".join(f"{len(part)} {name}" for part, name in zip(parts, names, strict=True) if part) + "."
