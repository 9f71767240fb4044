"""The editor-free core: index, search, encoder. Knows no LSP and prints nothing.

It is imported by tests, scripts and the command line without an editor around, which is why pygls and
lsprotocol are forbidden here.
"""

from codewm_lsp.engine.encoder import Encoder

__all__ = ["Encoder"]
