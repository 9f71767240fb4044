"""The release workflow cannot be run here; what can be told from its text is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


def workflow() -> dict[Any, Any]:
    """The file; YAML takes its key `on` for a truth value."""
    read: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return read


def steps() -> Iterator[dict[str, Any]]:
    """Those of all jobs."""
    for job in workflow()["jobs"].values():
        yield from job["steps"]


def test_every_command_that_it_runs_is_there() -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    commands = "\n".join(step.get("run", "") for step in steps())
    made = re.findall(r"\bmake (?:-s )?([a-z0-9-]+)", commands)
    assert set(made) == {"lint", "test", "wheel-check", "package", "wheelhouse", "version"} <= set(targets)
    scripts = re.findall(r"scripts/\w+\.py", commands)
    assert scripts and all((ROOT / script).is_file() for script in scripts)


def test_every_action_is_pinned_to_a_commit_and_says_which_version_that_is() -> None:
    used = re.findall(r"uses: (.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert len(used) == sum("uses" in step for step in steps())
    assert [line for line in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_a_tag_publishes_nothing_and_no_job_is_given_more_than_it_needs() -> None:
    jobs = workflow()["jobs"]
    allowed = {name: job["permissions"] for name, job in jobs.items() if "permissions" in job}
    assert workflow()["permissions"] == {"contents": "read"}
    assert allowed == {"draft": {"contents": "write"}, "publish": {"id-token": "write"}}
    assert jobs["publish"]["if"] == "github.event_name == 'workflow_dispatch' && inputs.publish"
    assert workflow()[True]["workflow_dispatch"]["inputs"]["publish"]["default"] is False
    assert "--draft" in jobs["draft"]["steps"][-1]["run"]
    assert "secrets." not in WORKFLOW.read_text(encoding="utf-8")


def test_nothing_that_it_needs_is_waited_for_in_vain() -> None:
    jobs = workflow()["jobs"]
    needed = {
        name: [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        for name, job in jobs.items()
    }
    assert {need for needs in needed.values() for need in needs} <= set(jobs)
    uploaded = {step["with"]["name"] for step in steps() if "upload-artifact" in step.get("uses", "")}
    asked = {step["with"].get("name") for step in steps() if "download-artifact" in step.get("uses", "")}
    assert asked <= uploaded | {None}
