"""`make wheelhouse`: every wheel that codewm-lsp needs, itself included, in the folder wheelhouse/; then tries it.

    python scripts/wheelhouse.py

The wheels are for this system and this version of Python. hnswlib is compiled here, and for any processor of this kind:
left to itself it would be compiled for this very one, and end with an illegal instruction on an older. The folder is
then installed from into a new environment that has no network where the system can do that (`unshare` on Linux), and
is told to ask no package index anyway; `index`, `similar` and `doctor` must work from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import wheel_check

ROOT = Path(__file__).resolve().parent.parent
WHEELHOUSE = ROOT / "wheelhouse"
# Nothing of the user's own pip: neither another index nor another folder of wheels.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": str(WHEELHOUSE)}


def main() -> None:
    """Collect and try; a failed command or an AssertionError says what is wrong."""
    collect()
    with tempfile.TemporaryDirectory(prefix="codewm-wheelhouse-") as folder:
        try_offline(Path(folder))
    sizes = [wheel.stat().st_size for wheel in WHEELHOUSE.iterdir()]
    how = "without network" if without_network() else "without a package index"
    print(f"wheelhouse: {len(sizes)} wheels, {sum(sizes):,} bytes; installed and tried {how}")


def collect() -> None:
    """Download or build one wheel for each package."""
    shutil.rmtree(WHEELHOUSE, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--wheel-dir"]
    os.environ["HNSWLIB_NO_NATIVE"] = "1"
    # The cache may hold one that was compiled for this processor, and takes no notice of the variable.
    wheel_check.run([*pip, str(WHEELHOUSE), "--no-cache-dir", "--no-binary=hnswlib", str(ROOT)])
    assert not [file.name for file in WHEELHOUSE.iterdir() if file.suffix != ".whl"]


def try_offline(work: Path) -> None:
    """Install from the folder alone, and use what was installed."""
    os.environ |= OFFLINE
    os.environ.pop("PIP_EXTRA_INDEX_URL", None)
    environment = work / "venv"
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "codewm-lsp"]
    wheel_check.run([*without_network(), str(programs / "python"), *install])
    wheel_check.check_no_torch(programs / "python")
    program = [*without_network(), str(programs / "codewm-lsp")]
    assert wheel_check.run([*program, "--version"]).startswith("codewm-lsp, version ")
    repository = work / "repository"
    wheel_check.generate(repository)
    wheel_check.try_commands(program, repository)
    assert wheel_check.run([*program, "doctor", str(repository)]).endswith("\nno problems\n")


def without_network() -> list[str]:
    """What to put before a command so that it has no network; nothing, where the system does not let us."""
    unshare = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*unshare, "true"], capture_output=True).returncode == 0:
        return unshare
    return []


if __name__ == "__main__":
    main()
