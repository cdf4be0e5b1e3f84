"""Suggest: which layers to use, by evidence on held-out text and prompts, and why in words."""

import math
import time
from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.defaults import FEW_PAIRS
from lrt_explorer.errors import ContrastError, SettingsError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.chat import Document
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import LayerGrid, layer_grid
from lrt_explorer.study.fitting.solve import least_tokens
from lrt_explorer.study.ground.known import few_pairs, known_vectors, model_label
from lrt_explorer.study.ground.pair import BLOCKS_ABOVE, Pair
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.native_effect import ROWS, native_effects
from lrt_explorer.study.steering.neutral import neutral_prompts

SHARE_ABOVE = 4
"""One block in so many stays above a suggested layer: in deep models two are too close to the output."""
LAYERS_TRIED = 4
CONCEPTS_TRIED = 3
PROMPTS_TRIED = 8
NEUTRAL_TRIED = 4
TOKENS = 5_000
SECONDS = 120.0
"""What a suggestion may take; where it would take longer it reads less."""
SHARES = (1.0, 0.5, 0.25)
"""Of all that, tried in turn until the time is enough."""
TIMED_TEXTS, TIMED_TOKENS, TIMED_RUNS = 4, 64, 2
"""Texts that are read to see how fast the models are, how much of each, and how often: the fastest time counts."""
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Candidate:
    """A layer pair with its evidence.

    Attributes:
        small_layer: block of the small model.
        large_layer: block of the large model.
        r2_standardised: held-out variance that the map explains, every dimension in units of its own deviation.
        direction_cosine: mean over concepts, mapped against native vector, in the same units.
        native_effect: how strongly the large model answers its own vectors here at equal cost, as a share of its best
            layer tried.
        relabelled: mean over concepts, the direction cosine that 19 in 20 vectors of relabelled pairs stay below; None
            where the scores were known before.
    """

    small_layer: int
    large_layer: int
    r2_standardised: float
    direction_cosine: float
    native_effect: float
    relabelled: float | None = None

    @property
    def agreement(self) -> float:
        """How well the map does, as a cosine: the mean of that of directions and that of points.

        √R² is the cosine between what the map predicts and what is there, taken over all held-out points. R² alone
        stays high while mapped directions turn; directions alone are few. Both are standardised, so that no single
        dimension can buy them.
        """
        return (self.direction_cosine + math.sqrt(max(self.r2_standardised, 0.0))) / 2

    @property
    def score(self) -> float:
        """How much of the best native effect a mapped vector should have, if effects add up along directions."""
        return self.agreement * self.native_effect


@dataclass(frozen=True)
class Suggestion:
    """The layers to use.

    Attributes:
        small_layer: block of the small model.
        large_layer: block of the large model.
        reason: one sentence for people.
        candidates: all that were tried, best first.
    """

    small_layer: int
    large_layer: int
    reason: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Plan:
    """How much a suggestion reads.

    Attributes:
        tokens: pairs of tokens for the maps; 0 where their scores are known.
        concepts: contrast sets, cut to some of their pairs.
        prompts: readout prompts of each.
        seconds: how long that should take on this machine.
    """

    tokens: int
    concepts: tuple[ContrastSet, ...]
    prompts: int
    seconds: float


def suggest_layers(
    pair: Pair,
    texts: Iterable[Document],
    concepts: Sequence[ContrastSet],
    *,
    tried: tuple[Sequence[int] | None, Sequence[int] | None] = (None, None),
    tokens: int | None = None,
    reading: Reading | None = None,
    grid: LayerGrid | None = None,
    seconds: float = SECONDS,
) -> Generator[Progress, None, Suggestion]:
    """Try layer pairs and suggest the one whose mapped vectors should steer the large model most.

    Layers of the large model with fewer than two blocks above, or a quarter of all, are never suggested. How long it
    will take is yielded before it starts, from the time that both models take for a few texts.

    Args:
        pair: the models.
        texts: documents to fit the maps on.
        concepts: contrast sets to choose from, those that suit the pair best first; at most three are compared, and
            those with prompts also show where steering works at all.
        tried: blocks of the small and of the large model to try; where None is, some in the middle.
        tokens: pairs of tokens for the maps; None for 5,000, or as many as a map between these widths needs.
        reading: how vectors are read.
        grid: what is known of the layer pairs already; where it holds all that are tried, no text is read.
        seconds: what it may take; less is read where the estimate is above that, down to a quarter.

    Raises:
        SettingsError: if no layer can be suggested.
        ContrastError: without concepts, or if none of those tried gives a vector at any of the layers.
    """
    small, large = pair.both
    if not concepts:
        raise ContrastError("layers are suggested by how well directions of concepts agree; give at least one concept")
    highest = highest_suggested(large.layers)
    tried_large = [j for j in tried[1] or middle_layers(large.layers, highest) if j <= highest]
    if not tried_large:
        raise SettingsError(
            f"{large.name} has {large.layers} blocks, and a layer to steer needs {large.layers - 1 - highest} above "
            "it; choose a deeper model or a lower layer"
        )
    tried_small = tried[0] or middle_layers(small.layers, max(small.layers - 2, 0))
    pairs = list(product(tried_small, tried_large))
    known = grid is not None and all((cell := grid.cell(*pair)) and cell.was_compared for pair in pairs)
    neutral = neutral_prompts(NEUTRAL_TRIED, pair.world.ordinary)
    yield Progress(0, 1, "timing how fast both models read")
    wanted = 0 if known else max(TOKENS, least_tokens(small.width)) if tokens is None else tokens
    plan = _plan(pair, concepts, pairs, wanted, neutral, reading, seconds)
    count = f"{len(plan.concepts)} concept{'s' * (len(plan.concepts) > 1)}"
    reads = f"{plan.tokens:,} tokens and {count}" if plan.tokens else count
    yield Progress(0, 1, f"about {max(1, round(plan.seconds))} s: reading {reads}, trying {len(pairs)} layer pairs")
    if grid is None or not known:
        settings = FitSettings(tokens=plan.tokens, concepts=plan.concepts, reading=reading, relabelled=True)
        grid = yield from layer_grid(pair, texts, settings, pairs=pairs)
    cells = [cell for cell in grid.cells if (cell.small_layer, cell.large_layer) in pairs]
    if all(cell.direction_cosine is None for cell in cells):
        raise ContrastError(f"no concept tried gives a vector at these layers: {'; '.join(grid.left_out.values())}")
    effects = yield from native_effects(
        large, tried_large, plan.concepts, neutral, prompts=plan.prompts, reading=reading
    )
    candidates = [
        Candidate(
            cell.small_layer,
            cell.large_layer,
            cell.r2_standardised or 0.0,
            cell.direction_cosine_standardised or 0.0,
            effects[cell.large_layer],
            cell.direction_cosine_standardised_relabelled,
        )
        for cell in cells
    ]
    candidates.sort(key=lambda c: (c.score, c.agreement), reverse=True)
    best = candidates[0]
    concept_count = max(cell.concepts for cell in cells)
    return Suggestion(best.small_layer, best.large_layer, _reason(best, large, concept_count), tuple(candidates))


