"""What `evaluate` found, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print every part that is there, each score beside its baselines."""
    if state := found.get("next_state"):
        title = f"next state, {found['split']}: N={state['n']}, {state['rivals']} rivals"
        measures = ("copy_proof_knn1", "rival_proof_knn1", "knn1")
        rows = {name: [state[measure][name] for measure in measures] for name in state["knn1"]}
        _table(console, title, ("copy-proof KNN@1", "rival-proof", "plain"), rows, "{:.1%}")
        _table(console, "effective rank", ("of 128",), {k: [v] for k, v in found["rank"].items()}, "{:.1f}")
    show_next_action(found, console)
    for key, title in (("sibling_mrr", "hidden sibling, MRR"), ("rule_map", "same rule, MAP")):
        about = found[f"{key}_n"]
        heading = f"{title}, {found['split']}: N={about['n']}, {about['queries']} queries"
        _table(console, heading, ("",), {name: [value] for name, value in found[key].items()}, "{:.3f}")
        _gains(console, found[f"{key}_gains"])
    if seeds := found.get("seeds"):
        rows = {
            name: [one["mean"], one["spread"], min(one["values"]), max(one["values"])]
            for name, one in seeds["headlines"].items()
        }
        heading = f"{seeds['n']} seeds, {found['split']}"
        _table(console, heading, ("mean", "spread: (max - min) / mean", "least", "most"), rows, "{:.3f}")
    if times := found.get("latency_ms"):
        rows = {name: [row["p50"], row["p95"]] for name, row in times.items()}
        _table(console, "milliseconds, one thread, batch 1", ("p50", "p95"), rows, "{:.2f}")


def show_next_action(found: Mapping[str, Any], console: Console) -> None:
    """Print the gate of prediction."""
    about = found["action_class_n"]
    heading = (
        f"action class among the top 5 of {about['classes']}, {found['split']}: N={about['n']}, "
        f"the largest class holds {about['largest']:.1%}"
    )
    _table(console, heading, ("hits",), {k: [v] for k, v in found["action_class_top5"].items()}, "{:.1%}")
    _gains(console, found["action_class_gains"])


def _gains(console: Console, gains: Sequence[Mapping[str, Any]]) -> None:
    for gain in gains:
        console.print(
            f"{gain['name']} over {gain['over']}: {gain['difference']:+.3f} "
            f"(95 % {gain['low']:+.3f} to {gain['high']:+.3f}), {gain['removed']:.0%} of its error removed"
        )


def _table(console: Console, title: str, columns: tuple[str, ...], rows: Mapping[str, list[float]], style: str) -> None:
    table = Table(title=title)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for name, values in sorted(rows.items(), key=lambda row: -row[1][0]):
        table.add_row(name, *(style.format(value) for value in values))
    console.print(table)
