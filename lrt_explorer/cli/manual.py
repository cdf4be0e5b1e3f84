"""Every command in one line, for those who cannot ask for `--help`."""

from typing import Any


def command_lines(commands: Any) -> list[tuple[str, str]]:
    """How each command is written, and what it does.

    Args:
        commands: the subcommands of a parser, as `add_subparsers` gives them.
    """
    does = {action.dest: action.help or "" for action in commands._choices_actions}
    return [
        (" ".join(parser.format_usage().split()).removeprefix("usage: ").replace(" [-h]", ""), does.get(name, ""))
        for name, parser in commands.choices.items()
    ]
