"""Which Model answers, and its vectors in memory."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from retrieval.adding import add_texts
from retrieval.errors import Mismatch, NotFound, NotReady
from retrieval.library import Library
from retrieval.store import models, vectors
from retrieval.types import JobState, PartInput, Route, Stage
from tests.hash_embedder import HashEmbedder
from tests.retrieval.workshop import Workshop

TEXTS = [("one", "zebra stripes"), ("two", "quokka smile"), ("three", "okapi neck")]


def texts(shop: Workshop, *pairs: tuple[str, str]) -> None:
    add_texts(shop.store, pairs)
    shop.finish()


def second_model(shop: Workshop, *, embed: bool) -> HashEmbedder:
    """Another Model with its own Generation, put in through the store."""
    other = HashEmbedder(dim=32, name="other")
    db = shop.store.read()
    with shop.store.write():
        generation = vectors.generation(db, other.document_key, other.dim)
        models.insert(db, "other-1", "other", "/models/other", None, generation, other.query_key)
    if embed:
        todo = vectors.next_parts(db, generation, 100, all_stages=True)
        for part in todo:
            ids, pages = np.array([part.id], np.int64), np.array([part.page_id], np.int64)
            with shop.store.write():
                vectors.store(
                    db, generation, part.document_id, part.route, ids, pages, other.embed_parts([PartInput(part.text)])
                )
                vectors.set_progress(db, generation, part.document_id, part.id)
    return other


def test_a_library_starts_with_the_builtin_model(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        (info,) = shop.library.models.list()
        assert (info.id, info.name, info.current, info.ready) == ("builtin", "Built in", True, True)
        assert shop.library.models.current == info and not shop.library.models.loaded
        assert set(info.as_json()) == {
            "id", "name", "base", "recipe", "labels", "ndcg@10", "current", "ready", "created",
        }  # fmt: skip
        texts(shop, *TEXTS)
        info = shop.library.models.current
        assert (info.parts, info.embedded, info.ready) == (3, 3, True)


def test_a_question_encoder_of_other_vectors_is_refused(tmp_path: Path) -> None:
    """Another process has promoted a Model; this one holds an encoder that did not make its vectors."""
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)
        assert shop.library.search("zebra").hits
        second_model(shop, embed=True)
        shop.library.models.promote("other-1")
        with pytest.raises(Mismatch):
            shop.library.search("zebra")


def test_another_builtin_generation_behind_our_back_is_refused(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)
        assert shop.library.search("zebra").hits
        with shop.store.write() as db:
            generation = vectors.generation(db, "newer weights", 64)
            models.set_keys(db, "builtin", generation, "newer weights")
        with pytest.raises(Mismatch) as error:
            shop.library.search("zebra")
        assert error.value.remedy


def test_new_weights_of_the_builtin_model_embed_the_library_again(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)
        old = shop.library.models.generation_id
    with Workshop(tmp_path, embedder=HashEmbedder(dim=48, name="newer")) as shop:
        hit = shop.library.search("zebra").hits[0]
        assert (hit.document, hit.why.words, hit.why.meaning) == ("one", 1, None)  # words answer meanwhile
        assert shop.library.models.generation_id != old
        assert [job.kind for job in shop.library.jobs.list()] == ["embed", "ingest"]
        shop.finish()
        assert shop.library.search("zebra").hits[0].why.meaning == 1
        assert shop.library.jobs.list()[0].state is JobState.DONE
        assert shop.library.models.current.ready
    with Workshop(tmp_path, embedder=HashEmbedder(dim=48, name="newer")) as shop:
        shop.library.search("zebra")
        assert len(shop.library.jobs.list()) == 2  # nothing to do, no job


def test_a_model_is_promoted_when_it_is_complete(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)
        second_model(shop, embed=False)
        assert [(info.id, info.ready, info.embedded) for info in shop.library.models.list()] == [
            ("builtin", True, 3),
            ("other-1", False, 0),
        ]
        with pytest.raises(NotReady, match="0 of 3 parts") as error:
            shop.library.models.promote("other-1")
        assert "jobs" in error.value.remedy
        assert shop.library.models.current.id == "builtin"
        jobs = [job for job in shop.library.jobs.list() if job.kind == "embed"]
        assert [job.state for job in jobs] == [JobState.QUEUED]  # as the remedy says, there is one
        with pytest.raises(NotReady):
            shop.library.models.promote("other-1")
        assert len([job for job in shop.library.jobs.list() if job.kind == "embed"]) == 1


def test_promoting_and_going_back_switch_at_once(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)
        second_model(shop, embed=True)
        assert shop.library.models.promote("other").current
        assert shop.library.models.current.id == "other-1"
        assert shop.library.models.promote("builtin").current
        assert shop.library.search("zebra").hits[0].why.meaning == 1
        with pytest.raises(NotFound, match="no model nothing"):
            shop.library.models.promote("nothing")


def test_a_document_that_was_in_the_bin_while_the_model_changed_is_embedded_again(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)
        shop.library.documents.remove(["one"])
    with Workshop(tmp_path, embedder=HashEmbedder(name="newer")) as shop:
        shop.library.search("zebra")
        shop.finish()
        assert shop.library.models.current.ready
        shop.library.documents.restore(["one"])
        assert shop.library.documents.get("one").stage is Stage.VECTORS
        shop.finish()
        assert shop.library.search("zebra stripes").hits[0].why.meaning == 1
        shop.assert_whole()


def test_the_index_follows_other_processes_and_threads(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)

        def meant(query: str) -> set[str]:
            found: list[set[str]] = []

            def ask() -> None:  # each time in a new thread, as a server does
                hits = shop.library.search(query).hits
                found.append({hit.document for hit in hits if hit.why.meaning is not None})

            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
            return found[0]

        assert meant("zebra") == {"one", "two", "three"}
        with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as other:
            other.wake = lambda: None  # type: ignore[method-assign]
            other.add_texts([("four", "narwhal")], wait=False)
            shop.finish()
            assert meant("zebra") == {"one", "two", "three", "four"}
            other.documents.remove(["two"])
            assert meant("zebra") == {"one", "three", "four"}
            other.documents.restore(["two"])
            assert meant("zebra") == {"one", "two", "three", "four"}
            other.documents.remove(["two"], for_good=True)
            assert meant("zebra") == {"one", "three", "four"}
        index = shop.library.models.index()
        assert len(index.routes[Route.TEXT]) == 3


def test_the_index_is_not_read_again_while_nothing_changes(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        texts(shop, *TEXTS)
        index = shop.library.models.index()
        calls = []
        index.refresh = lambda db: calls.append(db)  # type: ignore[method-assign,assignment]
        for _ in range(3):
            shop.library.search("zebra")
        assert calls == []
        shop.library.labels.set("zebra", "one", True)
        shop.library.search("zebra")
        assert len(calls) == 1
