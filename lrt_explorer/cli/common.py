"""What the commands share: options, models, and progress on stderr."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrt_explorer.cli.streams import check_output, tell
from lrt_explorer.concepts.methods import METHODS
from lrt_explorer.concepts.sets.readings import readings_help
from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.concepts.sets.scorer_kinds import scorers_help
from lrt_explorer.registry import Table
from lrt_explorer.study.ground.progress import Progress, Result, finish

if TYPE_CHECKING:
    from lrt_explorer.concepts.contrast import ContrastSet
    from lrt_explorer.concepts.sets.scoring import ScorerChoice
    from lrt_explorer.study.ground.world import World
    from lrt_explorer.study.steering.sides import GivenFile
    from lrt_explorer.workbench.requests import Models

Json = dict[str, Any]
"""What a command prints with --json: keys are fixed, so that other programs can rely on them."""

ELSEWHERE = "kept_elsewhere"
"""Under this key a command says in one sentence what could not be written where it was asked for, and where it is."""
ALL_CONCEPTS, NO_CONCEPTS = "all", "none"
SECONDS_BETWEEN_REPORTS = 0.5
MODEL_HELP = "a preset, a folder, a GGUF file or a hub id"


def run_study(study: Generator[object, None, Result], *, keeps: bool = False) -> Result:
    """Run a study to its end, saying on stderr how far it is; on a terminal in one line.

    What begins is always said, how it goes on at most twice a second.

    Args:
        study: the study.
        keeps: whether it saves what it has when it is closed. Then the first Ctrl-C lets it end the step it is at, for
            what is half done cannot be saved, and only the second stops it at once.
    """
    terminal, said_at, said = sys.stderr.isatty(), float("-inf"), ""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        if stopped:
            raise KeyboardInterrupt
        stopped = True
        tell("stopping after this step to save what is done")

    def report(progress: Progress) -> None:
        nonlocal said_at, said
        if stopped:
            study.close()
            raise KeyboardInterrupt
        begins = progress.done == 0 and progress.message != said
        if speaks() and (begins or time.monotonic() - said_at >= SECONDS_BETWEEN_REPORTS):
            said_at, said = time.monotonic(), progress.message
            line = f"{progress.share:4.0%}  {progress.message}"
            tell(f"\r\033[K{line}" if terminal else line, end="" if terminal else "\n")

    # Signals reach the main thread alone, and only there can their handlers be set.
    handled = keeps and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, stop) if handled else None
    try:
        return finish(study, report)
    finally:
        if handled:
            signal.signal(signal.SIGINT, before)
        if terminal:
            tell("\r\033[K", end="")


def speaks() -> bool:
    """Whether this process tells how far it is: of several that a launcher started, only the first."""
    return os.environ.get("RANK", "0") == "0"


def check_places(options: argparse.Namespace) -> None:
    """Try the places that a command will write to, before any work; a command names them by `add_places`.

    Raises:
        ArtifactError: if one cannot be written.
    """
    if hasattr(options, "show"):
        check_output()
    if not hasattr(options, "places"):
        return
    from lrt_explorer.store.writing import check_file, check_folder

    if options.keeps or options.out is None:
        check_folder(None)
    for name, is_folder in options.places.items():
        if (place := getattr(options, name)) is not None:
            (check_folder if is_folder else check_file)(place)


def add_places(
    parser: argparse.ArgumentParser, *, folders: Sequence[str] = (), files: Sequence[str] = (), keeps: bool = False
) -> None:
    """Name the options whose values are written to, "out" among them.

    Args:
        parser: of the command.
        folders: options that name folders.
        files: options that name files.
        keeps: whether the command writes to the data folder in any case, not only without `--out`.
    """
    places = {**dict.fromkeys(folders, True), **dict.fromkeys(files, False)}
    parser.set_defaults(places=places, keeps=keeps)


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option that every command with a result has."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_models(parser: argparse.ArgumentParser) -> None:
    """The two models, and the layers to use in them."""
    parser.add_argument("small", metavar="SMALL", help=f"the model that the vector comes from: {MODEL_HELP}")
    parser.add_argument("large", metavar="LARGE", help=f"the model that is steered: {MODEL_HELP}")
    parser.add_argument(
        "--small-layer",
        type=int,
        metavar="I",
        help="block of the small model, counted from 0 (default: what suits the pair)",
    )
    parser.add_argument(
        "--large-layer",
        type=int,
        metavar="J",
        help="block of the large model, counted from 0 (default: what suits the pair)",
    )
    add_placement(parser)


def add_map(parser: argparse.ArgumentParser) -> None:
    """The map to use."""
    how = "folder of a fitted map (default: an existing one; if there is none, one is fitted first)"
    parser.add_argument("--map", type=Path, metavar="DIR", help=how)


def add_placement(parser: argparse.ArgumentParser) -> None:
    """Where models go, and in which precision: for every command that loads one."""
    where = (
        "auto, cpu, cuda, cuda:1 or mps (default: LRT_EXPLORER_DEVICE, or else auto: an accelerator if there is one)"
    )
    parser.add_argument("--device", metavar="DEVICE", help=where)
    precision = "auto, float32, float16 or bfloat16 (default: LRT_EXPLORER_DTYPE, or else auto: float32 on the CPU)"
    parser.add_argument("--dtype", metavar="TYPE", help=precision)
    spread = "auto spreads each model over all accelerators (default: LRT_EXPLORER_DEVICE_MAP, or else one device)"
    parser.add_argument("--device-map", choices=("auto",), help=spread)


def place_as_asked(options: argparse.Namespace) -> None:
    """Have the command's models loaded where its options say.

    Raises:
        ModelError: if there is no such device or precision.
    """
    asked = {name: getattr(options, name, None) for name in ("device", "dtype", "device_map")}
    # What an earlier command of this process asked for must not stay; without one, nothing is imported.
    if any(asked.values()) or "lrt_explorer.lm.cache" in sys.modules:
        from lrt_explorer.lm.cache import place_models

        place_models(**asked)


def add_concept(parser: argparse.ArgumentParser) -> None:
    """The concept, and how its vectors are found."""
    parser.add_argument(
        "--concept",
        required=True,
        metavar="NAME|FILE",
        help="a concept that ships, or a file of pairs (docs/formats.md)",
    )
    add_vectors(parser)


def add_concepts(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Several concepts, as `named_concepts` takes them; the purpose is said in the help."""
    parser.add_argument(
        "--concepts",
        default=ALL_CONCEPTS,
        metavar="NAME|FILE,…|all",
        help=f"concepts to {purpose} (default: all that ship for these models)",
    )


