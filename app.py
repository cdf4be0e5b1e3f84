"""Entry for `python app.py` and for Spaces: the same as `lrt-explorer serve`."""

import contextlib
import sys
from importlib import import_module

if __name__ == "__main__":
    # A Space that lends GPUs wants this before anything else; no other machine has it.
    with contextlib.suppress(ImportError):
        import_module("spaces")
    from lrt_explorer.cli import main

    sys.exit(main(["serve", *sys.argv[1:]]))
