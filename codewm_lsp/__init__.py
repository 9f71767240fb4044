"""The product: command line, language server and edit index. Never imports torch."""

__version__ = "0.1.0"
