"""Which model the product runs: the one that ships with it, or the one that `CODEWM_BUNDLE` names.

A variable of the environment and no option, so that it reaches index workers, servers and every command alike: an
index is of use only to readers that run the model which made it.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from codewm_model.bundle import Bundle
from codewm_model.errors import BundleError

VARIABLE = "CODEWM_BUNDLE"
SHIPPED = Path(__file__).parent.parent / "assets" / "default"


def default_bundle() -> Bundle:
    """The bundle, verified once for each process.

    Raises:
        BundleError: it is missing, damaged or of another version.
    """
    named = os.environ.get(VARIABLE)
    try:
        return _opened(Path(named).absolute() if named else SHIPPED)
    except BundleError as error:
        remedy = f"{VARIABLE} names it" if named else "`pip install --force-reinstall codewm-lsp` brings it back"
        raise BundleError(f"{error} ({remedy})") from error


@functools.cache
def _opened(folder: Path) -> Bundle:
    return Bundle.open(folder)
