"""Words → vectors → OCR → done, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.types import Limits, PageError, Refused
from retrieval.adding import add_files
from retrieval.errors import NotFound
from retrieval.store import documents, jobs
from retrieval.store import fulltext as fulltext_store
from retrieval.types import Floats, JobState, PartInput, Route, Stage
from tests.hash_embedder import HashEmbedder
from tests.retrieval.fake_children import Item, file, moment, page
from tests.retrieval.workshop import Workshop

ZEBRA: list[Item] = [page(1, "zebra stripes"), page(2, "quokka smiles"), page(3, "", wants_ocr=True)]


def stage(shop: Workshop, name: str) -> Stage:
    return shop.library.documents.get(name).stage


def test_each_stage_is_searchable_before_the_next(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": ZEBRA}, seen={3: "wombat burrow"}) as shop:
        job, added = shop.add("a.pdf")
        assert job is not None and added.added[0]["document"] == "a.pdf"
        assert shop.library.documents.get("a.pdf").pages == 0

        assert shop.step()
        assert stage(shop, "a.pdf") is Stage.VECTORS
        assert shop.asked("quokka") == ["a.pdf#page=2"]
        hit = shop.library.search("quokka").hits[0]
        assert (hit.why.words, hit.why.meaning, hit.pending) == (1, None, "meaning")
        assert shop.library.search("quokka").reading == 1
        assert shop.children.calls == ["read a.pdf"]

        assert shop.step()
        assert stage(shop, "a.pdf") is Stage.OCR
        hit = shop.library.search("quokka").hits[0]
        assert (hit.why.words, hit.why.meaning, hit.pending) == (1, 1, None)
        assert shop.asked("wombat") == []
        waiting = next(hit for hit in shop.library.search("quokka").hits if hit.page == 3)
        assert waiting.pending == "text"

        shop.finish()
        assert stage(shop, "a.pdf") is Stage.DONE
        assert shop.asked("wombat") == ["a.pdf#page=3"]
        hit = shop.library.search("wombat burrow").hits[0]
        assert (hit.corpus_id, hit.why.meaning, hit.source) == ("a.pdf#page=3", 1, "ocr")
        assert hit.region is not None and hit.region.x0 == pytest.approx(0.2)
        info = shop.library.documents.get("a.pdf")
        assert (info.used_ocr, info.ocr_pages, info.ocr_done, info.parts, info.parts_embedded) == (True, 1, 1, 6, 6)
        assert shop.library.jobs.get(job).state is JobState.DONE
        assert shop.library.search("quokka").reading == 0
        shop.assert_whole()


def test_the_words_of_a_second_document_come_before_the_vectors_of_the_first(tmp_path: Path) -> None:
    long: list[Item] = [page(number, f"zebra {number}") for number in range(1, 200)]
    with Workshop(tmp_path, {"a.pdf": long, "b.pdf": [page(1, "quokka")]}) as shop:
        shop.add("a.pdf")
        shop.step()
        shop.step()
        shop.add("b.pdf")
        shop.step()
        assert stage(shop, "a.pdf") is Stage.VECTORS
        assert shop.asked("quokka") == ["b.pdf#page=1"]


def test_a_page_that_cannot_be_read_is_named_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    items: list[Item] = [page(1, "zebra"), PageError(2, "it is broken"), page(3, "quokka")]
    with Workshop(tmp_path, {"a.pdf": items}) as shop:
        shop.add("a.pdf")
        shop.finish()
        info = shop.library.documents.get("a.pdf")
        assert (info.pages, info.skipped_pages, info.stage) == (2, ((2, "it is broken"),), Stage.DONE)
        assert shop.asked("quokka") == ["a.pdf#page=3"]
        first = shop.library.documents.resolve("a.pdf#page=1")
        assert shop.library.documents.page(first).next_id == shop.library.documents.resolve("a.pdf#page=3")


def test_a_file_that_breaks_off_keeps_what_was_read(tmp_path: Path) -> None:
    items: list[Item] = [page(1, "zebra"), page(2, "quokka"), Refused("it ends too early", "Download it again.")]
    with Workshop(tmp_path, {"a.pdf": items}) as shop:
        shop.add("a.pdf")
        shop.finish()
        info = shop.library.documents.get("a.pdf")
        assert info.pages == 2 and info.stage is Stage.DONE
        assert [number for number, _ in info.skipped_pages] == [3]
        assert "it ends too early" in info.skipped_pages[0][1]


@pytest.mark.parametrize(
    "items",
    [
        [Refused("it is encrypted", "Save it without a password.")],
        [PageError(1, "broken"), PageError(2, "broken")],
        [],
    ],
    ids=["refused", "no page readable", "no page"],
)
def test_a_file_without_a_page_is_refused_and_the_others_go_on(tmp_path: Path, items: list[Item]) -> None:
    with Workshop(tmp_path, {"bad.pdf": items, "good.pdf": [page(1, "zebra")]}) as shop:
        job, _ = shop.add("bad.pdf", "good.pdf", copy=True)
        shop.finish()
        assert [info.name for info in shop.library.documents.list()] == ["good.pdf"]
        (refusal,) = shop.library.documents.refusals()
        assert refusal.document == "bad.pdf" and refusal.reason and refusal.remedy
        assert job is not None and shop.library.jobs.get(job).state is JobState.DONE
        originals = [path for path in shop.library.blobs.folder.rglob("*") if path.is_file()]
        assert len([path for path in originals if path.read_bytes().startswith(b"%PDF")]) == 1
        shop.assert_whole()


def test_a_page_that_cannot_be_drawn_stays_findable_by_its_words(tmp_path: Path) -> None:
    items: list[Item] = [page(number, f"word{number}", wants_ocr=number == 13) for number in range(1, 15)]
    with Workshop(tmp_path, {"a.pdf": items}) as shop:
        shop.add("a.pdf")
        shop.finish()
        info = shop.library.documents.get("a.pdf")
        assert info.stage is Stage.DONE and info.ocr_done == 1
        hit = shop.library.search("word13").hits[0]
        assert hit.corpus_id == "a.pdf#page=13" and hit.why.meaning == 1 and hit.why.picture is None
        assert shop.library.search("word12").hits[0].why.picture is not None


def test_an_original_that_is_gone_or_changed_is_refused(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": [page(1, "zebra")], "b.pdf": [page(1, "zebra")]}) as shop:
        shop.add("a.pdf", "b.pdf")
        (tmp_path / "in" / "a.pdf").unlink()
        (tmp_path / "in" / "b.pdf").write_bytes(b"%PDF-1.7\nlonger than it was")
        shop.finish()
        reasons = {refusal.document: refusal.reason for refusal in shop.library.documents.refusals()}
        assert "gone" in reasons["a.pdf"] and "changed" in reasons["b.pdf"]


def test_an_original_that_goes_between_the_stages_costs_its_pictures_only(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": ZEBRA}, seen={3: "wombat"}) as shop:
        shop.add("a.pdf")
        shop.step()
        (tmp_path / "in" / "a.pdf").unlink()
        shop.finish()
        assert stage(shop, "a.pdf") is Stage.DONE
        assert shop.asked("quokka") == ["a.pdf#page=2"]
        info = shop.library.documents.get("a.pdf")
        assert info.missing and info.ocr_done == 1
        shop.assert_whole()


def test_moments_keep_their_keyframes(tmp_path: Path) -> None:
    import io

    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(data, "JPEG")
    items: list[Item] = [
        moment(1, 0.0, 4.0, "a green field", picture=data.getvalue()),
        moment(2, 4.0, 9.5, picture=data.getvalue()),
    ]
    with Workshop(tmp_path, {"v.mp4": items}) as shop:
        _, added = shop.add("v.mp4")
        assert added.added[0]["kind"] == "moment"
        shop.finish()
        assert shop.asked("green field") == ["v.mp4#t=0.0,4.0"]
        page_id = shop.library.documents.resolve("v.mp4#t=4,9.5")
        assert shop.library.documents.page(page_id).start_s == 4.0
        (tmp_path / "in" / "v.mp4").unlink()
        assert shop.library.documents.picture(page_id, 400).data == data.getvalue()
        assert shop.library.documents.thumbnail(page_id).width == 64
        assert shop.library.documents.get("v.mp4").duration_s == 9.5


def test_the_same_bytes_in_another_library_are_read_from_the_cache(tmp_path: Path) -> None:
    files: dict[str, list[Item]] = {"a.pdf": ZEBRA}
    with Workshop(tmp_path, files, seen={3: "wombat"}) as first:
        first.add("a.pdf")
        first.finish()
        assert "ocr a.pdf 3" in first.children.calls
        first.library.documents.remove(["a.pdf"])
    import shutil

    shutil.rmtree(tmp_path / "library")
    with Workshop(tmp_path, files, seen={3: "never read again"}) as second:
        second.add("a.pdf")
        second.finish()
        assert "ocr a.pdf 3" not in second.children.calls
        assert second.asked("wombat") == ["a.pdf#page=3"]


# pause, cancel, remove, while it is at work


def during(shop: Workshop, what: object) -> list[Item]:
    """200 pages; `what` happens after the first ones have been committed."""
    first: list[Item] = [page(number, f"zebra {number}") for number in range(1, 101)]
    rest: list[Item] = [page(number, f"zebra {number}") for number in range(101, 201)]
    return [*first, what, *rest]  # type: ignore[list-item]


def test_pause_and_resume_while_it_is_read(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        shop.children.files["a.pdf"] = during(shop, lambda: shop.library.documents.pause("a.pdf"))
        job, _ = shop.add("a.pdf")
        shop.finish()
        assert job is not None
        info = shop.library.documents.get("a.pdf")
        assert info.paused and info.stage is Stage.WORDS and 64 <= info.pages < 200
        assert shop.library.jobs.get(job).state is JobState.DONE  # nothing of it is left to do now
        assert len(shop.asked("zebra")) == 10
        shop.children.files["a.pdf"] = during(shop, lambda: None)
        shop.library.documents.resume("a.pdf")
        assert shop.library.jobs.get(job).state is JobState.QUEUED
        shop.finish()
        info = shop.library.documents.get("a.pdf")
        assert (info.paused, info.stage, info.pages) == (False, Stage.DONE, 200)
        assert shop.library.jobs.get(job).state is JobState.DONE
        shop.assert_whole()


def test_cancel_while_it_is_read_takes_it_out_again(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        shop.children.files["b.pdf"] = [page(1, "quokka")]
        shop.add("b.pdf")
        shop.finish()
        shop.children.files["a.pdf"] = during(shop, lambda: shop.library.jobs.cancel(job))
        job, _ = shop.add("a.pdf", copy=True)
        assert job is not None
        shop.finish()
        assert shop.library.jobs.get(job).state is JobState.CANCELLED
        assert [info.name for info in shop.library.documents.list()] == ["b.pdf"]
        assert shop.asked("zebra") == []
        blobs = [path.read_bytes() for path in shop.library.blobs.folder.rglob("*") if path.is_file()]
        assert not any(blob.startswith(b"%PDF") for blob in blobs)  # its copy is gone with it
        shop.assert_whole()


def test_cancel_after_the_words_keeps_what_is_there(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": ZEBRA}, seen={3: "wombat"}) as shop:
        job, _ = shop.add("a.pdf")
        assert job is not None
        shop.step()
        assert shop.library.jobs.cancel(job).state is JobState.CANCELLED
        shop.finish()
        assert shop.asked("zebra") == ["a.pdf#page=1"] and shop.asked("wombat") == []
        assert shop.library.documents.get("a.pdf").paused
        assert shop.library.jobs.cancel(job).state is JobState.CANCELLED  # again: no harm
        shop.library.documents.resume("a.pdf")
        shop.finish()
        assert shop.asked("wombat") == ["a.pdf#page=3"]
        assert shop.library.jobs.get(job).state is JobState.DONE


def test_cancel_with_a_document_in_the_bin(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        shop.children.files["a.pdf"] = during(shop, lambda: shop.library.documents.remove(["a.pdf"]))
        job, _ = shop.add("a.pdf")
        assert job is not None
        shop.step()
        shop.library.jobs.cancel(job)
        shop.finish()
        shop.assert_whole()


def test_removed_while_it_is_read_and_brought_back(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        shop.children.files["a.pdf"] = during(shop, lambda: shop.library.documents.remove(["a.pdf"]))
        job, _ = shop.add("a.pdf")
        assert job is not None
        shop.finish()
        assert shop.asked("zebra") == []
        assert shop.library.jobs.get(job).state is JobState.DONE  # it must not be waited for
        shop.children.files["a.pdf"] = during(shop, lambda: None)
        shop.library.documents.restore(["a.pdf"])
        shop.finish()
        info = shop.library.documents.get("a.pdf")
        assert (info.stage, info.pages) == (Stage.DONE, 200)
        shop.assert_whole()


def test_removed_while_it_is_read_and_added_again(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        shop.children.files["a.pdf"] = during(shop, lambda: shop.library.documents.remove(["a.pdf"]))
        shop.add("a.pdf")
        shop.finish()
        shop.children.files["a.pdf"] = during(shop, lambda: None)
        job, added = shop.add("a.pdf")
        assert "bin" in str(added.skipped[0]["reason"])
        assert job is not None  # there is work again, and somebody has to be woken for it
        shop.finish()
        assert shop.library.documents.get("a.pdf").stage is Stage.DONE
        shop.assert_whole()


@pytest.mark.parametrize("for_good", [False, True])
def test_removed_while_its_text_is_seen(tmp_path: Path, for_good: bool) -> None:
    with Workshop(tmp_path, {"a.pdf": ZEBRA}, seen={3: "zanzibarine burrow"}) as shop:
        shop.children.on_ocr = lambda: shop.library.documents.remove(["a.pdf"], for_good=for_good)
        shop.add("a.pdf")
        shop.finish()
        shop.assert_whole()
        assert shop.asked("zanzibarine") == [] and shop.asked("zebra") == []
        if for_good:
            assert_no_trace(tmp_path, b"zanzibar")
        else:
            shop.children.on_ocr = lambda: None
            shop.library.documents.restore(["a.pdf"])
            shop.finish()
            assert shop.asked("zanzibarine") == ["a.pdf#page=3"]
            shop.assert_whole()


class ErasingEmbedder(HashEmbedder):
    """Something happens while it embeds."""

    what: object = None

    def embed_parts(self, parts):  # type: ignore[no-untyped-def]
        if callable(self.what):
            what, self.what = self.what, None
            what()
        return super().embed_parts(parts)


@pytest.mark.parametrize("for_good", [False, True])
def test_removed_while_it_is_embedded(tmp_path: Path, for_good: bool) -> None:
    embedder = ErasingEmbedder()
    with Workshop(tmp_path, {"a.pdf": ZEBRA, "b.pdf": [page(1, "lemur")]}, embedder=embedder) as shop:
        embedder.what = lambda: shop.library.documents.remove(["a.pdf"], for_good=for_good)
        shop.add("a.pdf", "b.pdf")
        shop.finish()
        shop.assert_whole()
        assert stage(shop, "b.pdf") is Stage.DONE
        assert shop.library.search("zebra stripes").searched == 1
        if for_good:
            blobs = [path for path in shop.library.blobs.folder.rglob("*") if path.is_file()]
            assert len(blobs) == 1  # the thumbnail of b.pdf
        else:
            shop.library.documents.restore(["a.pdf"])
            shop.finish()
            assert stage(shop, "a.pdf") is Stage.DONE
            assert shop.library.search("zebra stripes").hits[0].why.meaning == 1
            shop.assert_whole()


def assert_no_trace(folder: Path, *words: bytes) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and (folder / "in") not in path.parents:
            data = path.read_bytes().lower()
            for word in words:
                assert word not in data, f"{word!r} in {path}"


def test_a_job_without_documents_yet_is_not_ended(tmp_path: Path) -> None:
    """A worker may be awake while a folder is added: the job must not end before its last file has come."""
    with Workshop(tmp_path, {name: [page(1, name)] for name in ("a.pdf", "b.pdf")}) as shop:
        from ingest import sniff

        seen = []
        original = sniff.sniff

        def slowly(path: Path, limits: object) -> object:
            seen.append(path.name)
            shop.finish()
            return original(path, limits)  # type: ignore[arg-type]

        from retrieval import adding

        adding.sniff, before = slowly, adding.sniff  # type: ignore[assignment]
        try:
            job, _ = shop.add("a.pdf", "b.pdf")
        finally:
            adding.sniff = before
        assert seen == ["a.pdf", "b.pdf"] and job is not None
        assert shop.library.jobs.get(job).state is not JobState.DONE
        shop.finish()
        assert shop.library.jobs.get(job).state is JobState.DONE
        assert {info.stage for info in shop.library.documents.list()} == {Stage.DONE}


def test_nothing_to_do_is_no_step(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        assert not shop.step()
        with shop.store.write() as db:
            job = jobs.insert(db, "ingest")
        shop.finish()
        assert shop.library.jobs.get(job).state is JobState.DONE
        assert documents.listed(shop.store.read()) == [] and fulltext_store.live(shop.store.read()) == []


def test_an_original_of_the_same_size_that_is_another_file_is_told(tmp_path: Path) -> None:
    import os

    with Workshop(tmp_path, {"a.pdf": [page(1, "zebra")]}) as shop:
        shop.add("a.pdf")
        shop.finish()
        path = tmp_path / "in" / "a.pdf"
        data = path.read_bytes()
        os.utime(path, (1e9, 1e9))
        assert shop.library.documents.original("a.pdf") == (path, "pdf", "a.pdf")  # touched only
        path.write_bytes(data[:-1] + b"?")
        with pytest.raises(NotFound, match="has changed"):
            shop.library.documents.original("a.pdf")
        page_id = shop.library.documents.resolve("a.pdf#page=1")
        assert shop.library.documents.picture(page_id, 500).width == 8  # the thumbnail, and not the other file


def test_without_ocr_pictures_are_not_read_for_text(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": ZEBRA}, seen={3: "wombat"}) as shop:
        path = file(tmp_path / "in", "a.pdf")
        add_files(shop.store, shop.library.blobs, [path], (), False, {}, Limits(), ocr=False)
        shop.finish()
        info = shop.library.documents.get("a.pdf")
        assert (info.stage, info.ocr_pages, info.pages) == (Stage.DONE, 0, 3)
        assert not [call for call in shop.children.calls if call.startswith("ocr")]


def test_a_model_that_reads_only_text_passes_pictures_over(tmp_path: Path) -> None:
    class TextOnly(HashEmbedder):
        reads = frozenset({Route.TEXT})

        def embed_parts(self, parts: Sequence[PartInput]) -> Floats:
            assert all(part.picture is None for part in parts)
            return super().embed_parts(parts)

    with Workshop(tmp_path, {"a.pdf": [page(1, "the tide wheel")]}, embedder=TextOnly()) as shop:
        shop.add("a.pdf")
        shop.finish()
        assert shop.library.documents.get("a.pdf").stage is Stage.DONE
        assert [hit.document for hit in shop.library.search("tide wheel").hits] == ["a.pdf"]


@pytest.mark.parametrize(("count", "found"), [(10, 10), (3, 1)])
def test_every_page_of_a_long_document_is_found_by_how_it_begins(tmp_path: Path, count: int, found: int) -> None:
    items: list[Item] = [page(1, "Annual report of the Crimson Valve Company")]
    items += [page(number, f"leaks in week {number}") for number in range(2, count + 1)]
    with Workshop(tmp_path, {"a.pdf": items}) as shop:
        shop.add("a.pdf")
        shop.finish()
        assert len(shop.asked("crimson valve")) == found
        assert shop.asked("crimson valve leaks in week 3")[0] == "a.pdf#page=3"


def test_a_long_scan_is_found_by_how_it_begins_once_that_is_read(tmp_path: Path) -> None:
    items: list[Item] = [page(number, wants_ocr=True) for number in range(1, 11)]
    texts = {1: "Annual report of the Crimson Valve Company"}
    with Workshop(tmp_path, {"a.pdf": items}, seen=texts) as shop:
        shop.add("a.pdf")
        shop.finish()
        assert len(shop.asked("crimson valve")) == 10
