"""The model card: what a bundle was made of and how it did, written from its own numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from codewm_model.bundle import BundleConfig, LearnedWeight
from codewm_train.presets import Preset, load_preset


def model_card(config: BundleConfig, metrics: Mapping[str, Any] | None = None) -> str:
    """Markdown for `MODEL_CARD.md`; without `metrics` it says that the model has not been judged."""
    trained = config.trained
    training, data = trained["preset"]["training"], trained["data"]
    weight = config.learned_weight
    edits = 2 * sum(training[f"{kind}_pairs"] for kind in ("place", "topic", "kind"))
    parts = [
        f"# Model card: {config.name}",
        f"A JEPA code world model of {config.parameters:,} parameters: it encodes a region of Python code "
        f"({config.positions} positions), predicts the next state for an edit action, and embeds edits. It runs on "
        "the CPU. It was trained from scratch on the commits below and has seen nothing else.",
        "## Training",
        f"{trained['step']} steps of {edits} edits, "
        f"seed {training['seed']}, {trained['seconds'] / 60:.0f} minutes on {trained['processes']} x "
        f"{trained['hardware']}.",
        f"```\n{command(trained, weight)}\n```",
        *(f"with `preset.toml`:\n\n```toml\n{tables}\n```" for tables in [_own_preset(trained)] if tables),
        "The same command with the same seed gives the same figures within noise.",
        f"## Data\n\n{data['edits']:,} edits; one that shows no change within the model's view, or repeats another, "
        "was left out. No code is in the weights' files or in this project; held-out and validation repositories were "
        "never learned from.",
        _table(
            ("repository", "licence", "commit", "edits"),
            [(r["name"], r["licence"], r["commit"], f"{r['edits']:,}") for r in data["repositories"]],
        ),
        "## In the product",
        f"The edit embedding has {weight.key:g} of the index key; of the score its kind has {weight.kind:g} and its "
        f"topic {weight.topic:g}, as validation said (docs/adr).",
        "## How it did",
        *(_figures(metrics) if metrics else ["Not judged yet: run `codewm-train eval --record`."]),
        "## Limits",
        "Python only. Names beyond the hashed vocabulary share buckets. Where a change lies outside the positions "
        "shown, or reads the same, the model cannot see it. The predicted state says what an action would do to the "
        "state, not what to write.",
    ]
    return "\n\n".join(parts) + "\n"


def command(trained: Mapping[str, Any], weight: LearnedWeight | None = None) -> str:
    """The commands that make such a bundle again from clones in `clones/`."""
    training, processes = trained["preset"]["training"], trained["processes"]
    preset = "preset.toml" if _own_preset(trained) else "default"
    launcher = f"torchrun --nproc-per-node {processes} --no-python " if processes > 1 else ""
    # Patience is counted on validation data: the repositories in validation.tsv.
    kept, validation = ("best", " --validation validation/dataset") if training.get("patience") else ("checkpoint", "")
    action = "" if training["use_action"] else " --no-action"
    options = f"--seed {training['seed']} --steps {training['steps']}{action}{validation}"
    shares = "".join(
        f" --{name}-weight {share:g}" for name, share in asdict(weight or LearnedWeight()).items() if share
    )
    return "\n".join(
        [
            f"codewm-train mine --clones clones --out mined --limit {trained['data']['limit']}",
            f"{launcher}codewm-train fit --preset {preset} --data mined/dataset --out run {options}",
            f"codewm-train export --checkpoint run/{kept}.pt --data mined/dataset --out bundle{shares}",
        ]
    )


def _own_preset(trained: Mapping[str, Any]) -> str:
    """The run's preset as TOML where it is not the default, apart from what the command's options say."""
    tables = Preset.from_dict(trained["preset"]).to_dict()  # settings that came later have the value they always had
    default = load_preset("default").to_dict()
    for option in ("seed", "steps", "use_action"):
        tables["training"].pop(option)
        default["training"].pop(option)
    if tables == default:
        return ""
    return "\n".join(
        line
        for name, table in tables.items()
        for line in (f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()))
    )  # numbers and switches are written alike in TOML and JSON


def _figures(metrics: Mapping[str, Any]) -> list[str]:
    """The headline tables."""
    state = metrics["next_state"]
    ways = sorted(state["copy_proof_knn1"], key=lambda name: -state["copy_proof_knn1"][name])
    parts = [
        f"On {state['n']:,} edits of the {metrics['split']} repositories ({state['invisible']:.1%} of them show no "
        f"change in the model's view and count as misses), of which {state['rivals']:,} rivals were made:",
        _table(
            ("next state", "copy-proof KNN@1", "rival-proof KNN@1", "plain KNN@1"),
            [
                (
                    name,
                    *(f"{state[f'{measure}_knn1'][name]:.1%}" for measure in ("copy_proof", "rival_proof")),
                    f"{state['knn1'][name]:.1%}",
                )
                for name in ways
            ],
        ),
        *_seeds(metrics),
        _table(("effective rank", "of 128"), [(name, f"{value:.1f}") for name, value in metrics["rank"].items()]),
        _table(
            ("action class among the top 5 of 64, from the region where the edit begins", ""),
            [(name, f"{value:.1%}") for name, value in metrics["action_class_top5"].items()],
        ),
    ]
    for key, title in (("sibling_mrr", "hidden sibling, MRR"), ("rule_map", "same rule, MAP")):
        parts.append(_table((title, ""), [(name, f"{value:.3f}") for name, value in metrics[key].items()]))
    if "latency_ms" in metrics:
        rows = [(name, f"{row['p50']:.2f}", f"{row['p95']:.2f}") for name, row in metrics["latency_ms"].items()]
        parts.append(_table(("one thread, batch 1", "p50 ms", "p95 ms"), rows))
    return parts


def _seeds(metrics: Mapping[str, Any]) -> list[str]:
    """Mean and spread of every headline, where several seeds were judged."""
    if "seeds" not in metrics:
        return []
    rows = [
        (name, f"{one['mean']:.3f}", f"{one['spread']:.1%}", ", ".join(f"{value:.3f}" for value in one["values"]))
        for name, one in metrics["seeds"]["headlines"].items()
    ]
    heading = f"Trained from {metrics['seeds']['n']} seeds and judged alike; spread is (max - min) / mean:"
    return [heading, _table(("headline", "mean", "spread", "by seed"), rows)]


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
