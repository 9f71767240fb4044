"""The programs in scripts/ that write files of the repository: tests say that those files are current."""

from __future__ import annotations

import sys
from pathlib import Path

# Importlib mode does not find modules outside of the tests by itself. Last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parents[2] / "scripts"))
