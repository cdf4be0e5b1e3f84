"""What to start from where nothing is chosen: layers, a prompt, the tokens of a first map, the name of a text."""

import hashlib
import json
from functools import cache
from os.path import commonprefix, isfile
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.defaults import FIRST_FIT_TOKENS
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import assets_home
from lrt_explorer.study.hub import HUB
from lrt_explorer.study.solve import least_tokens
from lrt_explorer.study.suggest import BLOCKS_ABOVE
from lrt_explorer.study.texts import BROKEN_OFF, SELF, SHIPPED, TINYWORLD, Corpus, Source

DEPTH = 0.6
"""How deep the layers of a pair lie that nobody has studied: where most vectors were seen to steer."""
NAMED = (SELF, *SHIPPED, TINYWORLD, BROKEN_OFF)
"""Corpora that are no file, whatever lies in the folder one stands in."""
EXAMPLES = 3
"""Prompts to start from that are offered for a concept."""


def default_layers(small: str, large: str, small_layers: int, large_layers: int) -> tuple[int, int]:
    """The layers to begin with: those of a known pair, else at like depths with two blocks left above the steered one.

    Args:
        small: name of the small model.
        large: name of the large model.
        small_layers: how many blocks the small model has.
        large_layers: how many blocks the large model has.
    """
    for pair in PAIRS:
        if (pair.small, pair.large) == (small, large):
            return pair.small_layer, pair.large_layer
    highest = max(large_layers - 1 - BLOCKS_ABOVE, 0)
    return int(DEPTH * (small_layers - 1)), min(round(DEPTH * (large_layers - 1)), highest)


def first_fit_tokens(small_width: int) -> int:
    """Pairs of tokens for the first map of a pair whose small model is so wide."""
    return max(FIRST_FIT_TOKENS, least_tokens(small_width))


def corpus_name(source: Source) -> str:
    """The name that maps and moments of a corpus bear: of a file its own, with a mark of its content.

    Another text in a file of the same name is another corpus.

    Args:
        source: as `read_texts` takes it.
    """
    if isinstance(source, Corpus):
        return source.name
    if source in NAMED or source.startswith(HUB):
        return source
    if isfile(source):
        with Path(source).open("rb") as content:
            return f"{Path(source).name} ({hashlib.file_digest(content, 'sha256').hexdigest()[:12]})"
    parts = source.split("+")
    return source if len(parts) == 1 else "+".join(corpus_name(part.strip()) for part in parts)


def default_prompt(contrast: ContrastSet) -> str:
    """The prompt that a comparison starts from unless someone writes another: the first of `example_prompts`."""
    examples = example_prompts(contrast)
    return examples[0] if examples else ""


def example_prompts(contrast: ContrastSet) -> tuple[str, ...]:
    """Prompts on which a concept shows: those picked by hand, else its first readout prompts.

    Without either it is how both texts of the first pair begin. There are none where they begin with nothing in common;
    then the user writes the prompt.
    """
    if chosen := contrast.examples or _chosen_examples(assets_home()).get(contrast.name):
        return tuple(chosen)
    shared = commonprefix(contrast.pairs[0]).rpartition(" ")[0]
    begun = shared or contrast.pairs[0][1].partition(" ")[0]
    prompts = [prompt.text for prompt in contrast.prompts] or [begun]
    return tuple(dict.fromkeys(prompt for prompt in prompts if prompt.strip()))[:EXAMPLES]


@cache
def _chosen_examples(assets: Path) -> dict[str, list[str]]:
    """Prompts picked by hand, easier to read than those that measure; none where the assets bring none."""
    file = assets / "examples.json"
    examples: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return examples
