"""`python -m lrt_explorer`: the command line, for launchers that start a module."""

import sys

from lrt_explorer.cli import main

if __name__ == "__main__":
    sys.exit(main())
