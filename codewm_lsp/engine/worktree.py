"""What the working tree's files were at HEAD: the base that live edits are counted from."""

from __future__ import annotations

from codewm_model.git import BlobReader, Repository


def base_text(repository: Repository, path: str) -> str | None:
    """The file at HEAD, line ends as they are stored; None if it is not tracked, binary or too large."""
    with BlobReader(repository) as blobs:
        content = blobs.read(f"HEAD:{path}")
    if content is None or content.startswith(b"version https://git-lfs.github.com/spec/"):
        return None
    return decoded(content)


def decoded(content: bytes) -> str | None:
    """A file's text: UTF-8 where it fits, else Latin-1, which fits everything; None if it is binary."""
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
