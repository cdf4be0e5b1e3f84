"""The Concepts tab's part of the real engine, over tiny random models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet, read_contrast
from lrt_explorer.concepts.vectors import find_vectors
from lrt_explorer.errors import ArtifactError, ContrastError, SettingsError, VectorError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.store import load_vector, save_vector, write_gguf
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.draft import Draft, drafted
from lrt_explorer.workbench.session import Session, Shelf, SpaceSettings
from lrt_explorer.workbench.shelves import own_set
from lrt_explorer.workbench.workbench import Workbench
from tests.study import tiny
from tests.workbench.tiny_house import TinyEngine, build_assets

PAIRS = "\n".join(f"{who} shouted on the beach | {who} whispered in the meadow" for who in ("Tom", "Anna", "She"))
NOISE = drafted(Draft("noise", "loud", "quiet", PAIRS, "", "", ""))
BARE = drafted(Draft("bare", "", "", " up | down\n loud | quiet", "", "", ""))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path_factory.mktemp("house") / "assets")))
        yield TinyEngine()


@pytest.fixture(scope="module")
def fitted(engine: Workbench, tmp_path_factory: pytest.TempPathFactory) -> Session:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_HOME", str(tmp_path_factory.mktemp("maps")))
        return finish(engine.fit(finish(engine.open("tiny-s", "tiny-l")), 2_000, None))


def steer(concept: str, vectors: str = "", prompt: str = "Tom saw a cow and") -> SteerSpec:
    return SteerSpec(
        concept=concept,
        prompt=prompt,
        strength=0.6,
        seed=0,
        temperature=0.0,
        max_new_tokens=4,
        reading="",
        as_in_paper=False,
        vectors=vectors,
    )


def test_what_ships_can_be_looked_at_and_taken_away(engine: Workbench) -> None:
    assert engine.offered_sets(None) == [("mood", "mood")]
    assert engine.contrast(None, "mood") == tiny.CONCEPT
    assert read_contrast(engine.set_file(None, "mood")) == tiny.CONCEPT


@pytest.mark.parametrize("contrast", [NOISE, BARE])
def test_a_written_set_works_in_every_tab_though_it_has_no_prompts(
    engine: Workbench, fitted: Session, contrast: ContrastSet
) -> None:
    shelf = engine.keep_set(Shelf(), contrast)
    file = shelf.sets[0][1]
    card = engine.concept(fitted, file)
    assert all(example.strip() for example in card.examples)
    assert engine.contrast(fitted, file) == contrast and engine.set_file(fitted, file) == own_set(file)
    comparison = finish(engine.compare(fitted, steer(file)))
    assert len(comparison.arms) == 4 and any(arm.text for arm in comparison.arms)
    assert {(arm.score, arm.readout) for arm in comparison.arms} == {(None, None)}
    badges = engine.badges(fitted, file)
    assert badges is not None and badges.direction_cosine is not None
    assert finish(engine.picture(fitted, SpaceSettings(file, 50, "pca", 2))).coords.shape == (100, 2)


def test_an_imported_set_is_kept_in_the_own_format(engine: Workbench, tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("up | down\nleft\tright\n")
    shelf = engine.import_set(Shelf(), tmp_path / "pairs.txt")
    assert read_contrast(own_set(shelf.sets[0][1])).pairs == (("up", "down"), ("left", "right"))
    (tmp_path / "pairs.txt").write_text("up | down\nleft\n")
    with pytest.raises(ContrastError, match=r"^line 2 of pairs.txt"):
        engine.import_set(shelf, tmp_path / "pairs.txt")


def test_a_check_uses_the_layers_and_the_map_of_the_session(engine: Workbench, fitted: Session) -> None:
    done = finish(engine.check(fitted, "mood", Recipe("principal-component", "last-token")))
    assert (done.small.layer, done.large.layer) == (fitted.small_layer, fitted.large_layer)
    assert (done.method, done.reading) == ("principal-component", "last-token") and done.mapped is not None
    bare = engine.at_layers(fitted, 0, 1)
    assert finish(engine.check(bare, "mood", Recipe())).mapped is None


def test_made_vectors_steer_and_can_be_taken_and_brought_back(engine: Workbench, fitted: Session) -> None:
    noise = engine.keep_set(Shelf(), NOISE)
    shelf = finish(engine.make(fitted, noise, "mood", noise.sets[0][1], Recipe(reading="all-tokens")))
    ((label, folder),) = shelf.vectors
    assert label == "mood without noise, all-tokens, layers 1 → 2" and shelf.sets == noise.sets
    shown = engine.vectors(fitted, folder)
    assert [card.whose for card in shown.cards] == ["small", "large", "transferred"]
    assert shown.cosine is not None and -1 <= shown.cosine <= 1
    plain, made = (finish(engine.compare(fitted, steer("mood", chosen))) for chosen in ("", folder))
    assert plain.arms[0] == made.arms[0] and plain.arms[3] == made.arms[3]
    assert all(a.readout != b.readout for a, b in zip(plain.arms[1:3], made.arms[1:3], strict=True))
    for whose in ("small", "large"):
        for ending in ("safetensors", "gguf"):
            file = engine.vector_file(fitted, folder, whose, ending)
            assert file.is_relative_to(shelf.folder) and file.name.startswith("mood_without_noise-tiny-")
            brought = engine.import_vector(fitted, Shelf(), file)
            (card, *_) = engine.vectors(fitted, brought.vectors[0][1]).cards
            assert (card.whose, card.concept) == (whose, "mood without noise")
    mapped = load_vector(engine.vector_file(fitted, folder, "transferred", "safetensors"))
    native = load_vector(engine.vector_file(fitted, folder, "large", "safetensors"))
    assert mapped.layer == 2 and cosine(mapped.values, native.values) == pytest.approx(shown.cosine)


def test_a_loaded_vector_takes_the_place_of_one_arm(engine: Workbench, fitted: Session, tmp_path: Path) -> None:
    found = find_vectors(tiny.small(), NOISE, [1])[1].vector
    shelf = engine.import_vector(fitted, Shelf(), save_vector(tmp_path / "noise.gguf", found))
    assert shelf.vectors[0][0] == "noise.gguf, small model, layer 1"
    plain, other = (finish(engine.compare(fitted, steer("mood", v))) for v in ("", shelf.vectors[0][1]))
    differ = [a.readout != b.readout for a, b in zip(plain.arms, other.arms, strict=True)]
    assert differ == [False, False, True, False]
    moved = engine.at_layers(fitted, 0, 1)
    assert [card.whose for card in engine.vectors(moved, shelf.vectors[0][1]).cards] == ["small"]
    with pytest.raises(ArtifactError, match="transferred vector cannot be saved, because no map starts from its layer"):
        engine.vector_file(moved, shelf.vectors[0][1], "transferred", "gguf")


@pytest.mark.parametrize("ending", ["safetensors", "gguf"])
def test_whose_a_vector_is_said_to_be_stays_with_it(
    engine: Workbench, fitted: Session, tmp_path: Path, ending: str
) -> None:
    file = write_gguf(tmp_path / "happy.gguf", "llama", {2: torch.linspace(-1, 1, 32)}, {})
    assert engine.vector_sides(fitted, file) == ("large", "transferred")
    with pytest.raises(VectorError, match="does not say whose vector it is"):
        engine.import_vector(fitted, Shelf(), file)
    shelf = engine.import_vector(fitted, Shelf(), file, "transferred")
    ((label, folder),) = shelf.vectors
    assert label == "happy.gguf, mapped from tiny-small by an unnamed map, layer 2"
    assert [card.whose for card in engine.vectors(fitted, folder).cards] == ["transferred"]
    plain, other = (finish(engine.compare(fitted, steer("mood", v))) for v in ("", folder))
    differ = [a.readout != b.readout for a, b in zip(plain.arms, other.arms, strict=True)]
    assert differ == [False, False, True, False]
    again = engine.vector_file(fitted, folder, "transferred", ending)
    assert engine.vector_sides(fitted, again) == ("transferred",)


def test_what_does_not_fit_is_refused_and_not_kept(engine: Workbench, fitted: Session, tmp_path: Path) -> None:
    found = find_vectors(tiny.small(), NOISE, [0])[0].vector
    with pytest.raises(VectorError, match=r"belongs to layer 0 of .*, but layer 1 is in use; choose layer 0"):
        engine.import_vector(fitted, Shelf(), save_vector(tmp_path / "deep.safetensors", found))
    with pytest.raises(SettingsError, match="the other concept is mood itself"):
        finish(engine.make(fitted, Shelf(), "mood", "mood", Recipe()))
    with pytest.raises(ArtifactError, match="have been removed"):
        finish(engine.compare(fitted, steer("mood", str(tmp_path / "gone"))))
    assert torch.isfinite(found.values).all()
