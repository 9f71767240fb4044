"""The language server, and the only room that knows LSP.

`app` wires `handlers` to one `session`. The engine is imported on first use: the answer to `initialize`
must not wait for numpy and the index library. Never torch: what a user installs does not have it.
"""
