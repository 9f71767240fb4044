"""A history in which files belong together, so that it can be told whether a search finds that out."""

from __future__ import annotations

FEATURES = 30


def pairs(count: int) -> list[tuple[str, dict[str, str]]]:
    """`count` commits, each to a feature's code and to its test in turn; every feature has words of its own."""
    files: dict[str, list[str]] = {}
    commits = []
    for i in range(count):
        feature = f"feature_{i % FEATURES}"
        code, test = f"app/{feature}.py", f"tests/check_{feature}.py"
        files.setdefault(code, ["import requests", "", ""]).extend(
            [f"def {feature}_step_{i}(session):", f"    return session.get({feature}_url, timeout={i})", "", ""]
        )
        files.setdefault(test, ["import app", "", ""]).extend(
            [f"def check_{feature}_step_{i}():", f"    assert {feature}_step_{i}(fake_{feature}) == {i}", "", ""]
        )
        changed = {path: "\n".join(files[path]) + "\n" for path in (code, test)}
        commits.append((f"Step {i} of {feature}", changed))
    return commits
