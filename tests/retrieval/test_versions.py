"""Promoting and going back, names, verdicts and cards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.adding import add_texts
from retrieval.errors import FolioscopeError, ModelError, NotFound, NotReady
from retrieval.library import Library
from retrieval.store import models
from retrieval.training.mapped import MappedEmbedder
from retrieval.types import JobState, PartInput
from tests.hash_embedder import HashEmbedder
from tests.retrieval.taught import teach, turned, verdict
from tests.retrieval.workshop import Workshop

TEXTS = [(f"text {number}", f"zebra stripes number{number}") for number in range(12)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(tmp_path) as found:
        add_texts(found.store, TEXTS)
        found.finish()
        yield found


def order(library: Library, query: str = "stripes of a zebra") -> list[str]:
    """By meaning alone: what the Model makes of the question."""
    return [name for name, _ in library.rank(query, stage="vectors")]


def answers(library: Library) -> str:
    return library.models.current.id


# what answers


def test_a_trained_model_answers_with_its_own_map(shop: Workshop) -> None:
    model_id = teach(shop.library)
    before = order(shop.library)
    assert shop.library.models.promote(model_id).current
    embedder = shop.library.models.embedder()
    assert isinstance(embedder, MappedEmbedder) and np.array_equal(embedder.map, turned(64, 1))
    assert order(shop.library) != before
    shop.library.models.rollback()
    assert order(shop.library) == before


def test_the_map_of_one_model_is_not_anothers(shop: Workshop) -> None:
    """The last questions are remembered: not across Models."""
    first, second = teach(shop.library, 1), teach(shop.library, 2)
    shop.library.models.promote(first)
    one = order(shop.library)
    shop.library.models.promote(second)
    assert order(shop.library) != one
    shop.library.models.promote(first)
    assert order(shop.library) == one


def test_models_on_one_embedder_share_it(shop: Workshop) -> None:
    first, second = teach(shop.library, 1), teach(shop.library, 2)
    one, two = shop.library.models.load(first), shop.library.models.load(second)
    assert isinstance(one, MappedEmbedder) and isinstance(two, MappedEmbedder)
    assert one.base is two.base is shop.library.models.builtin()


def test_the_fusion_is_the_current_models(shop: Workshop) -> None:
    model_id = teach(shop.library)
    path = shop.library.models.folder(model_id) / "fusion.json"
    text = path.read_text("utf-8")
    path.write_text(json.dumps(json.loads(text) | {"cutoff": 2.0}))
    usual = shop.library.fusion.cutoff
    shop.library.models.promote(model_id)
    assert shop.library.fusion.cutoff == 2.0
    assert not any(hit.fits for hit in shop.library.search("zebra").hits)
    shop.library.models.rollback()
    assert shop.library.fusion.cutoff == usual


def test_the_vectors_of_pages_are_the_bases(shop: Workshop) -> None:
    model_id = teach(shop.library)
    embedder = shop.library.models.load(model_id)
    parts = [PartInput("zebra")]
    assert np.array_equal(embedder.embed_parts(parts), HashEmbedder().embed_parts(parts))
    assert shop.library.models.get(model_id).ready


@pytest.mark.parametrize("name", ["map.safetensors", "fusion.json"])
def test_a_damaged_model_is_named_and_can_be_left(shop: Workshop, name: str) -> None:
    model_id = teach(shop.library)
    (shop.library.models.folder(model_id) / name).write_bytes(b"{" + b"\0" * 20)
    shop.library.models.promote(model_id)
    with pytest.raises(ModelError, match=model_id) as error:
        shop.library.search("zebra")
    assert "back" in error.value.remedy.lower()
    shop.library.models.rollback()
    assert shop.library.search("zebra").hits


# promoting and going back


def test_the_way_back_is_the_way_that_was_gone(shop: Workshop) -> None:
    first, second, third = (teach(shop.library, seed) for seed in (1, 2, 3))
    for model_id in (first, second, third):
        shop.library.models.promote(model_id)
    gone = [shop.library.models.rollback().id for _ in range(3)]
    assert gone == [second, first, "builtin"]
    with pytest.raises(FolioscopeError, match="No other model"):
        shop.library.models.rollback()
    shop.library.models.promote(third)  # what was left can be taken again
    assert shop.library.models.rollback().id == "builtin"


def test_going_back_to_a_named_one_skips_what_came_between(shop: Workshop) -> None:
    first, second, third = (teach(shop.library, seed) for seed in (1, 2, 3))
    for model_id in (first, second, third):
        shop.library.models.promote(model_id)
    assert shop.library.models.rollback("Model 1").id == first
    assert shop.library.models.rollback().id == "builtin"
    shop.library.models.promote(second)
    assert shop.library.models.rollback("builtin").id == "builtin"
    with pytest.raises(FolioscopeError, match="No other model"):
        shop.library.models.rollback()
    with pytest.raises(NotFound):
        shop.library.models.rollback("nothing")


def test_nobody_goes_back_to_what_was_discarded(shop: Workshop) -> None:
    first, second = teach(shop.library, 1), teach(shop.library, 2)
    shop.library.models.promote(first)
    shop.library.models.promote(second)
    shop.library.models.discard(first)
    assert shop.library.models.rollback().id == "builtin"


def test_promoting_the_current_one_again_changes_nothing_of_the_way_back(shop: Workshop) -> None:
    first, second = teach(shop.library, 1), teach(shop.library, 2)
    for model_id in (first, second, second):
        shop.library.models.promote(model_id)
    assert shop.library.models.rollback().id == first


def test_when_it_began_to_answer_is_shown(shop: Workshop) -> None:
    model_id = teach(shop.library)
    assert shop.library.models.get(model_id).promoted is None
    promoted = shop.library.models.promote(model_id)
    info = shop.library.models.get(model_id)
    assert info.promoted is not None and info.promoted >= info.created
    assert replace(promoted, embedded=12, parts=12) == info  # these two are not counted


def test_one_transaction(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in SQLite's own words: one BEGIN, one COMMIT, and no look at every Part."""
    model_id = teach(shop.library)
    said: list[str] = []
    shop.store.read().set_trace_callback(said.append)
    shop.library.models.promote(model_id)
    shop.library.models.rollback()
    shop.store.read().set_trace_callback(None)
    assert [word for word in said if word in ("BEGIN IMMEDIATE", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"] * 2
    assert not [word for word in said if "count(" in word]


# a Generation of its own


def test_a_model_whose_pages_are_being_embedded_waits_or_is_forced(shop: Workshop) -> None:
    shop.library.models.builtin()
    model_id = teach(shop.library, document_key="its own")
    with pytest.raises(NotReady, match="0 of 12"):
        shop.library.models.promote(model_id)
    assert answers(shop.library) == "builtin"
    info = shop.library.models.promote(model_id, force=True)
    assert (info.current, info.ready) == (True, False)
    assert [job.state for job in shop.library.jobs.list() if job.kind == "embed"] == [JobState.QUEUED]


class Apart(HashEmbedder):
    """Its vectors of pages differ from the builtin's."""

    def __init__(self) -> None:
        super().__init__(name="apart")


def shop_with_two(tmp_path: Path) -> Workshop:
    """Two Models, each with its own embedder and Generation, both complete."""
    shop = Workshop(tmp_path)
    real = shop.library.models._base
    apart = Apart()
    shop.library.models._base = lambda row: apart if row.id == "apart" else real(row)  # type: ignore[method-assign]
    add_texts(shop.store, TEXTS)
    shop.finish()
    with shop.store.write() as db:
        from retrieval.store import jobs, vectors

        generation = vectors.generation(db, apart.document_key, apart.dim)
        models.insert(db, "apart", "apart", "/models/apart", None, generation, apart.query_key)
        jobs.insert(db, "embed", "apart")
    shop.finish()
    return shop


def test_pages_added_meanwhile_answer_by_words_and_catch_up(tmp_path: Path) -> None:
    with shop_with_two(tmp_path) as shop:
        shop.library.models.promote("apart")
        add_texts(shop.store, [("late", "narwhal")])
        shop.finish()
        assert shop.library.search("narwhal").hits[0].why.meaning == 1
        info = shop.library.models.rollback()
        assert (info.id, info.ready) == ("builtin", False)
        (hit,) = [hit for hit in shop.library.search("narwhal").hits if hit.document == "late"]
        assert (hit.why.words, hit.why.meaning, hit.pending) == (1, None, "meaning")
        (job,) = [job for job in shop.library.jobs.list() if job.state is JobState.QUEUED]
        assert job.kind == "embed" and "builtin" in job.title
        shop.finish()
        (hit,) = [hit for hit in shop.library.search("narwhal").hits if hit.document == "late"]
        assert (hit.why.meaning, hit.pending) == (1, None)
        assert shop.library.models.current.ready
        shop.assert_whole()


def test_nothing_to_catch_up_with_makes_no_job(tmp_path: Path) -> None:
    with shop_with_two(tmp_path) as shop:
        before = len(shop.library.jobs.list())
        for _ in range(2):
            assert shop.library.models.promote("apart").ready
            assert shop.library.models.rollback().ready
        assert len(shop.library.jobs.list()) == before


@pytest.mark.parametrize("back", ["restored", "unpaused"])
def test_a_document_that_was_away_is_caught_up_with(tmp_path: Path, back: str) -> None:
    """In the bin, or paused, while the other Model's Generation was filled."""
    with shop_with_two(tmp_path) as shop:
        job, _ = add_texts(shop.store, [("away", "narwhal")])
        assert job is not None
        if back == "restored":
            shop.finish()
            shop.library.documents.remove(["away"])
        else:
            while shop.library.documents.get("away").stage == "words":
                shop.step()
            shop.library.jobs.cancel(job)
        shop.library.models.promote("apart", force=True)
        shop.finish()
        shop.library.models.promote("builtin")
        if back == "restored":
            shop.library.documents.restore(["away"])
        else:
            shop.library.documents.resume("away")
        shop.finish()
        assert shop.library.search("narwhal").hits[0].why.meaning == 1
        shop.library.models.promote("apart")
        shop.finish()
        assert shop.library.search("narwhal").hits[0].why.meaning == 1
        assert shop.library.models.current.ready
        shop.assert_whole()


def test_a_paused_document_is_not_waited_for(tmp_path: Path) -> None:
    with shop_with_two(tmp_path) as shop:
        job, _ = add_texts(shop.store, [("away", "narwhal")])
        assert job is not None
        while shop.library.documents.get("away").stage == "words":
            shop.step()
        shop.library.jobs.cancel(job)
        assert [(info.ready, info.parts - info.embedded) for info in shop.library.models.list()] == [(True, 1)] * 2
        assert shop.library.models.promote("apart").ready


def test_a_page_embedded_while_another_model_is_promoted_is_embedded_for_that_one_too(tmp_path: Path) -> None:
    with shop_with_two(tmp_path) as shop:
        builtin = shop.library.models.builtin()
        embed = builtin.embed_parts

        def promoted_meanwhile(parts: list[PartInput]) -> np.ndarray:
            if answers(shop.library) == "builtin":
                shop.library.models.promote("apart")
            return embed(parts)

        builtin.embed_parts = promoted_meanwhile  # type: ignore[method-assign,assignment]
        add_texts(shop.store, [("late", "narwhal")])
        shop.finish()
        assert answers(shop.library) == "apart"
        assert shop.library.search("narwhal").hits[0].why.meaning == 1
        assert shop.library.models.current.ready


# what is shown


def test_versions_are_listed_newest_first(shop: Workshop) -> None:
    first, second = teach(shop.library, 1), teach(shop.library, 2)
    assert [info.id for info in shop.library.models.versions()] == [second, first, "builtin"]
    shop.library.models.discard(first)
    assert [info.id for info in shop.library.models.versions()] == [second, "builtin"]
    assert first in [info.id for info in shop.library.models.list()]
    info = shop.library.models.get(second)
    assert (info.recipe, info.labels, info.ndcg_at_10, info.recommended, info.kept) == ("careful", 84, 0.73, True, True)


def test_the_current_and_the_builtin_model_cannot_be_discarded(shop: Workshop) -> None:
    model_id = teach(shop.library)
    shop.library.models.promote(model_id)
    for name in (model_id, "builtin"):
        with pytest.raises(FolioscopeError, match="cannot be discarded"):
            shop.library.models.discard(name)


def test_names(shop: Workshop) -> None:
    first, second = teach(shop.library, 1, name="21 November"), teach(shop.library, 2, name="21 November")
    assert [shop.library.models.get(model_id).name for model_id in (first, second)] == [
        "21 November",
        "21 November (2)",
    ]
    assert shop.library.models.rename(first, "  the  good one ").name == "the good one"
    assert shop.library.models.promote("the good one").id == first
    for name in ("21 November (2)", second, "Built in"):
        with pytest.raises(FolioscopeError, match="Another model"):
            shop.library.models.rename(first, name)
    with pytest.raises(FolioscopeError, match="needs a name"):
        shop.library.models.rename(first, " \n")
    assert shop.library.models.rename(first, "the good one").name == "the good one"


def test_the_same_weights_again_are_the_same_model(shop: Workshop) -> None:
    model_id = teach(shop.library)
    shop.library.models.rename(model_id, "mine")
    shop.library.models.discard(model_id)
    assert teach(shop.library) == model_id
    info = shop.library.models.get(model_id)
    assert info.name == "mine" and len(shop.library.models.versions()) == 2


def test_verdict_and_card_stand_with_the_model(shop: Workshop) -> None:
    model_id = teach(shop.library, 3)
    assert shop.library.models.verdict(model_id) == verdict(model_id)
    assert shop.library.models.verdict("builtin") is None
    assert shop.library.models.card(model_id) == "# Model 3\n"
    assert "projection" in shop.library.models.card("builtin")
    with pytest.raises(NotFound):
        shop.library.models.verdict("nothing")


def test_doctor_names_models_without_their_weights(shop: Workshop) -> None:
    first, second = teach(shop.library, 1), teach(shop.library, 2)

    def missing() -> object:
        report = shop.library.doctor()["library"]
        assert isinstance(report, dict)
        return report["models_without_weights"]

    assert missing() == []
    (shop.library.models.folder(second) / "fusion.json").unlink()
    assert missing() == [second] and first not in str(missing())


def test_a_verdict_says_nothing_of_what_was_erased(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, [("one", "zebra"), ("two", "quokka"), ("three", "okapi")])
        shop.finish()
        model_id = teach(shop.library)
        shop.library.documents.remove(["two"])
        assert shop.library.models.verdict(model_id) == verdict(model_id)  # the bin keeps everything
        shop.library.documents.remove(["two"], for_good=True)
        assert shop.library.models.verdict(model_id) == replace(verdict(model_id), lost=())
        left = [path for path in shop.library.path.rglob("*") if path.is_file() and path.name != "library.sqlite-shm"]
        assert left and not [path for path in left if b"pangolin" in path.read_bytes()]
