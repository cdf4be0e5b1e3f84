"""What of a corpus was not read for a map, in words."""

from lrt_explorer.store import MapInfo


def left_out_sentences(info: MapInfo) -> tuple[str, ...]:
    """A sentence for the conversations that a chat template refuses, and one for empty documents; none without any."""
    found = []
    if refused := _count(info, "refused_conversations"):
        what = "1 conversation was" if refused == 1 else f"{refused:,} conversations were"
        found.append(f"{what} left out, because {info.settings.get('refusal')}")
    if empty := _count(info, "empty_documents"):
        found.append("1 empty document was left out" if empty == 1 else f"{empty:,} empty documents were left out")
    return tuple(found)


def _count(info: MapInfo, key: str) -> int:
    # A map may come from a file that anybody wrote, or from an older version.
    count = info.settings.get(key)
    return count if isinstance(count, int) and count > 0 else 0
