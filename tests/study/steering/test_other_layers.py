"""Other layers: what is written is read back, one block lower by default, and what does not exist is refused."""

import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.steering.other_layers import asked_layers, other_layers, read_layers, spelled_layers
from tests.study.tiny import large, small


@pytest.mark.parametrize("text", ["3-6", " 3 - 6 ", "3,6", "3 → 6"])
def test_they_are_read_as_people_write_them(text: str) -> None:
    assert read_layers(text) == (3, 6) and spelled_layers((3, 6)) == "3-6"


@pytest.mark.parametrize("text", ["", "3", "3-6-9", "-1-2", "a-b", "3.5-6", "٣-6", "9999999-1"])
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match="as in 3-6"):
        read_layers(text)


def test_unless_asked_for_they_are_one_block_lower() -> None:
    both = (small(), large())
    assert other_layers(both, (1, 2), None) == (0, 1)
    assert other_layers(both, (0, 2), None) == (1, 1), "where there is no lower one, the next"
    assert other_layers(both, (1, 2), (0, 0)) == (0, 0)
    assert asked_layers(" ") is asked_layers(None) is None and asked_layers("0-2") == (0, 2)


def test_what_does_not_exist_or_is_the_same_is_refused() -> None:
    both = (small(), large())
    with pytest.raises(SettingsError, match="layer 9 is not in"):
        other_layers(both, (1, 2), (0, 9))
    with pytest.raises(SettingsError, match="those of the comparison"):
        other_layers(both, (1, 2), (1, 2))
