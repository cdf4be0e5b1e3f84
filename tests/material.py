"""Where material lies that is not part of the project: a real public checkpoint and real contrast data.

Beside the project, or in the folder that LRT_SHARED names. Tests that need it skip where it is not.
"""

import os
from pathlib import Path

SHARED = Path(os.environ.get("LRT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
NOT_HERE = f"no shared material in {SHARED}; set LRT_SHARED to the folder that holds models/ and data/"
