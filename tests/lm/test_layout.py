"""Weights laid out anew say what they said before."""

import torch
from torch import nn
from transformers import AutoModelForCausalLM

from lrt_explorer.lm.fingerprint import fingerprint
from lrt_explorer.lm.layout import lay_out_for_few_rows
from lrt_explorer.lm.load import load
from lrt_explorer.lm.presets import locate


def test_a_loaded_model_has_its_weights_by_input_and_the_values_of_the_file() -> None:
    lm = load("tinyworld-xs")
    stored = AutoModelForCausalLM.from_pretrained(locate("tinyworld-xs"), dtype=torch.float32).eval()
    assert fingerprint(stored) == lm.fingerprint
    linear = [module.weight for name, module in lm.model.named_modules() if isinstance(module, nn.Linear)]
    assert sum(weight.t().is_contiguous() for weight in linear) == len(linear) - 1
    for (name, ours), (_, theirs) in zip(lm.model.named_parameters(), stored.named_parameters(), strict=True):
        assert torch.equal(ours, theirs), name
    ids = torch.tensor([[1, 20, 30, 40]])
    with torch.inference_mode():
        torch.testing.assert_close(lm.model(ids).logits, stored(ids).logits, rtol=1e-4, atol=1e-4)


def test_tables_of_embeddings_and_other_precisions_stay_as_they_are() -> None:
    table, tied, half = nn.Embedding(9, 6), nn.Linear(6, 9, bias=False), nn.Linear(6, 9).to(torch.bfloat16)
    tied.weight = table.weight
    free = nn.Linear(6, 9)
    for _ in range(2):  # once more does no harm
        lay_out_for_few_rows(nn.ModuleList([table, tied, half, free]))
    assert tied.weight is table.weight and table.weight.is_contiguous()
    assert half.weight.is_contiguous()
    assert free.weight.t().is_contiguous() and not free.weight.is_contiguous()
