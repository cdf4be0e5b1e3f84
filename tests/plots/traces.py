"""What a figure draws, for tests that look at traces of several kinds."""

from typing import Any

import plotly.graph_objects as go


def traces(figure: go.Figure) -> tuple[Any, ...]:
    """Any, because each kind of trace has attributes of its own."""
    return tuple(figure.data)
