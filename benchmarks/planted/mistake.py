"""What a planted mistake is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A mistake that a test should notice.

    Attributes:
        name: what it is called on the command line.
        file: the source it is planted in, from the repository's root.
        text: what stands there, exactly once.
        instead: what is planted in its place.
        tests: a file, or a single test, that should fail.
    """

    name: str
    file: str
    text: str
    instead: str
    tests: str


def planted(file: str, tests: str, *changes: tuple[str, str, str]) -> tuple[Mistake, ...]:
    """Mistakes in one file that the same tests should notice.

    Args:
        file: from the package's folder.
        tests: a file, or a single test, from the folder of the tests.
        changes: for each mistake its name, the text, and what is planted in its place.
    """
    return tuple(
        Mistake(name, f"lrt_explorer/{file}", text, instead, f"tests/{tests}") for name, text, instead in changes
    )
