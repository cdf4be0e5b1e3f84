"""Text classifiers from a folder, on a tiny random one."""

from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.lm.classify import load_classifier
from tests.lm.families import CONTEXT, VOCABULARY, WIDTH, tiny_tokenizer

LABELS = {0: "calm", 1: "Joy", 2: "anger"}


def save(folder: Path, family: str = "bert", labels: dict[int, str] = LABELS, **more: object) -> str:
    config = AutoConfig.for_model(
        family, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=CONTEXT, vocab_size=VOCABULARY, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        id2label=labels, label2id={label: number for number, label in labels.items()}, **more,
    )  # fmt: skip
    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return str(folder)


TEXTS = ["The old sailor felt happy.", "In the morning the farmer had a cow.", "¿Dónde está? " * 40]


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_probabilities_are_those_of_the_model(tmp_path: Path, family: str) -> None:
    classifier = load_classifier(save(tmp_path, family))
    found = classifier.probabilities(TEXTS)
    assert (classifier.labels, classifier.several) == (("calm", "Joy", "anger"), False)
    assert found.shape == (3, 3) and torch.allclose(found.sum(1), torch.ones(3))
    ids = classifier.tokenizer([TEXTS[0]], return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        by_hand = classifier.model(input_ids=ids).logits[0].softmax(0)
    assert torch.allclose(found[0], by_hand, atol=1e-6)
    assert not torch.allclose(found[0], found[1], atol=1e-4)
    assert torch.equal(classifier.probabilities(TEXTS[1:2])[0], found[1])
    assert classifier.probabilities([]).shape == (0, 3)


def test_labels_that_may_come_together_have_probabilities_of_their_own(tmp_path: Path) -> None:
    found = load_classifier(save(tmp_path, problem_type="multi_label_classification")).probabilities(TEXTS)
    assert not torch.allclose(found.sum(1), torch.ones(3), atol=1e-3)


def test_labels_are_found_in_any_case(tmp_path: Path) -> None:
    classifier = load_classifier(save(tmp_path))
    assert (classifier.column("JOY"), classifier.column(" calm ")) == (1, 0)
    with pytest.raises(SettingsError, match="has no label 'grief'; choose one of these: calm, Joy, anger"):
        classifier.column("grief")


def test_what_is_no_classifier_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="cannot be loaded as a text classifier"):
        load_classifier(str(tmp_path / "empty"))
    with pytest.raises(ModelError, match="gives one number"):
        load_classifier(save(tmp_path / "one", labels={0: "score"}))
    with pytest.raises(ModelError, match="no classifier was named"):
        load_classifier(" ")
    with pytest.raises(ModelError, match="neither a preset, nor a folder, nor reachable"):
        load_classifier("nobody/nothing-of-this-name")
    config = AutoConfig.for_model(
        "llama", hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=4, intermediate_size=48,
        vocab_size=VOCABULARY,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "lm")
    tiny_tokenizer().save_pretrained(tmp_path / "lm")
    with pytest.raises(ModelError, match="was not trained to classify texts") as refusal:
        load_classifier(str(tmp_path / "lm"))
    assert "\n" not in str(refusal.value)
