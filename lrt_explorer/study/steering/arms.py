"""The table of arms: what is compared in an evaluation, and which of it a comparison can write."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import SHOWN_CHARACTERS
from lrt_explorer.registry import Entry, Table

UNSTEERED, NATIVE, TRANSFERRED, RANDOM, SHUFFLED = "unsteered", "native", "transferred", "random", "shuffled map"
OTHER, NO_MAP, AS_IN_PAPER, PROMPT = "other concept", "no map", "as in the paper", "prompt"
OTHER_LAYERS = "other layers"
NATIVE_DIRECT, TRANSFERRED_DIRECT = "native, direct", "transferred, direct"
PERMUTED, PERMUTED_NATIVE = "permuted labels", "permuted labels, native"
COVARIANCE, TEXTS = "drawn from the covariance", "random texts"
ANSWERS, HALF = "answer embeddings", "native, half"
UNTRAINED, EMBEDDINGS = "untrained small model", "token embeddings"
VOCABULARY, ANCHORS, OTHER_PAIRS = "through the vocabulary", "through anchors", "through other pairs"
BOUND = "fitted on the concept"
FEW = {2: "native, 2 pairs", 8: "native, 8 pairs", 32: "native, 32 pairs"}

Tone = Literal["still", "native", "transferred", "control"]
"""The colour of an arm: that of the arms without a vector, of both vectors, or of what should do nothing."""

ArmFunction = Callable[[Any], Sequence[Any]]
"""Takes the `ArmMaterial` of a concept and gives its `Direction`s; none where the arm adds nothing."""


@dataclass(frozen=True, kw_only=True)
class ArmKind(Entry[ArmFunction]):
    """An arm. Its unit is that of its strength, "" where nothing is added; its help says what steers it.

    Attributes:
        tone: its colour.
        marker, dash: Plotly's names, so that colour is never the only thing that tells it apart.
        offered: whether a comparison can write it.
        pane: whether it does so unless other arms are chosen.
        mapped: whether it needs a map.
        control: whether it knows nothing of the concept, so that the others are judged against its spread.
        beside: whether its retention stands beside that of the transferred vector.
        aside: whether figures show it only when they are asked to.
    """

    KIND: ClassVar[str] = "arm"
    tone: Tone
    marker: str
    dash: str
    offered: bool = False
    pane: bool = False
    mapped: bool = False
    control: bool = False
    beside: bool = False
    aside: bool = False


_HOME = "lrt_explorer.study.steering.arm_directions"
_STRENGTH = "typical deviations"
_FEW_MARKERS = ("triangle-left-open", "triangle-right-open", "diamond-tall-open")

ARMS: Table[ArmKind] = Table(
    [
        ArmKind(
            name=UNSTEERED,
            label="Unsteered",
            unit="",
            help="the large model as it is",
            function=f"{_HOME}:nothing",
            tone="still",
            marker="circle-open",
            dash="solid",
            offered=True,
            pane=True,
        ),
        ArmKind(
            name=NATIVE,
            label="Native",
            unit=_STRENGTH,
            help="the large model’s own vector",
            function=f"{_HOME}:native",
            tone="native",
            marker="circle",
            dash="solid",
            offered=True,
            pane=True,
        ),
        ArmKind(
            name=TRANSFERRED,
            label="Transferred",
            unit=_STRENGTH,
            help="the small model’s vector, mapped",
            function=f"{_HOME}:transferred",
            tone="transferred",
            marker="diamond",
            dash="dash",
            offered=True,
            pane=True,
            mapped=True,
        ),
        ArmKind(
            name=RANDOM,
            label="Random control",
            unit=_STRENGTH,
            help="a random vector, same norm",
            function=f"{_HOME}:random",
            tone="control",
            marker="x",
            dash="dot",
            offered=True,
            pane=True,
            beside=True,
        ),
        ArmKind(
            name=SHUFFLED,
            label="Shuffled map",
            unit=_STRENGTH,
            help="mapped by a map that knows no pairs",
            function=f"{_HOME}:shuffled",
            tone="control",
            marker="square-open",
            dash="dot",
            offered=True,
            mapped=True,
            control=True,
            beside=True,
        ),
        ArmKind(
            name=PERMUTED,
            label="Permuted labels",
            unit=_STRENGTH,
            help="the same texts with half of the labels swapped, mapped alike",
            function=f"{_HOME}:permuted",
            tone="control",
            marker="asterisk-open",
            dash="dot",
            beside=True,
        ),
        ArmKind(
            name=PERMUTED_NATIVE,
            label="Permuted labels, native",
            unit=_STRENGTH,
            help="the large model’s own vector with half of the labels swapped",
            function=f"{_HOME}:permuted_native",
            tone="control",
            marker="hash-open",
            dash="dot",
            aside=True,
        ),
        ArmKind(
            name=OTHER,
            label="Other concept",
            unit=_STRENGTH,
            help="another concept’s vector, mapped alike",
            function=f"{_HOME}:other_concepts",
            tone="control",
            marker="triangle-up-open",
            dash="dot",
            offered=True,
            mapped=True,
            beside=True,
        ),
        ArmKind(
            name=COVARIANCE,
            label="Covariance draws",
            unit=_STRENGTH,
            help="a random vector, as likely as the large model’s own states on ordinary text",
            function=f"{_HOME}:from_covariance",
            tone="control",
            marker="star-diamond-open",
            dash="dot",
            aside=True,
        ),
        ArmKind(
            name=TEXTS,
            label="Random texts",
            unit=_STRENGTH,
            help="the difference of two ordinary texts in the large model",
            function=f"{_HOME}:random_texts",
            tone="control",
            marker="bowtie-open",
            dash="dot",
            aside=True,
        ),
        ArmKind(
            name=UNTRAINED,
            label="Untrained small model",
            unit=_STRENGTH,
            help="an untrained small model’s vector, through a map of its own",
            function=f"{_HOME}:of_untrained",
            tone="control",
            marker="circle-cross-open",
            dash="dot",
            beside=True,
        ),
        ArmKind(
            name=EMBEDDINGS,
            label="Token embeddings",
            unit=_STRENGTH,
            help="the vector of the small model’s token embeddings, through their own map",
            function=f"{_HOME}:of_embeddings",
            tone="control",
            marker="square-cross-open",
            dash="dot",
            aside=True,
        ),
        ArmKind(
            name=VOCABULARY,
            label="Through the vocabulary",
            unit=_STRENGTH,
            help="the small model’s vector, by what it does to logits of shared tokens",
            function=f"{_HOME}:through_vocabulary",
            tone="transferred",
            marker="diamond-cross-open",
            dash="dot",
            aside=True,
        ),
        ArmKind(
            name=ANCHORS,
            label="Through anchors",
            unit=_STRENGTH,
            help="the small model’s vector, by its cosines with states of 1,000 tokens",
            function=f"{_HOME}:through_anchors",
            tone="transferred",
            marker="diamond-x-open",
            dash="dot",
            aside=True,
        ),
        ArmKind(
            name=OTHER_PAIRS,
            label="Through other pairs",
            unit=_STRENGTH,
            help="the small model’s vector, by an orthogonal map of other concepts’ pairs",
            function=f"{_HOME}:through_other_pairs",
            tone="transferred",
            marker="square-x-open",
            dash="dot",
            aside=True,
        ),
        ArmKind(
            name=NO_MAP,
            label="No map",
            unit=_STRENGTH,
            help="the small model’s vector as it is",
            function=f"{_HOME}:unmapped",
            tone="control",
            marker="triangle-down-open",
            dash="dot",
            offered=True,
        ),
        ArmKind(
            name=AS_IN_PAPER,
            label="As in paper",
            unit=_STRENGTH,
            help="the small model’s vector, mapped with the map’s bias",
            function=f"{_HOME}:as_in_paper",
            tone="transferred",
            marker="diamond-wide-open",
            dash="longdash",
            offered=True,
            mapped=True,
        ),
        ArmKind(
            name=OTHER_LAYERS,
            label="Other layers",
            unit=_STRENGTH,
            help="the small model’s vector, found, mapped and added at other layers",
            function=f"{_HOME}:nothing",
            tone="transferred",
            marker="hourglass-open",
            dash="longdashdot",
            offered=True,
            mapped=True,
        ),
        ArmKind(
            name=ANSWERS,
            label="Answer embeddings",
            unit=_STRENGTH,
            help="the difference of the answers’ own embeddings, of prompts that are not evaluated",
            function=f"{_HOME}:answer_embeddings",
            tone="control",
            marker="pentagon-open",
            dash="longdashdot",
            beside=True,
        ),
        ArmKind(
            name=HALF,
            label="Native, half",
            unit=_STRENGTH,
            help="the large model’s own vector from half of the pairs: the ceiling of transfer",
            function=f"{_HOME}:native_halves",
            tone="native",
            marker="circle-x-open",
            dash="dash",
            beside=True,
            aside=True,
        ),
        ArmKind(
            name=BOUND,
            label="Concept’s own map",
            unit=_STRENGTH,
            help="the small model’s vector, by a map of the other half of the concept’s pairs",
            function=f"{_HOME}:bound",
            tone="transferred",
            marker="hexagram-open",
            dash="longdash",
            beside=True,
            aside=True,
        ),
        *(
            ArmKind(
                name=name,
                label=f"Native, {pairs} pairs",
                unit=_STRENGTH,
                help=f"the large model’s own vector from {pairs} pairs",
                function=f"{_HOME}:native_of_{pairs}",
                tone="native",
                marker=marker,
                dash="dot",
                aside=True,
            )
            for (pairs, name), marker in zip(FEW.items(), _FEW_MARKERS, strict=True)
        ),
        ArmKind(
            name=NATIVE_DIRECT,
            label="Native, direct",
            unit=_STRENGTH,
            help="native, sent straight to the logits",
            function=f"{_HOME}:native_direct",
            tone="native",
            marker="hexagon-open",
            dash="dashdot",
        ),
        ArmKind(
            name=TRANSFERRED_DIRECT,
            label="Transferred, direct",
            unit=_STRENGTH,
            help="transferred, sent straight to the logits",
            function=f"{_HOME}:transferred_direct",
            tone="transferred",
            marker="diamond-open",
            dash="dashdot",
        ),
        ArmKind(
            name=PROMPT,
            label="Prompt",
            unit="",
            help="words before the prompt, no vector",
            function=f"{_HOME}:nothing",
            tone="still",
            marker="star",
            dash="longdash",
            offered=True,
        ),
    ]
)
"""All controls are dotted light grey, and all that goes straight to the logits is hollow."""
OFFERED = tuple(name for name, arm in ARMS.items() if arm.offered)
"""The arms that a comparison can write."""
PANES = tuple(name for name, arm in ARMS.items() if arm.pane)
"""Those that it writes unless others are chosen."""
CONTROLS = tuple(name for name, arm in ARMS.items() if arm.control)
"""The arms that know nothing of the concept, against whose spread the others are judged."""
BESIDE = tuple(name for name, arm in ARMS.items() if arm.beside)
"""The controls whose retention stands beside that of the transferred vector."""


def beside(found: Collection[str]) -> tuple[str, ...]:
    """Those of `BESIDE` that an evaluation has, in their order."""
    return tuple(name for name in BESIDE if name in found)


def chosen_arms(names: str | Sequence[str]) -> tuple[str, ...]:
    """The arms of a comparison in the order of the table, the unsteered one among them in any case.

    Args:
        names: any that a comparison can write, in any order, as a sequence or separated by commas; a hyphen stands for
            a space.

    Raises:
        SettingsError: if there is no such arm.
    """
    listed = names.split(",") if isinstance(names, str) else names
    asked = {name.strip().replace("-", " ") for name in listed if name.strip()}
    for name in sorted(asked.difference(OFFERED)):
        raise SettingsError(f"there is no arm {name[:SHOWN_CHARACTERS]!r} to compare; choose from {', '.join(OFFERED)}")
    return tuple(name for name in OFFERED if name == UNSTEERED or name in asked)


def spelled(names: Sequence[str]) -> str:
    """Arms as a command and a link name them, for `chosen_arms` to read: "native,no-map"."""
    return ",".join(name.replace(" ", "-") for name in names)


def need_map(names: Sequence[str]) -> bool:
    """Whether one of these arms can only be written with a map."""
    return any(ARMS[name].mapped for name in names)