def highest_suggested(layers: int) -> int:
    """The highest of so many blocks that is suggested for steering; negative where there is none."""
    return layers - 1 - max(BLOCKS_ABOVE, layers // SHARE_ABOVE)


def middle_layers(layers: int, highest: int, count: int = LAYERS_TRIED) -> list[int]:
    """At most `count` blocks spread evenly from a quarter of the depth to `highest`."""
    lowest = min(layers // 4, highest)
    return sorted({round(x) for x in np.linspace(lowest, highest, count)}) if highest >= 0 else []


def _plan(
    pair: Pair,
    concepts: Sequence[ContrastSet],
    pairs: Collection[tuple[int, int]],
    tokens: int,
    neutral: Sequence[str],
    reading: Reading | None,
    seconds: float,
) -> Plan:
    """As much as can be read in the time, and how long that takes."""
    small, large = pair.both
    # Those with prompts also tell where steering works.
    chosen = sorted(concepts, key=lambda concept: not concept.prompts)[:CONCEPTS_TRIED]
    layers = ((small, sorted({i for i, _ in pairs})), (large, sorted({j for _, j in pairs})))

    def at_once(concept: ContrastSet) -> bool:
        return all(known_vectors().holds(lm, concept, some, reading) for lm, some in layers)

    sample = [text for pair in chosen[0].pairs for text in pair][:TIMED_TEXTS]
    small_time, large_time = (_seconds_per_character(lm, sample) for lm, _ in layers)
    # Characters cost more tokens in one tokenizer than in the other; a token of a corpus has about four of them.
    both = small_time + large_time
    above = [1 - (layer + 1) / large.layers for layer in layers[1][1]]
    quiet = ROWS * sum(map(len, neutral))
    for share in SHARES:
        used = tuple(
            concept if at_once(concept) else few_pairs(concept, math.ceil(share * FEW_PAIRS))
            for concept in chosen[: math.ceil(share * len(chosen))]
        )
        prompts = math.ceil(share * PROMPTS_TRIED)
        read = max(round(share * tokens), min(tokens, least_tokens(small.width)))
        asked = sum(2 * len(prompt.text) for concept in used for prompt in concept.prompts[:prompts])
        # The vectors where they are not known, and those of relabelled pairs where maps are to be fitted.
        sets = [concept for concept in used if not at_once(concept)] + [few_pairs(one) for one in used if tokens]
        needed = sum(len(text) for concept in sets for pair in concept.pairs for text in pair)
        steered = sum(above) * (len(used) * quiet + asked)
        estimate = both * (CHARACTERS_PER_TOKEN * read + needed) + large_time * steered
        plan = Plan(read, used, prompts, estimate)
        if estimate <= seconds:
            break
    return plan


def _seconds_per_character(lm: LanguageModel, texts: Sequence[str]) -> float:
    """How long a model takes to read, from reading some texts."""
    encoded = encode(lm, texts, max_length=TIMED_TOKENS)
    taken = []
    for _ in range(TIMED_RUNS):
        begun = time.perf_counter()
        capture(lm, encoded, [lm.layers - 1])
        taken.append(time.perf_counter() - begun)
    return min(taken) / max(1, sum(int(ends[-1]) if len(ends) else 0 for ends in encoded.ends))


def _reason(best: Candidate, large: LanguageModel, concepts: int) -> str:
    above = large.layers - 1 - best.large_layer
    count = f"{concepts} concepts" if concepts > 1 else "one concept"
    if best.relabelled is not None:
        count += f"; relabelled pairs stay below {best.relabelled:.2f}"
    return (
        f"From layer {best.small_layer} to layer {best.large_layer}, mapped directions agree with native ones "
        f"(cosine {best.direction_cosine:.2f}, {count}) and the map explains {best.r2_standardised * 100:.0f} % of "
        f"held-out variance, both with all dimensions counted alike; at equal cost, "
        f"{model_label(large.name)}’s own vectors have {best.native_effect * 100:.0f} % of the effect there that they "
        f"have at the best layer tried; "
        f"{above} blocks remain above."
    )
