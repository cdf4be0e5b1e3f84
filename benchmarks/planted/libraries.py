"""Imports the libraries whose import takes most of the time of a short test, under the settings of the tests."""

import os
from importlib import import_module

# As in tests/conftest.py, which comes too late for a process in which these are imported already.
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
}
for name in ("torch", "scipy.stats", "sklearn.linear_model", "plotly.graph_objects", "gradio"):
    import_module(name)
# Names of transformers are imported when they are first asked for.
for name in ("AutoConfig", "AutoModelForCausalLM", "PreTrainedTokenizerFast"):
    getattr(import_module("transformers"), name)
