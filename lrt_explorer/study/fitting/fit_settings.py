"""What every fit can be asked for, in one piece that is handed down from study to study."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.defaults import FIT_TOKENS, MEMORY_GB
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.texts import Corpus
from lrt_explorer.study.fitting.estimators import ESTIMATORS


@dataclass(frozen=True)
class FitSettings:
    """What a map is fitted on and compared with, beside models, texts and layers.

    Attributes:
        tokens: pairs of tokens to use, of all parts together.
        corpus: the name of the texts, for people; without one no moments are kept.
        concepts: contrast sets on which to measure the cosine of mapped and native directions.
        reading: how their vectors are read; None for what each set prefers.
        method: the estimator; where many layer pairs are fitted at once, one of `closed_forms`.
        memory_gb: memory to use beside the models, in 10⁹ bytes.
        keep_moments: save the moments under the corpus's name, and begin with what is saved; see `moments_of`. Never
            for controls, nor where the memory does not hold all layer pairs with their copies.
        sums: folder below which the moments are kept, and looked for before those of the data folder; None for the
            data folder's.
        end_weight: how often the last pair of every text counts; by default as the corpus asks for, or once.
        relabelled: whether that cosine is also measured for relabelled pairs, of which both models read a few more
            texts for each concept.
    """

    tokens: int = FIT_TOKENS
    corpus: str = ""
    concepts: Sequence[ContrastSet] = ()
    reading: Reading | None = None
    method: str = ESTIMATORS.default
    memory_gb: float = MEMORY_GB
    keep_moments: bool = False
    sums: Path | None = None
    end_weight: int | None = None
    relabelled: bool = False

    def weight_of_ends(self, texts: Iterable[Document]) -> int:
        """How often the last pair of every one of these texts counts."""
        if self.end_weight is not None:
            return self.end_weight
        return texts.end_weight if isinstance(texts, Corpus) else 1
