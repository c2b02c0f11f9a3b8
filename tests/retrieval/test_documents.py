"""Lists, tags, the bin, and what is left after "for good": nothing."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.types import FileKind
from retrieval.adding import add_texts
from retrieval.bin import tidy
from retrieval.documents import BIN_S
from retrieval.errors import NotFound
from retrieval.store import documents
from retrieval.store.db import get_setting
from tests.retrieval.fake_children import Item, file, moment, page
from tests.retrieval.workshop import Workshop

FILES: dict[str, list[Item]] = {
    "a.pdf": [page(1, "zebra"), page(2, "quokka"), page(3, "")],
    "b.pdf": [page(1, "lemur")],
    "v.mp4": [moment(n, 3.0 * n - 3, 3.0 * n, f"scene {n}") for n in range(1, 8)],
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(tmp_path, FILES) as found:
        found.add("a.pdf", "b.pdf", "v.mp4")
        found.finish()
        yield found


def test_lists_newest_first(shop: Workshop) -> None:
    library = shop.library.documents
    assert [info.name for info in library.list()] == ["v.mp4", "b.pdf", "a.pdf"]
    assert [info.name for info in library.list(FileKind.PDF)] == ["b.pdf", "a.pdf"]
    library.tag("a.pdf", add=["animals", " "])
    assert [info.name for info in library.list(tag="animals")] == ["a.pdf"]
    assert library.list(tag="\ud800") == []
    counts = library.counts()
    size = sum(info.size_bytes for info in library.list())
    assert counts == {
        "documents": 3, "pages": 11, "bytes": size, "pdf": 2, "scan": 0, "image": 0, "video": 1, "text": 0, "deleted": 0,
    }  # fmt: skip
    info = library.get("a.pdf")
    assert info.cover_page_id == library.resolve("a.pdf#page=1") and info.seconds_left is None


def test_tags(shop: Workshop) -> None:
    library = shop.library.documents
    assert library.tag("a.pdf", add=["two", "one", " one "]).tags == ("one", "two")
    assert library.tag("a.pdf", remove=["two", "no such"]).tags == ("one",)
    library.tag("b.pdf", add=["one", "<b>'; DROP"])
    assert library.tags() == [("<b>'; DROP", 1), ("one", 2)]
    library.remove(["b.pdf"])
    assert library.tags() == [("one", 1)]


def test_pages_know_their_neighbours(shop: Workshop) -> None:
    library = shop.library.documents
    first, second, third = (library.resolve(f"a.pdf#page={n}") for n in (1, 2, 3))
    info = library.page(second)
    assert (info.corpus_id, info.number, info.pages, info.previous_id, info.next_id) == (
        "a.pdf#page=2",
        2,
        3,
        first,
        third,
    )
    assert (info.text, info.file_kind, info.kind, info.width) == ("quokka", "pdf", "page", 600.0)
    assert library.page(first).previous_id is None and library.page(third).next_id is None
    with pytest.raises(NotFound):
        library.page(10**9)


@pytest.mark.parametrize(
    "text", ["", "#", "nothing", "a.pdf#page=0", "a.pdf#page=4", "v.mp4#page=999", "\ud800", "a.pdf#t=1,2"]
)
def test_what_does_not_exist_does_not_resolve(shop: Workshop, text: str) -> None:
    with pytest.raises(NotFound):
        shop.library.documents.resolve(text)


def test_every_page_is_found_again_by_its_corpus_id(tmp_path: Path) -> None:
    """Hostile names, short and long moments: what search prints, resolve takes."""
    chance = random.Random(8)
    files: dict[str, list[Item]] = {}
    with Workshop(tmp_path) as shop:
        names = ["#page=1.pdf", "a#page=1", "%23.pdf", "a%.mp4", "ünï #t=1,2.mp4", "x#t=1,2", "<i>'\";--.pdf", "-.mp4"]
        for number, name in enumerate(names):
            file(tmp_path / "in", name, f"content {number}")
            if name.endswith(".mp4"):
                cuts = sorted({0.0, *(round(chance.uniform(0, 300), 3) for _ in range(40))})
                spans = [(a, b) for a, b in itertools.pairwise(cuts) if b - a > 0.1]
                files[f"content {number}"] = [moment(n, a, b, f"s{n}") for n, (a, b) in enumerate(spans, 1)]
            else:
                files[f"content {number}"] = [page(n, f"word{n}") for n in range(1, 4)]
        shop.children.files = files
        shop.add(*names)
        shop.finish()
        library = shop.library.documents
        for info in library.list():
            page_id = info.cover_page_id
            while page_id is not None:
                found = library.page(page_id)
                assert library.resolve(found.corpus_id) == page_id, found.corpus_id
                page_id = found.next_id
            assert library.get(info.name).id == info.id


def test_a_span_finds_the_moment_that_holds_its_middle(shop: Workshop) -> None:
    library = shop.library.documents
    for span, number in {"0,3": 1, "2.9,3.3": 2, "0,18": 4, "20,21": 7, "500,600": 7, "3,3": 2}.items():
        assert library.page(library.resolve(f"v.mp4#t={span}")).number == number, span
    assert library.page(library.resolve("v.mp4")).number == 1


def test_the_bin_and_back(shop: Workshop) -> None:
    library = shop.library.documents
    assert library.remove(["a.pdf", library.get("a.pdf").id]) == ["a.pdf"]
    assert [info.name for info in library.list()] == ["v.mp4", "b.pdf"]
    (gone,) = library.list(deleted=True)
    assert gone.name == "a.pdf" and gone.deleted is not None
    assert library.counts()["deleted"] == 1 and library.counts()["documents"] == 2
    assert shop.asked("zebra") == [] and shop.library.search("zebra", document="a.pdf").hits == []
    library.remove(["a.pdf"])  # twice: no harm
    assert library.get("a.pdf").deleted == gone.deleted
    assert library.restore(["a.pdf"]) == ["a.pdf"]
    library.restore(["a.pdf"])
    assert shop.asked("zebra") == ["a.pdf#page=1"]
    shop.assert_whole()


def test_all_or_nothing_for_unknown_names(shop: Workshop) -> None:
    library = shop.library.documents
    for call in (library.remove, library.restore):
        with pytest.raises(NotFound, match=r"nothing\.pdf"):
            call(["a.pdf", "nothing.pdf"])
    assert len(library.list()) == 3


def test_the_bin_is_emptied_after_thirty_days(shop: Workshop) -> None:
    library = shop.library.documents
    library.remove(["a.pdf", "b.pdf"])
    with shop.store.write() as db:
        row = documents.find(db, "a.pdf")
        assert row is not None and row.deleted is not None
        documents.set_deleted(db, row.id, row.deleted - BIN_S - 1)
    assert library.empty_expired() == 1
    assert [info.name for info in library.list(deleted=True)] == ["b.pdf"]
    assert library.empty_expired() == 0
    shop.assert_whole()


@pytest.mark.parametrize("first_the_bin", [False, True])
def test_for_good_leaves_nothing_of_it_on_disk(tmp_path: Path, first_the_bin: bool) -> None:
    secret: list[Item] = [
        page(1, "the zanzibarine protocol " + "zanzibarine " * 200),
        page(2, "", wants_ocr=True),
        *(page(n, f"zanzibarine{n} and more of it") for n in range(3, 80)),
    ]
    files = {"zyzzyva secret": secret, "other": [page(1, "a lemur")]}
    with Workshop(tmp_path, files, seen={2: "xylophagous stamp"}) as shop:
        file(tmp_path / "in", "zyzzyva-report.pdf", "zyzzyva secret")
        file(tmp_path / "in", "zyzzyva-copy.pdf", "zyzzyva secret")
        file(tmp_path / "in", "other.pdf", "other")
        shop.add("zyzzyva-report.pdf", "zyzzyva-copy.pdf", "other.pdf", copy=True, tags=["kwyjibo"])
        shop.finish()
        shop.library.documents.tag("other.pdf", remove=["kwyjibo"])
        with shop.store.write() as db:
            documents.refuse(db, None, "zyzzyva-report.pdf", "it was damaged", "Send it again.")
        shop.library.labels.set("what is the zanzibarine protocol", "zyzzyva-report.pdf#page=1", True)
        shop.library.labels.set("which animal", "other.pdf#page=1", True)
        page_id = shop.library.documents.resolve("zyzzyva-report.pdf#page=1")
        shop.library.documents.thumbnail(page_id)
        playable = shop.library.path / "playable" / shop.library.documents.get("zyzzyva-report.pdf").id / "0.mp4"
        playable.parent.mkdir(parents=True)
        playable.write_bytes(b"zanzibarine film")
        (shop.library.path / "worker.log").write_text("Warning: zyzzyva-report.pdf page 3: xref broken")
        assert shop.asked("zanzibarine") and shop.asked("xylophagous")
        if first_the_bin:
            shop.library.documents.remove(["zyzzyva-copy.pdf"])
        assert shop.library.documents.remove(["zyzzyva-report.pdf"], for_good=True) == ["zyzzyva-report.pdf"]

        for path in [*(tmp_path / "library").rglob("*"), *(tmp_path / "cache").rglob("*")]:
            assert "zyzzyva" not in path.name
            if path.is_file():
                data = path.read_bytes().lower()
                for word in (b"zanzibar", b"zyzzyva", b"xylophag", b"kwyjibo"):
                    assert word not in data, (word, path)
        assert [label.query for label in shop.library.labels.list()] == ["which animal"]
        assert shop.library.documents.refusals() == []
        assert shop.asked("lemur") == ["other.pdf#page=1"]
        with pytest.raises(NotFound):
            shop.library.documents.page(page_id)
        shop.assert_whole()
        shop.add("zyzzyva-report.pdf")  # and it may come again
        shop.finish()
        assert shop.asked("zanzibarine42") == ["zyzzyva-report.pdf#page=42"]


def test_what_two_documents_share_stays_with_the_other(shop: Workshop) -> None:
    """Their thumbnails are the same bytes: one blob."""
    library = shop.library.documents
    page_id = library.resolve("b.pdf#page=1")
    assert library.thumbnail(page_id) == library.thumbnail(library.resolve("a.pdf#page=1"))
    library.remove(["a.pdf"], for_good=True)
    assert library.thumbnail(page_id).width == 8


def test_a_thumbnail_that_was_lost_is_made_again(shop: Workshop) -> None:
    library = shop.library
    library._children = shop.children
    page_id = library.documents.resolve("a.pdf#page=2")
    made = library.documents.thumbnail(page_id)
    for blob in library.blobs.folder.rglob("*"):
        if blob.is_file():
            blob.unlink()
    assert library.documents.thumbnail(page_id) == made


def test_a_text_has_no_picture_and_says_so(shop: Workshop) -> None:
    add_texts(shop.store, [("note", "zebra")])
    shop.finish()
    page_id = shop.library.documents.resolve("note")
    for ask in (
        lambda: shop.library.documents.picture(page_id, 100),
        lambda: shop.library.documents.thumbnail(page_id),
    ):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(NotFound):
        shop.library.documents.original("note")


def test_refusals_stay_until_dismissed(shop: Workshop) -> None:
    with shop.store.write() as db:
        documents.refuse(db, None, "x.pdf", "it is empty", "Save it again.")
        documents.refuse(db, None, "y.pdf", "it is empty", "Save it again.")
    found = shop.library.documents.refusals()
    assert [refusal.document for refusal in found] == ["y.pdf", "x.pdf"]
    shop.library.documents.dismiss(found[0].id)
    shop.library.documents.dismiss(10**6)
    assert [refusal.document for refusal in shop.library.documents.refusals()] == ["x.pdf"]


def test_a_reader_that_stays_keeps_the_note_of_what_is_to_be_erased(tmp_path: Path) -> None:
    """While somebody reads an older state, the log cannot be cut; the next who opens the library does it."""
    with Workshop(tmp_path, {"a.pdf": [page(1, "zanzibarine")]}) as shop:
        shop.add("a.pdf")
        shop.finish()
        shop.store.read().execute("PRAGMA busy_timeout=20")
        with contextlib.closing(sqlite3.connect(shop.store.path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM pages").fetchall()
            shop.library.documents.remove(["a.pdf"], for_good=True)
            assert shop.library.documents.list() == []
            assert get_setting(shop.store.read(), "erasing") != {}
            reader.execute("COMMIT")
    with Workshop(tmp_path) as shop:
        assert not any(b"zanzibar" in path.read_bytes() for path in shop.library.path.glob("library.sqlite*"))
        assert get_setting(shop.store.read(), "erasing") == {}


def test_what_a_kill_left_behind_is_swept_up_after_a_day(shop: Workshop) -> None:
    blobs = shop.library.blobs
    thumbnail = shop.library.documents.thumbnail(shop.library.documents.resolve("a.pdf#page=1"))
    old, young = blobs.path(blobs.put(b"old orphan")), blobs.path(blobs.put(b"young orphan"))
    half = old.with_name(".0123456789abcdef-00")
    half.write_bytes(b"half")
    beside = old.with_name(old.name + ".srt")
    beside.write_bytes(b"subtitles")
    for path in blobs.folder.glob("*/*"):
        if path != young:
            os.utime(path, (1e9, 1e9))
    tidy(shop.store, blobs)
    assert [path.exists() for path in (old, half, beside, young)] == [False, False, False, True]
    assert shop.library.documents.thumbnail(shop.library.documents.resolve("a.pdf#page=1")) == thumbnail
    os.utime(young, (1e9, 1e9))
    tidy(shop.store, blobs)
    assert young.exists()  # once a day is enough


def test_a_video_that_cannot_be_opened_is_played_as_it_is(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        path = file(shop.folder / "in", "film.mp4")
        shop.add("film.mp4")
        name = shop.library.documents.list()[0].name
        assert shop.library.documents.playable(name, 3.0) == (path, 3.0)
