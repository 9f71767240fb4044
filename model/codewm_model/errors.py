"""Every error that a person may see. Messages say what is wrong and which command mends it.

CodewmError
├── HistoryError              git refused, or its output could not be read
│   ├── NotARepositoryError
│   └── GitMissingError       no git, or one too old
├── IndexStoreError           the index cannot be read
│   ├── IndexMissingError
│   ├── IndexVersionError     written by another version or with another model
│   └── IndexBusyError        another process is writing it
├── BundleError               the model is missing, damaged or of another version
├── ProjectFileError          pyproject.toml cannot be read
├── DismissalError            what was dismissed cannot be read or stored
└── DependencyError           a package that needs a compiler is not installed
"""

from __future__ import annotations


class CodewmError(Exception):
    """Base of all errors with a message meant for people; `exit_code` is the command line's."""

    exit_code = 70


class HistoryError(CodewmError):
    """git could not read the history."""

    exit_code = 4


class NotARepositoryError(HistoryError):
    """The path lies in no git repository."""


class GitMissingError(HistoryError):
    """git is not on PATH, or is older than the version whose safety switches are needed."""

    exit_code = 5


class IndexStoreError(CodewmError):
    """The index is there but cannot be read."""

    exit_code = 3


class IndexMissingError(IndexStoreError):
    """The repository has not been indexed yet."""


class IndexVersionError(IndexStoreError):
    """The index was written by another version of the representation, or with another model."""

    exit_code = 6


class IndexBusyError(IndexStoreError):
    """Another process is writing the index."""


class BundleError(CodewmError):
    """The model's bundle is missing, damaged or of another version, or cannot be run."""

    exit_code = 6


class ProjectFileError(CodewmError):
    """The repository's pyproject.toml cannot be read."""

    exit_code = 2


class DismissalError(CodewmError):
    """The file of what a person dismissed cannot be read or written."""

    exit_code = 3


class DependencyError(CodewmError):
    """A required package is missing, usually because it could not be compiled."""

    exit_code = 7
