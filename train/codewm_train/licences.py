"""Which licences let code be learned from freely: by their SPDX names."""

from __future__ import annotations

import re

PERMISSIVE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0",
        "Python-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
_NAMES = {name.lower() for name in PERMISSIVE}


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression, in any case, offers a choice of permissive licences alone.

    Of one with brackets every licence must be permissive.
    """
    choices = [expression] if "(" in expression else re.split(r"\s+or\s+", expression, flags=re.IGNORECASE)
    return any(bool(names) and _NAMES.issuperset(names) for names in map(_licences, choices))


def _licences(expression: str) -> set[str]:
    return set(re.split(r"[\s()]+", expression.lower())) - {"", "and", "or"}
