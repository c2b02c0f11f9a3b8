"""Balanced and bold from a library's own index, and a Generation that is filled without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from retrieval import search
from retrieval.builtin.trained import projection_state
from retrieval.fusion import builtin_fusion
from retrieval.index import GenerationIndex
from retrieval.store import pages, vectors
from retrieval.training import deeper, evidence
from retrieval.training.deeper import Grounds, deepen
from retrieval.training.embedder import open_trained
from retrieval.training.following import Cancelled
from retrieval.training.pictures import Pictures
from retrieval.training.projection import scores
from retrieval.training.records import Trained
from retrieval.training.refill import fill, refill
from retrieval.training.types import JudgedQuestion, Recipe, TrainSettings
from retrieval.types import Embedder, PartInput, Route, WithFeatures
from tests.hash_embedder import HashEmbedder
from tests.retrieval.conftest import Models
from tests.retrieval.fake_children import Item, page
from tests.retrieval.workshop import Workshop

WORDS = ["zebra", "quokka", "lemur", "tapir", "okapi", "heron", "otter", "gecko", "bison", "llama", "raven", "newt"]
FILES: dict[str, list[Item]] = {
    "a.pdf": [page(n + 1, f"the {word} and what it eats") for n, word in enumerate(WORDS[:6])],
    "b.pdf": [page(n + 1, f"a {word} at night") for n, word in enumerate(WORDS[6:])],
    "drawings.pdf": [page(13), page(14), page(15)],  # without text; 13 cannot be drawn
}


def never() -> bool:
    return False


class Scene:
    def __init__(self, shop: Workshop, embedder: Embedder) -> None:
        self.shop, self.embedder = shop, embedder
        self.db = shop.store.read()
        generation = shop.library.models.generation_id
        assert generation is not None
        self.generation = generation
        self.index = GenerationIndex(generation, embedder.dim)
        self.index.refresh(self.db)
        self.pictures = Pictures(shop.store, shop.library.blobs, shop.library.cache, shop.children)

    def grounds(self, held_out: bool = False) -> Grounds:
        ids = [row[0] for row in self.db.execute("SELECT id FROM pages WHERE text != '' ORDER BY id")]
        questions = [
            JudgedQuestion(f"where is the {word}", frozenset({page_id}), frozenset(), held_out)
            for word, page_id in zip(WORDS, ids, strict=True)
        ]
        found = self.embedder.embed_queries([PartInput(text=q.query) for q in questions])
        within = search.scope(self.db, None, None, None)
        own = builtin_fusion() if isinstance(self.embedder, WithFeatures) else builtin_fusion().for_another_encoder
        known = evidence.gather(self.db, questions, found, within, own, self.index)
        return Grounds(self.embedder, self.index, questions, found, known, self.pictures)


def scene_with(folder: Path, embedder: Embedder) -> Iterator[Scene]:
    with Workshop(folder, FILES, embedder=embedder) as shop:
        shop.add(*FILES)
        shop.finish()
        yield Scene(shop, embedder)


@pytest.fixture(scope="module")
def builtin(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield from scene_with(tmp_path_factory.mktemp("builtin"), models["builtin"])


@pytest.fixture(scope="module")
def clip(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield from scene_with(tmp_path_factory.mktemp("clip"), models["clip"])


def run(scene: Scene, recipe: Recipe, folder: Path, **changes: float) -> Embedder:
    settings = replace(TrainSettings(recipe=recipe, epochs=1, batch_size=6), **changes)  # type: ignore[arg-type]
    deepen(scene.grounds(), recipe, settings, folder, lambda *_: None, never)
    return open_trained(scene.embedder, folder)


def test_the_rest_and_the_picture_make_the_fused_score(builtin: Scene) -> None:
    """Put back together with the old projection they are the product's own log-odds."""
    import torch

    grounds = builtin.grounds()
    embedder = grounds.embedder
    assert isinstance(embedder, WithFeatures)
    found = builtin.pictures.features(embedder, grounds.evidence.pool.page_ids.tolist(), never)
    assert len(found) == 14  # all but the page that cannot be drawn
    ranked = deeper.ranked_of(grounds.evidence, {page_id: row for row, page_id in enumerate(found)})
    rows = torch.from_numpy(embedder.project(np.stack(list(found.values()))))
    for one, asked, row in zip(ranked, grounds.evidence.asked, grounds.vectors, strict=True):
        total = scores(one, rows, torch.arange(len(rows))).numpy() / deeper.CAREFUL.temperature
        within = search.scope(builtin.db, None, None, None)
        wanted = next(q for q in grounds.questions if q.query == asked.query)
        fusion, strangers = grounds.evidence.fusion, evidence.without_text(builtin.db)
        product = evidence.candidates(builtin.db, wanted, row, within, fusion, builtin.index, strangers)
        np.testing.assert_allclose(total, [candidate.fused for candidate in product], atol=5e-3)


