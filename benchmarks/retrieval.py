"""What needs no model, on the frozen protocol: both retrieval tests, the paper's table, the class of the next action.

    python benchmarks/retrieval.py --split held-out --clones DIR... [--cache DIR] [--json]

DIR are clones of the split's repositories, work tree or bare. Which edits are judged is frozen: see
docs/adr/0004-protocol.md. The labelled edits and MiniLM's vectors are made once, in minutes, and kept in the cache.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from codewm_model.action_classes import ActionClasses
from codewm_train.ids import CLASSES_FILE, SPLITS
from codewm_train.metrics import MEASURES
from codewm_train.next_action import judge_next_action, situation
from codewm_train.paper_table import PUBLISHED, RELEVANCES, Table, paper_table
from codewm_train.protocol import load_protocol
from codewm_train.retrieval import DIFFLIB_QUERIES, RANKING, Retrieval, judge_retrieval
from codewm_train.siblings import near_duplicates


def main() -> None:
    """Read the options, run the tests, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=sorted(SPLITS), required=True)
    parser.add_argument("--clones", nargs="+", type=Path, required=True, metavar="DIR")
    parser.add_argument("--cache", type=Path, default=Path("build/protocol"), help="where slow results are kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    protocol = load_protocol(options.split, options.clones, options.cache)
    siblings, rules = protocol.tasks()
    judged = [judge_retrieval(siblings, "mrr", options.cache), judge_retrieval(rules, "map", options.cache)]
    table = paper_table(protocol.past, options.cache)
    classes = ActionClasses.load(CLASSES_FILE)
    top5 = judge_next_action(situation(protocol.past, classes), classes)["action_class_top5"]
    if options.json:
        found = report(options.split, *judged) | {"paper_table": table, "action_class_top5": top5}
        print(json.dumps(found, indent=2))
        return
    show(options.split, judged[0], f"{near_duplicates(siblings)} queries have a near-duplicate answer")
    show(options.split, judged[1], f"{judged[1].labels} rules")
    show_paper_table(table)
    print("true action class among the top 5 of 64:", ", ".join(f"{name} {rate:.1%}" for name, rate in top5.items()))


def show_paper_table(found: Table) -> None:
    """MRR and hits at 1 by relevance, and what was published of other edits."""
    table = RichTable(title="the paper's table, MRR / R@1: relevance is a function of the action, no headline")
    for name in ("", *RELEVANCES):
        table.add_column(name)
    for name, row in found.items():
        table.add_row(name, *(f"{row[r]['mrr']:.3f} / {row[r]['hit@1']:.3f}" for r in RELEVANCES))
    for name, values in PUBLISHED.items():
        table.add_row(f"{name}, as published", *(f"{value:.3f}" for value in values))
    Console().print(table)


def show(split: str, judged: Retrieval, note: str) -> None:
    """One table, and one line for each comparison."""
    console = Console()
    table = RichTable(title=f"{judged.task}, {split}: N={judged.n}, {judged.queries} queries; {note}")
    table.add_column("")
    for name in MEASURES:
        table.add_column(name, justify="right")
    for name in judged.headlines:
        label = f"{name} ({DIFFLIB_QUERIES} queries)" if name == "difflib" else name
        style = "bold" if name == RANKING else None
        table.add_row(label, *(f"{judged.means[name][m]:.3f}" for m in MEASURES), style=style)
    console.print(table)
    for name, reason in judged.skipped.items():
        console.print(f"{name} was skipped: {reason}", markup=False)
    for gain in judged.gains:
        console.print(
            f"{gain.name} over {gain.over}: {judged.headline} {gain.difference:+.3f} "
            f"(95 % {gain.low:+.3f} to {gain.high:+.3f}), {gain.removed:.0%} of its error removed\n"
        )


def report(split: str, siblings: Retrieval, rules: Retrieval) -> dict[str, object]:
    """The run as one object; `ratio` is ours by the best peer, both sibling MRR."""
    mrr = siblings.headlines
    return {
        "name": f"retrieval ({split})",
        "n": siblings.n,
        "queries": siblings.queries,
        "ours": mrr[RANKING],
        "peers": {name: mrr[name] for name in siblings.baselines},
        "ratio": mrr[RANKING] / mrr[siblings.gains[0].over],
        "sibling_mrr": mrr,
        "sibling_gains": [asdict(gain) for gain in siblings.gains],
        "rule_n": rules.n,
        "rule_count": rules.labels,
        "rule_map": rules.headlines,
        "rule_gains": [asdict(gain) for gain in rules.gains],
        "skipped": siblings.skipped,
    }


if __name__ == "__main__":
    main()
