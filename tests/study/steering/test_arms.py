"""Names of arms: any order, one way to spell them, the unsteered one among them in any case."""

import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.steering.arms import ARMS, OFFERED, PANES, chosen_arms, need_map, spelled
from lrt_explorer.study.steering.steer_spec import SteerSpec


@pytest.mark.parametrize(
    ("names", "arms"),
    [
        ((), ("unsteered",)),
        ("", ("unsteered",)),
        ("random, native", ("unsteered", "native", "random")),
        (["prompt", "no map", "native"], ("unsteered", "native", "no map", "prompt")),
        ("as-in-the-paper,shuffled-map", ("unsteered", "shuffled map", "as in the paper")),
    ],
)
def test_arms_are_chosen_by_name(names: str | list[str], arms: tuple[str, ...]) -> None:
    assert chosen_arms(names) == arms == chosen_arms(spelled(arms))


def test_an_arm_that_cannot_be_compared_is_refused_with_those_that_can() -> None:
    with pytest.raises(SettingsError, match="there is no arm 'permuted labels' to compare; choose from unsteered, nat"):
        SteerSpec(concept="mood", arms=("native", "permuted labels"))


def test_the_four_of_the_first_screen_are_written_unless_others_are_chosen() -> None:
    assert SteerSpec(concept="mood").arms == PANES == ("unsteered", "native", "transferred", "random")
    assert set(PANES) < set(OFFERED) < set(ARMS)


def test_what_needs_a_map() -> None:
    assert [name for name in OFFERED if need_map([name])] == [
        "transferred", "shuffled map", "other concept", "as in the paper", "other layers",
    ]  # fmt: skip
