"""Files in: found, named, known by content, refused with a reason."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path, PurePath

import pytest

from ingest.types import Limits
from retrieval.adding import add_files, add_texts
from retrieval.store import documents
from retrieval.types import JobState, Stage
from tests.ingest import samples
from tests.retrieval.fake_children import file, page
from tests.retrieval.workshop import Workshop


def names(rows: list[dict[str, object]]) -> list[object]:
    return [row["document"] for row in rows]


def test_a_folder_is_walked_in_order_and_what_is_not_ours_is_passed_over(tmp_path: Path) -> None:
    for name in ("b.pdf", "a.pdf", "sub/c.pdf", ".hidden.pdf", ".git/d.pdf"):
        file(tmp_path / "in", name)
    (tmp_path / "in" / "Thumbs.db").write_bytes(b"\x00\x01")
    (tmp_path / "in" / "~$lock.docx").write_bytes(b"\x00\x01")
    with Workshop(tmp_path) as shop:
        job, added = shop.add(".")
        assert names(added.added) == ["a.pdf", "b.pdf", "c.pdf"]
        assert names(added.skipped) == ["Thumbs.db", "~$lock.docx"]
        assert added.refused == [] and job is not None
        assert all(row["document_id"] is None and row["reason"] for row in added.skipped)


def test_bad_files_are_refused_with_reason_and_remedy_and_the_others_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "empty.pdf").write_bytes(b"")
    samples.office(folder / "report.docx")
    (folder / "noise.pdf").write_bytes(bytes(range(256)) * 4)
    (folder / "big.pdf").write_bytes(b"%PDF-1.7\n" + bytes(5000))
    (folder / "song.mp3").write_bytes(b"ID3\x04" + bytes(500))
    os.mkfifo(folder / "pipe")
    file(folder, "good.pdf")
    order = ["empty.pdf", "report.docx", "noise.pdf", "big.pdf", "song.mp3", "missing.pdf", "pipe", "good.pdf"]
    with Workshop(tmp_path) as shop:
        paths = [folder / name for name in order]
        job, added = add_files(shop.store, shop.library.blobs, paths, (), False, {}, Limits(max_bytes=4000))
        assert job is not None and names(added.added) == ["good.pdf"]
        assert Counter(names(added.refused)) == Counter(order[:-1])
        assert all(row["reason"] and row["remedy"] for row in added.refused)
        reasons = {row["document"]: str(row["reason"]) + str(row["remedy"]) for row in added.refused}
        assert "empty" in reasons["empty.pdf"] and "Save it as PDF" in reasons["report.docx"]
        assert "larger" in reasons["big.pdf"] and "no such file" in reasons["missing.pdf"]
        kept = shop.library.documents.refusals()
        assert Counter(refusal.document for refusal in kept) == Counter(order[:-1])
        shop.library.documents.dismiss(kept[0].id)
        assert len(shop.library.documents.refusals()) == 6


@pytest.mark.parametrize("path", ["x" * 10_000, "nul\x00byte", "", "a/" * 3000], ids=["long", "nul", "none", "deep"])
def test_a_path_that_cannot_be_is_refused(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Workshop(tmp_path / "shop") as shop:
        (tmp_path / "shop" / "in").mkdir()
        paths = [Path(path) if path else tmp_path / "nothing"]
        job, added = add_files(shop.store, shop.library.blobs, paths, (), False, {}, Limits())
        assert job is None and len(added.refused) == 1
        assert shop.library.documents.refusals()


def test_a_name_that_is_not_text_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    file(folder, "good.pdf")
    with open(os.fsencode(folder) + b"/caf\xe9.pdf", "wb") as out:
        out.write(b"%PDF-1.7\n")
    with Workshop(tmp_path) as shop:
        _, added = shop.add(".")
        assert names(added.added) == ["good.pdf"]
        (refused,) = added.refused
        assert refused["document"] == "caf?.pdf" and "Rename" in str(refused["remedy"])
        assert shop.library.documents.list()[0].name == "good.pdf"


def test_twins_have_one_document_and_both_names(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"same": [page(1, "zebra")]}) as shop:
        file(tmp_path / "in", "first.pdf", "same")
        file(tmp_path / "in", "second.pdf", "same")
        _, added = shop.add("first.pdf", "second.pdf", tags=["one"])
        assert names(added.added) == ["first.pdf"] and names(added.skipped) == ["second.pdf"]
        assert added.skipped[0]["document_id"] == added.added[0]["document_id"]
        assert added.skipped[0]["reason"] == "already here, as first.pdf"
        shop.finish()
        _, again = shop.add("second.pdf", tags=["two", " ", " two "])
        assert names(again.skipped) == ["second.pdf"] and again.added == []
        library = shop.library
        info = library.documents.get("second.pdf")
        assert (info.name, info.names, info.tags) == ("first.pdf", ("first.pdf", "second.pdf"), ("one", "two"))
        assert library.documents.resolve("second.pdf#page=1") == library.documents.resolve("first.pdf#page=1")
        assert shop.asked("zebra") == ["first.pdf#page=1"]
        library.documents.remove(["second.pdf"])
        assert library.documents.list() == []


def test_names_that_look_like_placeholders_are_only_names(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"same": [page(1, "zebra")]}) as shop:
        file(tmp_path / "in", "{name} {0} %s.pdf", "same")
        file(tmp_path / "in", "b.pdf", "same")
        _, added = shop.add("{name} {0} %s.pdf", "b.pdf")
        assert added.skipped[0]["reason"] == "already here, as {name} {0} %s.pdf"


def test_the_second_of_a_name_gets_its_shortest_distinguishing_path(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        for name in ("x/r.pdf", "y/r.pdf", "z/y/r.pdf"):
            file(tmp_path / "in", name, name.replace("/", "-"))
        _, added = shop.add("x/r.pdf", "y/r.pdf", "z/y/r.pdf")
        assert names(added.added) == ["r.pdf", "y/r.pdf", "z/y/r.pdf"]
        shop.library.documents.remove(["r.pdf"], for_good=True)
        assert {info.name for info in shop.library.documents.list()} == {"y/r.pdf", "z/y/r.pdf"}


def test_uploads_are_named_as_they_were_dropped(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        first, second = file(tmp_path, "tmp1", "one"), file(tmp_path, "tmp2", "two")
        given = {first: PurePath("holiday/r.pdf"), second: PurePath("work/r.pdf")}
        _, added = add_files(shop.store, shop.library.blobs, [first, second], (), True, given, Limits())
        assert names(added.added) == ["r.pdf", "work/r.pdf"]
        first.unlink()
        assert shop.library.documents.original("r.pdf")[0].read_bytes().endswith(b"one")
        assert shop.library.documents.original("work/r.pdf")[2] == "r.pdf"


def test_a_moved_file_is_found_again(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": [page(1, "zebra")]}) as shop:
        shop.add("a.pdf")
        shop.finish()
        (tmp_path / "in" / "new").mkdir()
        (tmp_path / "in" / "a.pdf").rename(tmp_path / "in" / "new" / "a.pdf")
        assert shop.library.documents.get("a.pdf").missing
        shop.add("new/a.pdf")
        assert not shop.library.documents.get("a.pdf").missing
        (tmp_path / "in" / "new" / "a.pdf").rename(tmp_path / "in" / "upload.pdf")
        _, added = shop.add("upload.pdf", copy=True)
        (tmp_path / "in" / "upload.pdf").unlink()
        info = shop.library.documents.get("a.pdf")
        assert not info.missing and info.names == ("a.pdf", "upload.pdf") and added.skipped


def test_what_was_cancelled_goes_on_when_it_is_added_again(tmp_path: Path) -> None:
    with Workshop(tmp_path, {"a.pdf": [page(1, "zebra"), page(2, "", wants_ocr=True)]}, {2: "wombat"}) as shop:
        job, _ = shop.add("a.pdf")
        assert job is not None
        shop.step()
        shop.library.jobs.cancel(job)
        again, added = shop.add("a.pdf")
        assert again is not None and again != job and names(added.skipped) == ["a.pdf"]
        shop.finish()
        assert shop.library.documents.get("a.pdf").stage is Stage.DONE
        assert shop.library.jobs.get(again).state is JobState.DONE
        assert shop.library.jobs.get(job).state is JobState.CANCELLED
        assert shop.add("a.pdf")[0] is None  # and now there is nothing to do
        assert [found.id for found in shop.library.jobs.list()] == [again, job]


def test_cancel_while_a_folder_is_added_ends_the_adding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from retrieval import adding

    with Workshop(tmp_path) as shop:
        for number in range(5):
            file(tmp_path / "in", f"{number}.pdf")
        seen = []
        hashed = adding.sha256_of

        def slowly(path: Path) -> str:
            seen.append(path.name)
            if len(seen) == 3:
                shop.library.jobs.cancel(shop.library.jobs.list()[0].id)
            return hashed(path)

        monkeypatch.setattr(adding, "sha256_of", slowly)
        shop.add(".")
        assert seen == ["0.pdf", "1.pdf", "2.pdf"]
        shop.finish()
        assert {job.state for job in shop.library.jobs.list()} == {JobState.CANCELLED}


def test_texts_are_documents_of_one_page(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        job, added = add_texts(shop.store, ((f"d{number}", f"zebra word{number}") for number in range(1200)))
        assert job is not None and len(added.added) == 1200
        assert added.added[7] == {
            "document": "d7",
            "document_id": added.added[7]["document_id"],
            "kind": "page",
            "pages": 1,
        }
        assert shop.library.rank("word777", stage="words")[0][0] == "d777"
        job, again = add_texts(
            shop.store, [("d1", "zebra word1"), ("d1", "another text"), ("", ""), ("\ud83d", "\ud83d x")]
        )
        assert names(again.skipped) == ["d1"] and names(again.added) == ["d1", "", "?"]
        assert [row.kind for row in documents.of_job(shop.store.read(), job or 0)] == ["text"] * 3
        shop.assert_whole()
