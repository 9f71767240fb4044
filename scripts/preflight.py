"""Says what this machine still needs before `pip install` can work; silent if nothing.

hnswlib is compiled from source, and pip's own words about a missing compiler help nobody. Runs on any Python 3,
so that an old one is told so. Exit codes are those of docs/cli.md: 5 git is missing, 7 a compiler or Python part is.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

GIT_MISSING, DEPENDENCY_MISSING = 5, 7

GIT = """git was not found. Install it and try again:
  Debian, Ubuntu   apt install git
  Fedora           dnf install git
  macOS            xcode-select --install
  Windows          https://git-scm.com/download/win"""
COMPILER = """hnswlib is compiled from source and needs a C++ compiler and the Python headers. Install them:
  Debian, Ubuntu   apt install g++ python3-dev
  Fedora           dnf install gcc-c++ python3-devel
  macOS            xcode-select --install
  Windows          Visual Studio Build Tools, workload "Desktop development with C++" """
VENV = """this Python cannot make virtual environments. Install the missing part and try again:
  Debian, Ubuntu   apt install python3-venv"""
SAMPLE = "#include <vector>\n#include <Python.h>\nint main() { return std::vector<int>().size(); }\n"


def main():
    """Check everything, tell of the first thing that is missing."""
    if sys.version_info < (3, 11):  # noqa: UP036  this is where an older one is told
        found = ".".join(map(str, sys.version_info[:3]))
        stop(
            DEPENDENCY_MISSING,
            "Python 3.11 or newer is needed, this is " + found + "; try `make PYTHON=python3.12 ...`",
        )
    if shutil.which("git") is None:
        stop(GIT_MISSING, GIT)
    try:
        import ensurepip  # noqa: F401  Debian ships Python without it
        import venv  # noqa: F401
    except ImportError:
        stop(DEPENDENCY_MISSING, VENV)
    problem = compile_sample()
    if problem:
        stop(DEPENDENCY_MISSING, COMPILER + "\n(" + problem + ")")


def stop(code, message):
    """Tell and leave."""
    sys.stderr.write("codewm-lsp cannot be installed: " + message + "\n")
    sys.exit(code)


def compile_sample():
    """Why a C++ file that includes Python.h does not compile, in one line; empty if it does."""
    if os.name == "nt":
        return ""  # the compiler is not on PATH there: only the build itself finds it
    configured = os.environ.get("CXX") or sysconfig.get_config_var("CXX") or "c++"
    command = next(
        (words for words in (configured.split(), ["c++"], ["g++"], ["clang++"]) if shutil.which(words[0])), None
    )
    if command is None:
        return "no C++ compiler was found on PATH"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "sample.cpp")
        source.write_text(SAMPLE)
        headers = "-I" + sysconfig.get_paths()["include"]
        done = subprocess.run(
            [*command, headers, "-fsyntax-only", str(source)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    if done.returncode == 0:
        return ""
    errors = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
    return " ".join(command) + " says: " + next((line for line in errors if "error" in line), errors[0])


if __name__ == "__main__":
    main()
