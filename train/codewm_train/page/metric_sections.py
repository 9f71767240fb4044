"""The part of the page that is about judgements: what `eval` found, each score among all that it must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codewm_train.page.markup import Html, share, table, tag
from codewm_train.paper_table import PUBLISHED, RELEVANCES

Found = Mapping[str, Any]


def metric_sections(metrics: Mapping[str, Found]) -> list[Html]:
    """A section for each judgement, by name."""
    return [
        tag(
            "section",
            tag("h2", f"Judged: {name}"),
            tag("p", _about(found)),
            tag("div", *_tables(found), class_="tables"),
        )
        for name, found in metrics.items()
    ]


def _about(found: Found) -> str:
    bundle = found.get("bundle")
    told = f"Split: {found['split']}."
    return told if bundle is None else f"{told} Model {bundle['id']}, {bundle['parameters']:,} parameters."


def _tables(found: Found) -> list[Html]:
    tables = []
    if state := found.get("next_state"):
        measures = ("copy_proof_knn1", "rival_proof_knn1", "knn1")
        rows = {name: [state[measure][name] for measure in measures] for name in state["knn1"]}
        caption = f"next state, N={state['n']}, {state['rivals']} rivals; chance {1 / (2 * state['n']):.2%}"
        tables.append(_scores(["", "copy-proof KNN@1", "rival-proof", "plain"], rows, caption, "{:.1%}"))
        rows = {name: [value] for name, value in found["rank"].items()}
        tables.append(_scores(["", "of 128"], rows, f"effective rank, N={state['n']}", "{:.1f}"))
    if seeds := found.get("seeds"):
        rows = {name: [one["mean"], one["spread"]] for name, one in seeds["headlines"].items()}
        caption = f"{seeds['n']} seeds; spread: (max - min) / mean"
        tables.append(_scores(["", "mean", "spread"], rows, caption, "{:.3f}"))
    for key, title in (("sibling_mrr", "hidden sibling, MRR"), ("rule_map", "same rule, MAP")):
        if key in found:
            about = found[f"{key}_n"]
            caption = f"{title}: N={about['n']}, {about['queries']} queries, {about['labels']} labels"
            tables.append(
                _scores(["", title.split(", ")[1]], {k: [v] for k, v in found[key].items()}, caption, "{:.3f}")
            )
            tables.append(_gains(title, found[f"{key}_gains"]))
    if "action_class_top5" in found:
        about = found["action_class_n"]
        caption = (
            f"action class among the top 5 of {about['classes']}, N={about['n']}; chance {5 / about['classes']:.1%}, "
            f"the largest class {about['largest']:.1%}"
        )
        rows = {name: [value] for name, value in found["action_class_top5"].items()}
        tables.append(_scores(["", "hits"], rows, caption, "{:.1%}"))
        tables.append(_gains("action class", found["action_class_gains"]))
    if "paper_table" in found:
        tables.append(_paper(found["paper_table"]))
    if "latency_ms" in found:
        times = dict(found["latency_ms"])
        ratio = times.pop("minilm_over_edit", None)
        told = f"; MiniLM takes {ratio['p50']:.1f} times as long as ours for an edit" if ratio else ""
        rows = {name: [row["p50"], row["p95"]] for name, row in times.items()}
        caption = f"milliseconds, one thread, batch 1{told}"
        tables.append(_scores(["", "p50", "p95"], rows, caption, "{:.2f}", largest_last=True))
    return tables


def _scores(
    columns: Sequence[str],
    rows: Mapping[str, Sequence[float]],
    caption: str,
    style: str,
    largest_last: bool = False,
) -> Html:
    """Rows by their first number, each number with a bar."""
    order = sorted(rows.items(), key=lambda row: row[1][0] if largest_last else -row[1][0])
    most = [max(values[i] for values in rows.values()) for i in range(len(columns) - 1)]
    cells = [[name, *(share(v, most[i], style.format(v)) for i, v in enumerate(values))] for name, values in order]
    return table(columns, cells, caption)


def _gains(title: str, gains: Sequence[Found]) -> Html:
    rows = [
        [
            f"{gain['name']} over {gain['over']}",
            f"{gain['difference']:+.3f}",
            f"{gain['low']:+.3f} to {gain['high']:+.3f}",
            f"{gain['removed']:.0%}",
        ]
        for gain in gains
    ]
    return table(["", "gain", "95 %", "of its error removed"], rows, f"{title}: gains, paired bootstrap")


def _paper(found: Found) -> Html:
    rows = [
        [name, *(f"{row[key]['mrr']:.3f} / {row[key]['hit@1']:.3f}" for key in RELEVANCES)]
        for name, row in sorted(found.items(), key=lambda item: -item[1]["joint"]["mrr"])
    ]
    rows += [[f"{name} (published)", *(f"{value:.3f}" for value in values)] for name, values in PUBLISHED.items()]
    caption = (
        "the paper's table, MRR / R@1, 1,000 queries; relevance is a function of the action, which solves it, and what "
        "was published is of other edits"
    )
    return table(["", *RELEVANCES], rows, caption)
