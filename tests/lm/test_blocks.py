import pytest
from torch import nn

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.lm.blocks import check_layer, choose_block_list, find_blocks
from lrt_explorer.lm.model import LanguageModel


@pytest.mark.parametrize(
    ("lengths", "count", "path"),
    [
        ({"model.layers": 26}, 26, "model.layers"),
        ({"transformer.h": 12}, None, "transformer.h"),
        ({"model.layers": 2, "model.layers.0.mlp.experts": 2, "model.layers.1.mlp.experts": 2}, 2, "model.layers"),
        ({"model.language_model.layers": 4, "model.vision_tower.encoder.layers": 4}, 4, "model.language_model.layers"),
        ({"model.layers": 8, "model.norms": 3, "heads": 2}, 8, "model.layers"),
        ({"decoder.layers": 6, "encoder.layers": 6}, 6, "decoder.layers"),
        ({"model.layers": 3, "model.unused": 0}, None, "model.layers"),
    ],
)
def test_the_block_list_is_chosen_by_path_and_length(lengths: dict[str, int], count: int | None, path: str) -> None:
    assert choose_block_list(lengths, count) == path


@pytest.mark.parametrize(
    ("lengths", "count", "said"),
    [
        ({}, 4, "the 4 decoder blocks cannot be found among the module lists (none at all)"),
        ({"model.layers": 3}, 4, "model.layers (3)"),
        ({"encoder.layers": 4, "vision.blocks": 4}, 4, "the 4 decoder blocks cannot be found"),
        ({"encoder.layers": 4, "vision.blocks": 4}, None, "a list of decoder blocks cannot be found"),
        (
            {"left.layers": 4, "right.layers": 4},
            4,
            "several module lists could be the decoder blocks (left.layers, right",
        ),
    ],
)
def test_no_list_and_several_lists_are_refused(lengths: dict[str, int], count: int | None, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        choose_block_list(lengths, count)
    assert said in str(caught.value)
    assert "choose" in str(caught.value)


def test_the_only_list_is_taken_whatever_its_name() -> None:
    # Some decoders name their blocks as encoders do; the self-check refuses those that read the future.
    assert choose_block_list({"encoder.layers": 4}, 4) == "encoder.layers"


def test_blocks_are_found_without_a_configuration() -> None:
    model = nn.Module()
    model.blocks = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    assert find_blocks(model) == list(model.blocks)


@pytest.mark.parametrize("layer", [-1, 3, 9])
def test_a_layer_out_of_range_is_refused_with_the_range(llama: LanguageModel, layer: int) -> None:
    with pytest.raises(SettingsError) as caught:
        check_layer(llama, layer)
    assert str(caught.value) == f"layer {layer} is not in tiny-llama, which has blocks 0 to 2; choose one of these"


def test_layers_in_range_pass(llama: LanguageModel) -> None:
    for layer in range(llama.layers):
        check_layer(llama, layer)
