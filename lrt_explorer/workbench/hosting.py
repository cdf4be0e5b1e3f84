"""How a server is hosted: one frozen value, read from options and from the environment, and passed to the screen."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.presets import MODELS

OPTIONS = {
    "hosted": "LRT_EXPLORER_HOSTED",
    "models": "LRT_EXPLORER_MODELS",
    "models_file": "LRT_EXPLORER_MODELS_FILE",
    "auth_file": "LRT_EXPLORER_AUTH_FILE",
    "root_path": "LRT_EXPLORER_ROOT_PATH",
    "max_visitors": "LRT_EXPLORER_MAX_VISITORS",
    "time_limit": "LRT_EXPLORER_TIME_LIMIT",
    "memory_gb": "LRT_EXPLORER_MEMORY_GB",
    "mcp": "LRT_EXPLORER_MCP",
}
"""What `read_hosting` looks for: the option of the command line, with dashes there, and the variable."""
SPACE = "SPACE_ID"
"""Set by Hugging Face on every Space."""
MAX_VISITORS = 100
TIME_LIMIT_SECONDS = 600.0
_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """Who may use a server, and for how much. Without `hosted` it serves its owner, who may name what there is.

    Attributes:
        hosted: whether the server is public: visitors choose from lists and upload files; they cannot name paths or
            other models.
        models: the models that they may open, presets or hub ids.
        logins: user names with their passwords; none for a server without a login.
        root_path: the path behind a reverse proxy.
        max_visitors: people at once, for whom twenty pages each are remembered; beyond that the longest unused goes.
        time_limit: seconds that a long job may take; infinite where visitors are trusted.
        memory_gb: memory of the weights of all models, in 10⁹ bytes; None for a share of what the machine has.
        mcp: whether the endpoints are MCP tools too.
    """

    hosted: bool = False
    models: tuple[str, ...] = ()
    logins: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    root_path: str = ""
    max_visitors: int = MAX_VISITORS
    time_limit: float = math.inf
    memory_gb: float | None = None
    mcp: bool = False


OWNER = Hosting()
"""A server of one's own."""


def read_hosting(options: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Hosting:
    """The settings that options give, and the environment where they give none.

    Args:
        options: by the names of `OPTIONS`; None, or an absent name, where nothing is given. Texts are read as in the
            environment.
        environment: where `LRT_EXPLORER_HOSTED` and its like are looked up. On a Space, hosting is the default.

    Raises:
        SettingsError: if one makes no sense, or a file cannot be read.
    """

    def given(name: str) -> Any:
        value = options.get(name)
        # `--hosted` that is absent is no answer.
        return value if value not in (None, False, "") else environment.get(OPTIONS[name], "")

    hosted = given("hosted") or ("1" if environment.get(SPACE) and OPTIONS["hosted"] not in environment else "")
    on = hosted if isinstance(hosted, bool) else _truth("hosted", hosted)
    limit = given("time_limit")
    mcp = given("mcp")
    tools, logins = mcp if isinstance(mcp, bool) else _truth("mcp", mcp), _logins(given("auth_file"))
    if tools and logins:
        raise SettingsError("MCP tools cannot log in; serve either with them or with a login")
    return Hosting(
        hosted=on,
        models=_models(given("models"), given("models_file")) if on else (),
        logins=logins,
        root_path=_root(given("root_path")),
        max_visitors=int(_number("max_visitors", given("max_visitors") or MAX_VISITORS, least=1)),
        time_limit=_number("time_limit", limit, least=1) if limit else TIME_LIMIT_SECONDS if on else math.inf,
        memory_gb=_number("memory_gb", given("memory_gb"), least=0.1) if given("memory_gb") else None,
        mcp=tools,
    )


def _models(names: str, file: str | Path) -> tuple[str, ...]:
    if names and file:
        raise SettingsError("models are listed both as names and as a file; give one of the two")
    lines = _lines(file) if file else str(names).split(",")
    listed = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    for name in listed:
        if Path(name).exists() or name.startswith(("/", ".", "~")) or name.count("/") > 1:
            raise SettingsError(f"{name!r} is a path, and visitors see names; list a preset or a hub id")
    return listed or tuple(name for name, preset in MODELS.items() if preset.shipped)


def _logins(file: str | Path) -> tuple[tuple[str, str], ...]:
    if not file:
        return ()
    logins = []
    for number, line in enumerate(_lines(file), 1):
        user, colon, password = line.partition(":")
        if not (colon and user.strip() and password):
            raise SettingsError(f"line {number} of {file} is not a login; write USER:PASSWORD")
        logins.append((user.strip(), password))
    if not logins:
        raise SettingsError(f"{file} holds no login; write one USER:PASSWORD per line")
    return tuple(logins)


def _lines(file: str | Path) -> list[str]:
    """The lines of a file that are neither blank nor comments."""
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f"{file} cannot be read: {reason}; check the path") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _truth(name: str, value: str) -> bool:
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise SettingsError(f"{OPTIONS[name]} is {value!r}; set it to 1 or 0")


def _number(name: str, value: Any, *, least: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not number >= least or math.isinf(number):
        raise SettingsError(f"{name.replace('_', '-')} is {value!r}; give a number from {least:g} up")
    return number


def _root(path: str) -> str:
    if path and not path.startswith(("/", "http://", "https://")):
        raise SettingsError(f"the root path {path!r} does not begin with a slash; write /{path}")
    return path.rstrip("/")
