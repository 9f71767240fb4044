"""The folders of the client's workspace, each with the settings that the client has for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codewm_lsp.server.convert import document_key, path_of
from codewm_lsp.server.settings import Settings


class Folders:
    """Which folders there are, in the client's order. Belongs to the event loop."""

    def __init__(self) -> None:
        self.settings = Settings()
        """The client's settings for files that lie in no folder with settings of its own."""
        self._uris: dict[str, str] = {}
        self._own: dict[str, Settings] = {}

    @property
    def uris(self) -> tuple[str, ...]:
        """The folders as the client spells them."""
        return tuple(self._uris.values())

    @property
    def paths(self) -> tuple[Path, ...]:
        """The folders on this machine's disk."""
        return tuple(path for uri in self._uris.values() if (path := path_of(uri)) is not None)

    def add(self, uris: Sequence[str]) -> None:
        """Folders were added; known ones stay as they are."""
        for uri in uris:
            self._uris.setdefault(document_key(uri), uri)

    def remove(self, uris: Sequence[str]) -> None:
        """Folders were removed; unknown ones are passed over."""
        for uri in uris:
            self._uris.pop(document_key(uri), None)
            self._own.pop(document_key(uri), None)

    def configure(self, uri: str, settings: Settings | None) -> None:
        """Set a folder's own settings, or with None let it have the general ones; an unknown one is passed over."""
        key = document_key(uri)
        if key in self._uris and settings is not None:
            self._own[key] = settings
        else:
            self._own.pop(key, None)

    def settings_for(self, path: Path | None) -> Settings:
        """The settings of the innermost folder that a file lies in."""
        found, depth = self.settings, -1
        for key, settings in self._own.items():
            folder = path_of(self._uris[key])
            if folder is not None and path is not None and path.is_relative_to(folder) and len(folder.parts) > depth:
                found, depth = settings, len(folder.parts)
        return found
