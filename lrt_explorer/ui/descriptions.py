"""What endpoints say of themselves: their docstrings, with what can be chosen by name taken from the tables.

A docstring has `{methods}` where it means all vector methods, so what another package adds to a table is named wherever
endpoints are described: on Gradio's page of them, in the MCP tools and in `/llms.txt`.
"""

import functools
import inspect
import re
from collections.abc import Iterable
from typing import Any

import gradio as gr
from gradio.utils import get_function_description

from lrt_explorer.concepts.sets.readings import FROM_THE_END, READINGS
from lrt_explorer.concepts.sets.scorer_kinds import scorers_help
from lrt_explorer.study.steering.arms import OFFERED, PANES
from lrt_explorer.study.tables import TABLES
from lrt_explorer.ui.answering import Endpoint

_CONTINUED = re.compile(r"\n {8,}")


def with_choices(endpoint: Endpoint) -> Endpoint:
    """The endpoint, its docstring filled from the tables; each argument then takes one line, all that Gradio reads.

    Raises:
        KeyError: if the docstring names a table that does not exist.
    """
    endpoint.__doc__ = _CONTINUED.sub(" ", inspect.getdoc(endpoint) or "").format_map(_choices())
    return endpoint


def describe_arguments(app: gr.Blocks) -> None:
    """Have the page of endpoints and `/gradio_api/info` say what each argument is, as the MCP tools do."""
    told = app.get_api_info

    @functools.wraps(told)
    def described(*args: Any, **kwargs: Any) -> Any:
        info: Any = told(*args, **kwargs)
        for event in app.fns.values():
            shown = info["named_endpoints"].get(f"/{event.api_name}")
            if shown is None or event.fn is None:
                continue
            _, said, _ = get_function_description(event.fn)
            for parameter in shown["parameters"]:
                if words := said.get(parameter["parameter_name"]):
                    parameter["python_type"]["description"] = words
        return info

    app.get_api_info = described  # type: ignore[method-assign]


def _choices() -> dict[str, str]:
    """What each name in braces stands for: every table by its own name, where not all of it can be asked for that."""
    return {
        **{name: _either(table) for name, table in TABLES.items()},
        "tables": ", ".join(TABLES),
        "readings": _either((*READINGS, FROM_THE_END.partition(":")[0])),
        "arms": _either(OFFERED),
        "panes": ", ".join(PANES),
        "scorers": scorers_help(),
    }


def _either(names: Iterable[str]) -> str:
    """Names as a sentence lists them: "a, b or c"."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
