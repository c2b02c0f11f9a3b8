"""Which Models are kept, and what goes of the others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.adding import add_texts
from retrieval.errors import FolioscopeError
from retrieval.garbage import collect
from retrieval.store import jobs, models, vectors
from retrieval.trained import folder_of, writing
from retrieval.types import JobState
from tests.hash_embedder import HashEmbedder
from tests.retrieval.taught import files, teach, verdict
from tests.retrieval.workshop import Workshop

WHOLE = {"card.md", "fusion.json", "map.safetensors"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(tmp_path) as found:
        add_texts(found.store, [("one", "zebra"), ("two", "quokka")])
        found.finish()
        yield found


def kept(shop: Workshop) -> set[str]:
    shop.finish()
    found = {info.id for info in shop.library.models.list() if info.kept}
    for info in shop.library.models.list():
        if info.recipe is not None:
            assert files(shop.library, info.id) == (WHOLE if info.kept else {"card.md"})
    return found


def test_the_current_one_the_four_before_it_and_builtin_are_kept(shop: Workshop) -> None:
    made = []
    for seed in range(7):
        made.append(teach(shop.library, seed))
        shop.library.models.promote(made[-1])
    assert kept(shop) == {"builtin", *made[2:]}
    assert [shop.library.models.rollback().id for _ in range(5)] == [*reversed(made[2:6]), "builtin"]
    assert kept(shop) == {"builtin", *made[2:]}  # builtin answers, and the last five can again
    assert shop.library.search("zebra").hits


def test_of_a_model_that_is_not_kept_the_card_and_the_verdict_stay(shop: Workshop) -> None:
    first, *others = (teach(shop.library, seed) for seed in range(6))
    for model_id in (first, *others):
        shop.library.models.promote(model_id)
    shop.finish()
    info = shop.library.models.get(first)
    assert (info.kept, info.ready) == (False, False)
    assert shop.library.models.card(first) == "# Model 0\n"
    assert shop.library.models.verdict(first) == verdict(first)
    for switch in (shop.library.models.promote, shop.library.models.rollback, shop.library.models.load):
        with pytest.raises(FolioscopeError, match="only the card is left"):
            switch(first)
    assert shop.library.models.current.id == others[-1]
    assert teach(shop.library, 0) == first  # trained again: the same weights come back
    assert files(shop.library, first) == WHOLE and shop.library.models.promote(first).current


def test_undecided_ones_are_kept_while_they_are_few(shop: Workshop) -> None:
    made = [teach(shop.library, seed) for seed in range(models.KEPT_UNDECIDED + 2)]
    assert kept(shop) == {"builtin", *made[2:]}


def test_what_a_person_added_is_kept_until_it_is_discarded(shop: Workshop) -> None:
    with shop.store.write() as db:
        models.insert(db, "hub", "hub", "some/model", None, vectors.generation(db, "its", 64), "its")
    for seed in range(8):
        shop.library.models.promote(teach(shop.library, seed))
    assert "hub" in kept(shop)
    shop.library.models.discard("hub")
    assert "hub" not in kept(shop)
    assert vectors.unused_generations(shop.store.read()) == []
    with shop.store.write() as db:
        models.insert(db, "hub", "hub", "some/model", None, vectors.generation(db, "its", 64), "its")  # added again
    assert "hub" in kept(shop)


def test_discarding_takes_weights_and_vectors_and_the_job(shop: Workshop) -> None:
    model_id = teach(shop.library, 1, document_key="its own")
    generation = models.get(shop.store.read(), model_id).generation_id  # type: ignore[union-attr]
    with shop.store.write() as db:
        job = jobs.insert(db, "embed", model_id)
        db.execute(
            "INSERT INTO vectors (generation_id, document_id, route, part_ids, page_ids, rows)"
            " VALUES (?, 1, 'text', x'', x'', x'')",
            (generation,),
        )
    shop.library.models.discard(model_id)
    assert shop.library.jobs.get(job).state is JobState.CANCELLED
    assert model_id not in kept(shop)
    db = shop.store.read()
    assert [row[0] for row in db.execute("SELECT count(*) FROM generations")] == [1]
    assert db.execute("SELECT count(*) FROM vectors WHERE generation_id = ?", (generation,)).fetchone()[0] == 0
    assert shop.library.search("zebra").hits[0].why.meaning == 1
    shop.assert_whole()


def test_a_discarded_one_can_be_promoted_while_it_is_there(shop: Workshop) -> None:
    model_id = teach(shop.library, 1)
    shop.library.models.discard(model_id)
    shop.library.models.promote(model_id)
    assert model_id in kept(shop)


def test_a_generation_that_models_share_stays(shop: Workshop) -> None:
    for seed in range(7):
        shop.library.models.promote(teach(shop.library, seed))
    shop.library.models.rollback("builtin")
    shop.finish()
    assert shop.library.search("zebra").hits[0].why.meaning == 1


def test_vectors_of_newer_builtin_weights_take_the_place_of_the_old(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, [("one", "zebra")])
        shop.finish()
    with Workshop(tmp_path, embedder=HashEmbedder(name="newer")) as shop:
        model_id = teach(shop.library, 1)
        shop.finish()
        (key,) = (row[0] for row in shop.store.read().execute("SELECT document_key FROM generations"))
        assert key == HashEmbedder(name="newer").document_key
        assert shop.library.search("zebra").hits[0].why.meaning == 1
        assert shop.library.models.promote(model_id).ready


def test_a_model_on_older_builtin_weights_follows_them(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, [("one", "zebra"), ("two", "quokka")])
        shop.finish()
        model_id = teach(shop.library, 1)
        shop.library.models.promote(model_id)
    with Workshop(tmp_path, embedder=HashEmbedder(name="newer")) as shop:
        assert shop.library.search("zebra").hits[0].why.words == 1
        shop.finish()
        assert shop.library.search("zebra").hits[0].why.meaning is not None
        assert shop.library.models.current.id == model_id and shop.library.models.current.ready
        shop.assert_whole()


def test_nothing_goes_while_a_retrain_runs(shop: Workshop) -> None:
    """Its Generation and its folder belong to no Model yet."""
    with shop.store.write() as db:
        job = jobs.insert(db, "train")
        vectors.generation(db, "not yet anybody's", 64)
    for seed in range(7):
        shop.library.models.promote(teach(shop.library, seed))
    assert not collect(shop.store)
    assert all(info.kept for info in shop.library.models.list())
    with shop.store.write() as db:
        jobs.finish(db, job, JobState.DONE, None)
    while collect(shop.store):
        pass
    assert sum(info.kept for info in shop.library.models.list()) == 6
    assert vectors.unused_generations(shop.store.read()) == []


def test_folders_that_belong_to_no_model_go_after_a_while(shop: Workshop) -> None:
    model_id = teach(shop.library, 1)
    left = folder_of(shop.library.path, "20260101-dead00")
    left.mkdir()
    (left / "fusion.json").write_text("{}")
    assert not collect(shop.store) and left.exists()
    long_ago = time.time() - 2 * 3600
    os.utime(left, (long_ago, long_ago))
    os.utime(folder_of(shop.library.path, model_id), (long_ago, long_ago))
    assert collect(shop.store) and not left.exists()
    assert files(shop.library, model_id) == WHOLE and not collect(shop.store)


def test_a_folder_is_whole_or_not_there(shop: Workshop) -> None:
    with pytest.raises(RuntimeError), writing(shop.library.path, "job-1") as folder:
        (folder / "fusion.json").write_text("{}")
        raise RuntimeError
    assert list((shop.library.path / "models").iterdir()) == []
