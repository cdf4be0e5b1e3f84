"""Data sets of the hub as corpora: a short list with a word for each, and any other by its name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lrt_explorer.errors import SettingsError, first_line
from lrt_explorer.lm.chat import Document
from lrt_explorer.study.corpora.files import optional
from lrt_explorer.study.corpora.rows import document_columns, table_document

HUB = "hf:"
HUB_FORMS = f"{HUB}NAME, {HUB}NAME:SPLIT or {HUB}NAME:CONFIG:SPLIT"


@dataclass(frozen=True)
class PublicCorpus:
    """A data set that is named by one word.

    Attributes:
        source: how it is named in full.
        licence: of the data.
        description: what it holds, for people.
    """

    source: str
    licence: str
    description: str


PUBLIC = {
    "wikitext": PublicCorpus("hf:Salesforce/wikitext:wikitext-103-raw-v1:train", "CC BY-SA 3.0", "encyclopedia"),
    "wikipedia": PublicCorpus("hf:wikimedia/wikipedia:20231101.en:train", "CC BY-SA 3.0", "encyclopedia, whole pages"),
    "c4": PublicCorpus("hf:allenai/c4:en:train", "ODC-BY 1.0", "web pages"),
    "fineweb": PublicCorpus("hf:HuggingFaceFW/fineweb:sample-10BT:train", "ODC-BY 1.0", "web pages, filtered"),
    "smoltalk": PublicCorpus("hf:HuggingFaceTB/smol-smoltalk:train", "Apache-2.0", "conversations"),
    "ultrachat": PublicCorpus("hf:HuggingFaceH4/ultrachat_200k:train_sft", "MIT", "conversations"),
}
"""Data sets that stream for those who are online; the hub says more of each and of its licence."""


def hub_documents(source: str) -> Callable[[], Iterator[Document]]:
    """The documents of a data set of the hub, streamed.

    Needs the package datasets, which is not installed with this package.

    Args:
        source: `hf:NAME`, `hf:NAME:SPLIT` or `hf:NAME:CONFIG:SPLIT`; the split is "train" unless named, and may be
            empty where only a configuration is meant, as in `hf:NAME:CONFIG:`.

    Raises:
        SettingsError: without that package, or if there is no such data set or it cannot be reached.
    """
    name, config, split = _parts(source)
    library: Any = optional("datasets", f"{source} is read with the package datasets")

    def opened() -> Any:
        try:
            return library.load_dataset(name, config, split=split, streaming=True)
        except Exception as error:  # the hub's own kinds, ValueError, OSError and more
            raise _unreachable(name, error) from error

    first = opened()

    def documents() -> Iterator[Document]:
        columns: list[str] = []
        try:
            for row in first:
                columns = columns or document_columns({key: isinstance(row[key], str) for key in row}, name)
                yield table_document({column: row.get(column) for column in columns})
        except SettingsError:
            raise
        except Exception as error:  # as above, in the middle of a stream
            raise _unreachable(name, error) from error

    return documents


def _parts(source: str) -> tuple[str, str | None, str]:
    """Name, configuration and split."""
    name, *rest = (part.strip() for part in source.removeprefix(HUB).split(":"))
    if not name or len(rest) > 2:
        raise SettingsError(f"{source!r} does not name a data set; write {HUB_FORMS}")
    config = rest[0] if len(rest) == 2 else ""
    return name, config or None, (rest[-1] if rest else "") or "train"


def _unreachable(name: str, error: BaseException) -> SettingsError:
    said = first_line(error)
    asks = "config name is missing" in said.casefold() or "pick one among" in str(error).casefold()
    remedy = (
        f"name one of its configurations as {HUB}{name}:CONFIG:SPLIT"
        if asks
        else ("check its name, its split and the network, or give a file")
    )
    return SettingsError(f"the data set {name} cannot be read from the hub ({said}); {remedy}")
