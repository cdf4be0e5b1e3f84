"""Entry for `python app.py` and for Spaces: the same as `lrt-explorer serve`."""

import sys

from lrt_explorer.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
