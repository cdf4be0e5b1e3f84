"""Everything that can be chosen by name, table by table, for faces that list it."""

from collections.abc import Mapping
from typing import Any

from lrt_explorer.concepts.methods import METHODS
from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.concepts.sets.scorer_kinds import SCORERS
from lrt_explorer.registry import Table
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.steering.arms import ARMS

TABLES: Mapping[str, Table[Any]] = {
    "estimators": ESTIMATORS,
    "readouts": READOUTS,
    "methods": METHODS,
    "readings": READINGS,
    "arms": ARMS,
    "scorers": SCORERS,
}


def choices() -> dict[str, list[dict[str, str]]]:
    """Every entry of every table with what people are told of it, as JSON."""
    return {
        kind: [
            {
                "name": entry.name,
                "label": entry.label,
                "unit": entry.unit,
                "help": entry.help,
                "origin": entry.origin,
            }
            for entry in table.values()
        ]
        for kind, table in TABLES.items()
    }
