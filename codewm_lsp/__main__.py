"""`python -m codewm_lsp` is `codewm-lsp`."""

from codewm_lsp.cli import main

if __name__ == "__main__":
    main()
