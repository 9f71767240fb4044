"""One LSP method per function, named after it: take a snapshot, ask the session, convert.

A document that is not open, is left alone or has moved on is answered empty, never with an error.
"""
