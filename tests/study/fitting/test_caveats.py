"""Words of warning: said where a few dimensions rule a score, and nowhere else."""

from dataclasses import replace

from lrt_explorer.study.fitting.caveats import caveats
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from tests.store.test_maps import INFO
from tests.study.tiny import large, small, texts


def test_one_dimension_that_rules_a_layer_is_named_with_the_score_to_read() -> None:
    info = replace(INFO, large="models/gemma", large_layer=8, largest_dimension_large=0.531, outlier_share_large=0.6)
    assert caveats(info) == (
        "one dimension holds 53 % of the variance of gemma layer 8; read the standardised R² instead",
    )
    both = replace(info, largest_dimension_small=0.69)
    assert caveats(both)[1] == (
        "one dimension holds 69 % of the variance of tinyworld-s layer 2; read the standardised CKA instead"
    )


def test_many_outliers_together_are_named_too() -> None:
    info = replace(INFO, largest_dimension_large=0.2, outlier_dimensions_large=111, outlier_share_large=0.98)
    assert caveats(info) == (
        "111 dimensions hold 98 % of the variance of tinyworld-l layer 5; read the standardised R² instead",
    )


def test_layers_without_ruling_dimensions_and_maps_that_do_not_say_get_no_warning() -> None:
    assert caveats(INFO) == ()
    fitted = finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000)))
    assert caveats(fitted.info) == () and (fitted.info.largest_dimension_large or 1) < 0.25
