"""What one pass over the texts has read, kept for the passes over other layer pairs that follow it."""

from dataclasses import dataclass, field

from lrt_explorer.study.corpora.batches import Batch
from lrt_explorer.study.corpora.paired import PairedStates


@dataclass
class Readings:
    """Filled by a first pass and gone through by those after it, which need neither the texts nor the models.

    Attributes:
        turns: as they were read, one batch for each process, and the states of this process's own at every layer that
            any of the passes needs; None where it had none.
    """

    turns: list[tuple[list[Batch], PairedStates | None]] = field(default_factory=list)
