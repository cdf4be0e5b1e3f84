"""What other programs can ask of a running app: every study as a plain function, with the answers of the command line.

An endpoint's name, types and docstring are all there is to know of it: Gradio's page of endpoints, its MCP tools and
`/llms.txt` are made from them. `descriptions.py` fills in what the tables hold.
"""

from typing import Any

from gradio.events import api

from lrt_explorer.study.tables import choices as all_choices
from lrt_explorer.ui.answering import Endpoint, in_sentences
from lrt_explorer.ui.concept_endpoints import concept_endpoints
from lrt_explorer.ui.descriptions import with_choices
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.map_endpoints import map_endpoints
from lrt_explorer.ui.steering_endpoints import steering_endpoints
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.presets import pairs_document


def add_api(engine: Engine, hosting: Hosting) -> None:
    """Offer the studies as endpoints; to be called inside the app's blocks."""
    for listing in listings(hosting):
        api(with_choices(in_sentences(listing)), api_name=listing.__name__)
    for study in studies(engine, hosting):
        # Gradio starts all of them, and they wait in lanes (see `turns.py`).
        api(with_choices(in_sentences(study)), api_name=study.__name__, concurrency_limit=None)


def studies(engine: Engine, hosting: Hosting) -> tuple[Endpoint, ...]:
    """What computes."""
    return (*steering_endpoints(engine), *concept_endpoints(engine), *map_endpoints(engine, hosting))


def listings(hosting: Hosting) -> tuple[Endpoint, ...]:
    """What says what can be asked for."""

    def pairs() -> dict[str, Any]:
        """List the models and pairs that have names, with the concepts that ship for each pair."""
        return pairs_document(hosting.models if hosting.hosted else None)

    def choices() -> dict[str, Any]:
        """List what can be chosen by name, with its unit and what it does: {tables}."""
        return all_choices()

    return pairs, choices