def add_vectors(parser: argparse.ArgumentParser) -> None:
    """How vectors are found in contrast texts."""
    readings = f"which tokens to read (default: the concept's choice). {readings_help()}"
    parser.add_argument("--reading", metavar="READING", help=readings)
    methods = f"how texts become a vector (default: %(default)s). {described(METHODS)}"
    parser.add_argument("--method", choices=tuple(METHODS), default=METHODS.default, help=methods)
    parser.add_argument("--whiten", action="store_true", help="down-weight directions that vary in any text")


def add_own_vectors(parser: argparse.ArgumentParser) -> None:
    """Vectors from files in place of those of the texts."""
    parser.add_argument(
        "--vector",
        action="append",
        default=[],
        metavar="[SIDE=]FILE",
        help="a vector of your own, .safetensors or .gguf, in place of what the concept's texts give; SIDE says whose "
        "it is where the file does not: small, large, or transferred through a map; may be repeated",
    )


def chosen_vectors(options: argparse.Namespace) -> "list[GivenFile]":
    """The vector files that were asked for, each with what was said of it.

    Raises:
        SettingsError: if a side is not one.
    """
    from lrt_explorer.study.steering.sides import given_file

    return [given_file(text) for text in options.vector]


def add_readout(parser: argparse.ArgumentParser) -> None:
    """What the answers are counted in."""
    how = f"how to measure answers (default: the concept's choice). {described(READOUTS)}"
    parser.add_argument("--readout", choices=tuple(READOUTS), help=how)


def add_scorer(parser: argparse.ArgumentParser) -> None:
    """What scores written texts."""
    how = f"what scores the texts (default: the concept's own): {scorers_help()}".replace("%", "%%")
    parser.add_argument("--scorer", metavar="SCORER", help=how)


def chosen_scorer(options: argparse.Namespace) -> "ScorerChoice | None":
    """The scorer asked for, if one was.

    Raises:
        SettingsError: if it names none.
    """
    from lrt_explorer.concepts.sets.scoring import scorer_from_text

    return None if options.scorer is None else scorer_from_text(options.scorer)


def named_concepts(asked: str, world: "World") -> "list[ContrastSet]":
    """The concepts that a list of names and files stands for; "all" is what ships for the pair, "none" is none.

    Raises:
        ContrastError: if one is neither.
    """
    if asked == NO_CONCEPTS:
        return []
    names = list(world.concepts()) if asked == ALL_CONCEPTS else [name.strip() for name in asked.split(",")]
    return [world.concept(name) for name in names if name]


def chosen_models(options: argparse.Namespace) -> "Models":
    """The models, layers and map that the options name."""
    from lrt_explorer.workbench.requests import Models

    return Models(
        small=options.small,
        large=options.large,
        small_layer=options.small_layer,
        large_layer=options.large_layer,
        map=getattr(options, "map", None),
    )


def described(table: Table[Any]) -> str:
    """What can be chosen, with help, as argparse takes it."""
    return table.help().replace("%", "%%")


def route(result: Json) -> str:
    """The models and layers that a result is about."""
    return f"{result['small']} layer {result['small_layer']} → {result['large']} layer {result['large_layer']}"


def number(value: float | None, digits: int = 2) -> str:
    """A number for people, or a dash where there is none."""
    return "–" if value is None else f"{value:z.{digits}f}"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Rows under a header in aligned columns, numbers to the right and words to the left."""
    columns = []
    for name, *cells in zip(header, *rows, strict=True):
        width = max(map(len, [name, *cells]))
        numeric = all(cell[:1].isdigit() or cell[:1] in "-–" for cell in cells)
        columns.append([cell.rjust(width) if numeric else cell.ljust(width) for cell in (name, *cells)])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))
