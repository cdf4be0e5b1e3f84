"""Models that stand in for a trained one: same shape, other weights; or the embeddings alone."""

import torch

from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.fingerprint import fingerprint
from lrt_explorer.lm.stand_ins import embeddings_only, untrained
from lrt_explorer.lm.tokens import encode
from tests.study.tiny import other, small


def test_an_untrained_model_has_the_shape_but_not_the_weights() -> None:
    trained = small()
    before, state = fingerprint(trained.model), torch.random.get_rng_state()
    one, again, other = untrained(trained, 0), untrained(trained, 0), untrained(trained, 1)
    assert (one.layers, one.width, one.parameters) == (trained.layers, trained.width, trained.parameters)
    assert one.fingerprint == again.fingerprint == fingerprint(one.model)
    assert len({one.fingerprint, other.fingerprint, trained.fingerprint}) == 3
    assert fingerprint(trained.model) == before and one.lock is not trained.lock
    assert torch.equal(torch.random.get_rng_state(), state), "the draw of the weights must not change other draws"
    states = capture(one, encode(one, ["The old sailor"]), [1])[1]
    assert states.shape[-1] == trained.width and bool(states.std() > 0)


def test_embeddings_alone_depend_on_nothing_before_a_token() -> None:
    for trained in (small(), other()):
        lm = embeddings_only(trained)
        assert lm.layers == 1 and lm.fingerprint != trained.fingerprint and lm.lock is trained.lock
        encoded = encode(lm, ["The old sailor saw the sea", "A cow saw the sea"])
        states = capture(lm, encoded, [0])[0]
        table = trained.model.get_input_embeddings()
        assert torch.equal(states, table(encoded.ids.to(trained.device)).detach())
