"""What ships is what the studies make, and the first comparison needs nothing else."""

from pathlib import Path

import pytest

from lrt_explorer.concepts.contrast import load_concept, write_contrast
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.presets import MODELS, PairPreset
from lrt_explorer.study.compare import compare
from lrt_explorer.study.ground import known as known_module
from lrt_explorer.study.ground.known import KnownVectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.bundle import build_demo_maps, demo_pairs
from lrt_explorer.workbench.maps import find_map
from lrt_explorer.workbench.pair import Pair
from tests.study.tiny import CONCEPT, large, other, small, texts


def test_the_demo_pairs_are_those_whose_models_ship() -> None:
    assert len(demo_pairs()) >= 4
    assert all(MODELS[name].shipped for pair in demo_pairs() for name in (pair.small, pair.large))


def test_the_first_comparison_reads_no_model_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    write_contrast(tmp_path / "concepts" / "mood.jsonl", CONCEPT)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "everyday.txt").write_text("\n".join(texts(20)), encoding="utf-8")
    family = {lm.name: lm for lm in (small(), large(), other())}
    pairs = [
        PairPreset("first", "tiny-small", "tiny-large-one", 1, 2),
        PairPreset("second", "tiny-other", "tiny-large-one", 2, 3),
    ]
    bundle = finish(build_demo_maps(pairs, 3000, ModelCache(3, family.__getitem__)))
    assert [(fit.info.small_layer, fit.info.large_layer) for fit in bundle.maps] == [(1, 2), (2, 3)]
    assert all(fit.agreement.direction_cosine is not None for fit in bundle.maps)

    fresh = KnownVectors()
    monkeypatch.setattr("lrt_explorer.study.steering.compared.known_vectors", lambda: fresh)
    monkeypatch.setattr(known_module, "reading_known", lambda *_, **__: pytest.fail("a shipped vector was read anew"))
    for lm in family.values():
        assert fresh.holds(lm, load_concept("mood"), range(lm.layers)), "every layer ships, for the scores of all pairs"
    for pair in pairs:
        models = Pair(small=family[pair.small], large=family[pair.large])
        saved = find_map(models, (pair.small_layer, pair.large_layer))
        assert saved is not None and saved.folder.is_relative_to(tmp_path)
        spec = SteerSpec(concept=load_concept("mood"), prompt="Tom sat", max_new_tokens=3)
        result = finish(compare(models, saved, spec))
        assert len(result.arms) == 4
