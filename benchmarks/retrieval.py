"""Retrieval of edits: ours beside every baseline, on the same rule and the hidden sibling test.

    python benchmarks/retrieval.py --repos DIR... [--validation] [--cache DIR] [--n 5000] [--seed 0] [--json]

DIR are clones, work tree or bare: of the held-out repositories, or with --validation of the validation ones (only
the heading differs). The labelled edits of the same-rule test are made once, in minutes, and kept in the cache.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from codewm_train import load_tasks
from codewm_train.baselines import BASELINES, difflib_ratio
from codewm_train.metrics import MEASURES, Scorer, Task, error_removed, paired_bootstrap
from codewm_train.shipped import action, changes_of, shipped
from codewm_train.siblings import near_duplicates

OURS = ("lexical", "structural", "key", "exact", "ranking")
DIFFLIB_QUERIES = 50
Results = dict[str, dict[str, float]]


def main() -> None:
    """Read the options, run both tests, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", nargs="+", type=Path, required=True, metavar="DIR")
    parser.add_argument("--validation", action="store_true", help="say that these are the validation repositories")
    parser.add_argument("--cache", type=Path, default=Path("build/retrieval"), help="where labelled edits are kept")
    parser.add_argument("--n", type=int, default=5000, help="gallery of the hidden-sibling test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    split = "validation" if options.validation else "held-out"
    siblings, rules = load_tasks(options.repos, options.cache / split, options.n, options.seed)
    sibling_results, rule_results = measure(siblings, "mrr"), measure(rules, "map")
    if options.json:
        print(json.dumps(report(split, siblings, rules, sibling_results, rule_results), indent=2))
        return
    show(split, siblings, sibling_results, "mrr", f"{near_duplicates(siblings)} queries have a near-duplicate answer")
    show(split, rules, rule_results, "map", f"{len(set(rules.labels))} rules")


def measure(task: Task, headline: str) -> Results:
    """Every scorer's means; `ranking` also says how it stands to the best baseline, query by query."""
    changes = changes_of(task.edits)
    scorers: dict[str, Scorer] = shipped(changes)
    scorers |= {name: baseline(task.edits) for name, baseline in BASELINES.items()}
    scorers["action"] = action(changes)
    per_query = {name: task.judge_all(scorer) for name, scorer in scorers.items()}
    results: Results = {name: {m: float(np.mean(rows[m])) for m in MEASURES} for name, rows in per_query.items()}
    results["difflib"] = task.evaluate(difflib_ratio(task.edits), DIFFLIB_QUERIES)
    best = best_peer(results, headline)
    low, high = paired_bootstrap(per_query["ranking"][headline], per_query[best][headline])
    results["ranking"] |= {"gain_low": low, "gain_high": high}
    return results


def best_peer(results: Results, headline: str) -> str:
    """The strongest baseline that was judged on every query."""
    peers = [name for name in results if name not in (*OURS, "difflib")]
    return max(peers, key=lambda name: results[name][headline])


def show(split: str, task: Task, results: Results, headline: str, note: str) -> None:
    """One table and one line that says what it comes to."""
    console = Console()
    table = Table(title=f"{task.name}, {split}: N={len(task.edits)}, {len(task.queries)} queries; {note}")
    table.add_column("")
    for name in MEASURES:
        table.add_column(name, justify="right")
    for name, row in sorted(results.items(), key=lambda item: -item[1][headline]):
        label = f"{name} ({DIFFLIB_QUERIES} queries)" if name == "difflib" else name
        style = "bold" if name == "ranking" else None
        table.add_row(label, *(f"{row[m]:.3f}" for m in MEASURES), style=style)
    console.print(table)
    best, ours = best_peer(results, headline), results["ranking"]
    console.print(
        f"ranking over {best}: {headline} {ours[headline] - results[best][headline]:+.3f} "
        f"(95 % {ours['gain_low']:+.3f} to {ours['gain_high']:+.3f}), "
        f"{error_removed(ours[headline], results[best][headline]):.0%} of its error removed\n"
    )


def report(
    split: str, siblings: Task, rules: Task, sibling_results: Results, rule_results: Results
) -> dict[str, object]:
    """The run as one object; `ratio` is ours by the best peer, both sibling MRR."""
    sibling_mrr = {name: row["mrr"] for name, row in sibling_results.items()}
    rule_map = {name: row["map"] for name, row in rule_results.items()}
    best, best_rule = best_peer(sibling_results, "mrr"), best_peer(rule_results, "map")
    return {
        "name": f"retrieval ({split})",
        "n": len(siblings.edits),
        "queries": len(siblings.queries),
        "ours": sibling_mrr["ranking"],
        "peers": {name: value for name, value in sibling_mrr.items() if name not in OURS},
        "ratio": sibling_mrr["ranking"] / sibling_mrr[best],
        "sibling_mrr": sibling_mrr,
        "sibling_error_removed": error_removed(sibling_mrr["ranking"], sibling_mrr[best]),
        "rule_n": len(rules.edits),
        "rule_count": len(set(rules.labels)),
        "rule_map": rule_map,
        "rule_error_removed": error_removed(rule_map["ranking"], rule_map[best_rule]),
    }


if __name__ == "__main__":
    main()