def test_balanced_moves_pictures_alone(builtin: Scene, tmp_path: Path) -> None:
    new = run(builtin, Recipe.BALANCED, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"projection.safetensors", "training.json"}
    assert new.query_key == builtin.embedder.query_key and new.document_key != builtin.embedder.document_key
    old, moved = (projection_state(some.route("image")[1:]) for some in (builtin.embedder, new))  # type: ignore[attr-defined]
    same = {name: torch.equal(old[name], moved[name]) for name in old}
    assert same == {"0.weight": True, "0.bias": True, "1.weight": False, "1.bias": False}  # the wide layer stays


def test_a_generation_is_filled_from_stored_features(builtin: Scene, tmp_path: Path) -> None:
    new = run(builtin, Recipe.BALANCED, tmp_path)
    calls = len(builtin.shop.children.calls)
    assert refill(builtin.shop.store, builtin.shop.library.cache, builtin.embedder, new) == 3
    assert len(builtin.shop.children.calls) == calls  # nothing was read or drawn
    with builtin.shop.store.write() as db:
        fresh = vectors.generation(db, new.document_key, new.dim)
    assert vectors.totals(builtin.db, fresh) == vectors.totals(builtin.db, builtin.generation)
    index = GenerationIndex(fresh, new.dim)
    index.refresh(builtin.db)
    for route in Route:
        assert len(index.routes[route]) == len(builtin.index.routes[route]) > 0
    ids = [row[0] for row in builtin.db.execute("SELECT id FROM pages")]
    parts = [row for some in pages.parts_of_pages(builtin.db, ids).values() for row in some]
    query = np.ones(new.dim, np.float32) / np.sqrt(new.dim)
    for part in parts:
        scored, ids = index.scores(query, part.route, np.array([part.id]))
        if not len(ids):
            continue  # the page that cannot be drawn
        if part.route is Route.TEXT:
            expected = new.embed_parts([PartInput(text=part.text)])
        else:
            assert isinstance(new, WithFeatures)
            expected = new.project(builtin.pictures.features(new, [part.page_id], never)[part.page_id][None])
        np.testing.assert_allclose(scored, expected @ query, atol=1e-3)
    assert refill(builtin.shop.store, builtin.shop.library.cache, builtin.embedder, new) == 0  # once is enough


@pytest.mark.parametrize("name", ["builtin", "clip"])
def test_every_part_is_embedded_with_a_bold_model(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    scene: Scene = request.getfixturevalue(name)
    new = run(scene, Recipe.BOLD, tmp_path, seed=5)
    told: list[str] = []
    stopped: list[bool] = []

    def stop() -> bool:
        stopped.append(not stopped)
        return stopped[-1]

    with pytest.raises(Cancelled):
        fill(scene.pictures, scene.embedder, new, lambda _, line: told.append(line), stop)
    generation = fill(scene.pictures, scene.embedder, new, lambda _, line: told.append(line), never)
    total = vectors.totals(scene.db, generation)[0]
    assert vectors.totals(scene.db, generation) == (total, total) and total == 27
    assert told[-1] == "27 of 27 parts" and vectors.up_to_date(scene.db, generation)
    index = GenerationIndex(generation, new.dim)
    index.refresh(scene.db)
    assert [len(index.routes[route]) for route in Route] == [12, 14]
    (part,) = pages.parts_of_pages(scene.db, [3])[3][1:]
    scored, _ = index.scores(new.embed_parts([PartInput(text=part.text)])[0], Route.TEXT, np.array([part.id]))
    assert scored[0] == pytest.approx(1.0, abs=2e-3)


def test_other_text_weights_are_no_refill(builtin: Scene, clip: Scene) -> None:
    assert refill(builtin.shop.store, builtin.shop.library.cache, builtin.embedder, clip.embedder) is None


@pytest.mark.parametrize("name", ["builtin", "clip"])
def test_bold_moves_questions_and_pages(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    scene: Scene = request.getfixturevalue(name)
    new = run(scene, Recipe.BOLD, tmp_path)
    assert new.query_key != scene.embedder.query_key and new.document_key != scene.embedder.document_key
    assert (tmp_path / "embedder").is_dir()


def test_what_was_learned_can_be_asked(builtin: Scene, tmp_path: Path) -> None:
    told: list[float] = []
    settings = TrainSettings(recipe=Recipe.BALANCED, seed=8)
    found = deeper.go_deeper(
        builtin.grounds(), Recipe.BALANCED, settings, tmp_path, lambda share, _: told.append(share), never
    )
    assert found.moved == ("picture projection",) and not found.no_gain and found.index is not None
    assert told == sorted(told) and 0.0 < told[0] < 1.0
    with builtin.shop.store.write() as db:
        assert found.generation == vectors.generation(db, found.embedder.document_key, found.embedder.dim)
    assert [len(found.index.routes[route]) for route in Route] == [12, 14]
    assert open_trained(builtin.embedder, tmp_path).document_key == found.embedder.document_key


def test_no_gain_leaves_no_weights(builtin: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fusion.json").write_text("{}", encoding="utf-8")  # not its own

    def nothing(*args: object) -> Trained:
        (tmp_path / "projection.safetensors").write_bytes(b"")
        return Trained("mnrl", 1.0, 1, 1.0, 0, share=0.0)

    monkeypatch.setattr(deeper, "deepen", nothing)
    found = deeper.go_deeper(builtin.grounds(), Recipe.BALANCED, TrainSettings(), tmp_path, lambda *_: None, never)
    assert found.no_gain and found.index is None and found.embedder is builtin.embedder
    assert [path.name for path in tmp_path.iterdir()] == ["fusion.json"]


def test_rows_of_the_library(builtin: Scene) -> None:
    """Passages and pictures, wrong ones beside the right ones, the inner split apart."""
    examples = deeper.examples_of(builtin.grounds(), TrainSettings(hard_negatives=3))
    assert {example.route for example in examples.train} == set(Route)
    assert all(len(example.wrong) == 3 for example in examples.train if example.route is Route.TEXT)
    assert not examples.inner  # 12 questions are too few for one
    train, inner = deeper.split(100, 0)
    assert len(inner) == 20 and sorted(train + inner) == list(range(100))
    assert deeper.split(100, 0) == (train, inner) != deeper.split(100, 1)


def test_pictures_that_cannot_be_made_are_left_out(clip: Scene, tmp_path: Path) -> None:
    ids = [row[0] for row in clip.db.execute("SELECT id FROM pages WHERE text = '' ORDER BY id")]
    files = clip.pictures.files(ids, 64, tmp_path, never)
    assert sorted(files) == ids[1:]
    with Image.open(files[ids[1]]) as picture:
        assert picture.size == (8, 8)


def test_held_out_questions_are_refused(clip: Scene, tmp_path: Path) -> None:
    for recipe in (Recipe.BALANCED, Recipe.BOLD):
        with pytest.raises(ValueError, match="held-out"):
            deepen(clip.grounds(held_out=True), recipe, TrainSettings(), tmp_path, lambda *_: None, never)
    assert list(tmp_path.iterdir()) == []


def test_a_person_can_stop_it(builtin: Scene, tmp_path: Path) -> None:
    stop: Callable[[], bool] = lambda: True  # noqa: E731
    for recipe in (Recipe.BALANCED, Recipe.BOLD):
        with pytest.raises(Cancelled):
            deepen(builtin.grounds(), recipe, TrainSettings(), tmp_path, lambda *_: None, stop)
    assert list(tmp_path.iterdir()) == []


def test_the_share_of_learning_follows_the_work(clip: Scene) -> None:
    """12 questions of two routes, one wrong Part each, two epochs: 345.6 units of learning, 26 Parts to embed."""
    grounds = clip.grounds()
    assert deeper.learning_share(grounds, Recipe.BOLD, TrainSettings()) == pytest.approx(345.6 / (345.6 + 26))
    less = deeper.learning_share(grounds, Recipe.BOLD, TrainSettings(epochs=0.1))
    assert less == pytest.approx(17.28 / (17.28 + 26))


def test_which_recipes_a_model_has(models: Models) -> None:
    offered = {name: [recipe for recipe in Recipe if deeper.can(models[name], recipe)] for name in ("builtin", "clip")}
    assert offered == {"builtin": [Recipe.BALANCED, Recipe.BOLD], "clip": [Recipe.BOLD]}
    assert not any(deeper.can(HashEmbedder(), recipe) for recipe in Recipe)
