"""The whole library with its own worker thread and real reader processes; and several processes at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from ingest.types import Kind
from retrieval.errors import ModelError, StoreError
from retrieval.library import Library
from retrieval.store.db import set_setting
from retrieval.types import Floats, JobState, Stage
from tests.hash_embedder import HashEmbedder
from tests.ingest import samples
from tests.retrieval.workshop import assert_whole

ROOT = Path(__file__).parents[2]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as found:
        yield found


def test_real_files_of_all_sorts(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    samples.pdf(folder / "zoo.pdf", ["zebra stripes", "quokka smiles"])
    samples.picture(folder / "red.png")
    samples.picture(folder / "picture.pdf", size=(30, 30), format="PNG")  # its bytes decide what it is
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nthis is not what it says")
    samples.office(folder / "letter.docx")
    samples.pdf(folder / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
    seen: list[str] = []
    paths = sorted(folder.iterdir())
    added = library.add(paths, copy=True, ocr=False, progress=lambda job: seen.append(job.state))
    assert {(row["document"], row["kind"], row["pages"]) for row in added.added} == {
        ("zoo.pdf", "page", 2),
        ("red.png", "picture", 1),
        ("picture.pdf", "picture", 1),
    }
    assert {row["document"] for row in added.refused} == {"empty.pdf", "broken.pdf", "letter.docx", "locked.pdf"}
    assert all(row["reason"] and row["remedy"] for row in added.refused)
    assert seen[-1] == "done"
    assert {info.stage for info in library.documents.list()} == {Stage.DONE}

    hit = library.search("quokka", kind=Kind.PAGE).hits[0]
    assert (hit.corpus_id, hit.why.words, hit.why.meaning) == ("zoo.pdf#page=2", 1, 1)
    assert hit.region is not None and 0 < hit.region.y0 < hit.region.y1 < 0.2
    pictures = library.search("quokka", kind=Kind.PICTURE).hits
    assert {hit.corpus_id for hit in pictures} == {"red.png", "picture.pdf"}
    picture = library.documents.picture(hit.page_id, 500)
    assert (picture.width, picture.height) == (250, 500)
    for path in paths:
        path.unlink()
    assert library.documents.original("zoo.pdf")[0].read_bytes().startswith(b"%PDF")
    again = library.add([folder / "zoo.pdf"])
    assert [row["document"] for row in again.refused] == ["zoo.pdf"]
    assert_whole(library)


def test_every_page_of_a_scanned_tiff_answers(library: Library, tmp_path: Path) -> None:
    added = library.add([samples.tiff(tmp_path / "post.tif")], copy=True)
    assert added.added == [
        {"document": "post.tif", "document_id": added.added[0]["document_id"], "kind": "page", "pages": 2}
    ]
    hit = library.search("receipt").hits[0]
    assert (hit.corpus_id, hit.page, hit.kind, hit.source) == ("post.tif#page=2", 2, Kind.PAGE, "ocr")
    assert hit.region is not None and hit.region.y1 < 0.3
    assert library.documents.counts()["scan"] == 1
    made = library.documents.picture(hit.page_id, 500)
    assert (made.width, made.height) == (354, 500)
    assert_whole(library)


def test_nothing_is_waited_for_when_nobody_wants_to(library: Library, tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["zebra"])
    added = library.add([path], wait=False)
    assert added.job is not None and added.added[0]["document"] == "a.pdf"
    assert library.jobs.wait(added.job).state is JobState.DONE
    assert library.add([path]).job is None


class Slow(HashEmbedder):
    """Held up until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def embed_parts(self, parts: object) -> Floats:
        assert self.go.wait(30)
        return super().embed_parts(parts)  # type: ignore[arg-type]


def test_words_answer_while_meaning_is_on_its_way(tmp_path: Path) -> None:
    embedder = Slow()
    embedder.embed_queries = HashEmbedder().embed_queries  # type: ignore[method-assign]
    with Library(tmp_path / "library", embedder=embedder, cache=tmp_path / "cache") as library:
        path = samples.pdf(tmp_path / "a.pdf", ["zebra", "quokka"])
        added = library.add([path], wait=False)
        deadline = time.monotonic() + 30
        while not library.search("quokka").hits and time.monotonic() < deadline:
            time.sleep(0.02)
        result = library.search("quokka")
        assert (result.hits[0].corpus_id, result.hits[0].pending, result.reading) == ("a.pdf#page=2", "meaning", 1)
        assert result.hits[0].why.meaning is None
        embedder.go.set()
        assert added.job is not None
        library.jobs.wait(added.job)
        assert library.search("quokka").hits[0].why.meaning == 1


class Loading(Library):
    """Its Model takes its time to load, or cannot be loaded."""

    def __init__(self, path: Path, cache: Path, trouble: bool = False) -> None:
        super().__init__(path, embedder=HashEmbedder(), cache=cache)
        self.go = threading.Event()
        self.fails = trouble

    def prepare(self) -> None:
        assert self.go.wait(30)
        if self.fails:
            raise ModelError("The weights are damaged.", "Install again.")
        super().prepare()


@pytest.mark.parametrize("trouble", [False, True])
def test_words_answer_while_the_model_loads_and_when_it_cannot(tmp_path: Path, trouble: bool) -> None:
    with Loading(tmp_path / "library", tmp_path / "cache", trouble) as library:
        library.add_texts([("one", "zebra"), ("two", "quokka")])
        library.loading_in_background()
        result = library.search("zebra")
        assert result.by_words_only == "loading"
        assert [hit.document for hit in result.hits] == ["one"]
        library.go.set()
        assert library._loading is not None
        library._loading.join()
        result = library.search("zebra")
        assert result.hits[0].document == "one"
        assert result.by_words_only == ("The weights are damaged." if trouble else None)


def test_a_server_that_starts_empties_the_bin(tmp_path: Path) -> None:
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        library.add_texts([("one", "zebra")])
        library.documents.remove(["one"])
        with library.store.write() as db:
            db.execute("UPDATE documents SET deleted = deleted - 31 * 86400")
        library.loading_in_background()
        assert library._loading is not None
        library._loading.join()
        assert library.documents.list(deleted=True) == []


def test_a_library_is_a_folder_that_can_be_moved(tmp_path: Path) -> None:
    with Library(tmp_path / "old", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        library.add([samples.pdf(tmp_path / "a.pdf", ["zebra"])], copy=True)
    (tmp_path / "old").rename(tmp_path / "new")
    with Library(str(tmp_path / "new"), embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        hit = library.search("zebra").hits[0]
        assert hit.corpus_id == "a.pdf#page=1" and hit.why.meaning == 1
        assert library.documents.picture(hit.page_id, 100).height == 100
        assert len(library.jobs.list()) == 1
    assert not (tmp_path / "old").exists()


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError) as error:
        Library(tmp_path / "file", cache=tmp_path / "cache")
    assert error.value.remedy


def test_doctor_tells_what_is_wrong(library: Library, tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["zebra"])
    library.add([path])
    with library.store.write() as db:
        set_setting(db, "precision", "float32")  # as it was found out before: that takes torch, and a second
    report = library.doctor()
    about = report["library"]
    assert isinstance(about, dict)
    assert (about["integrity"], about["missing_files"], about["parts"], about["parts_embedded"]) == ("ok", [], 2, 2)
    path.unlink()
    about = library.doctor()["library"]
    assert isinstance(about, dict) and about["missing_files"] == ["a.pdf"]
    json.dumps(library.doctor())  # it is printed as JSON


# several processes

CODE = """
import sys
from pathlib import Path
from retrieval.library import Library
from tests.hash_embedder import HashEmbedder

library = Library(Path(sys.argv[1]), embedder=HashEmbedder(), cache=Path(sys.argv[2]))
"""


def process(tmp_path: Path, code: str) -> subprocess.Popen[str]:
    """Another process with the same library, in whose `library` the code runs."""
    return subprocess.Popen(
        [sys.executable, "-c", CODE + code, str(tmp_path / "library"), str(tmp_path / "cache")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_one_process_adds_while_another_searches(library: Library, tmp_path: Path) -> None:
    library.add_texts([("mine", "zebra of mine")])
    assert [hit.document for hit in library.search("zebra").hits] == ["mine"]
    other = process(
        tmp_path,
        """
for number in range(60):
    print(library.add_texts([(f"theirs {number}", f"zebra number{number}")], wait=False).job, flush=True)
library.documents.remove(["mine"])
library.jobs.wait(library.jobs.list()[0].id)
library.close()
""",
    )
    counts = [1]
    while other.poll() is None:
        result = library.search("zebra", top=100)
        counts.append(len(result.hits))
        library.add_texts([(f"mine {len(counts)}", "a quokka")], wait=False)
        library.labels.set(f"question {len(counts)}", "mine", True)
    said, wrong = other.communicate()
    assert other.returncode == 0, wrong
    assert len(set(said.split())) == 60
    for job in library.jobs.list():
        library.jobs.wait(job.id)
    found = {hit.document for hit in library.search("zebra", top=1000).hits if hit.why.words and hit.why.meaning}
    assert {f"theirs {number}" for number in range(60)} <= found and "mine" not in found
    assert max(counts) > 1
    assert_whole(library)


def test_two_processes_add_the_same_files_at_once(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        samples.pdf(folder / f"{number}.pdf", [f"zebra number{number}"])
    other = process(tmp_path, f"print(len(library.add([Path({str(folder)!r})], copy=True).added)); library.close()")
    mine = library.add([folder], copy=True)
    said, wrong = other.communicate(timeout=120)
    assert other.returncode == 0, wrong
    assert len(mine.added) + int(said) == 6
    for job in library.jobs.list():
        library.jobs.wait(job.id)
    assert sorted(info.name for info in library.documents.list()) == [f"{number}.pdf" for number in range(6)]
    assert {info.stage for info in library.documents.list()} == {Stage.DONE}
    assert_whole(library)


def test_a_worker_that_is_killed_is_replaced_and_its_job_goes_on(library: Library, tmp_path: Path) -> None:
    other = process(
        tmp_path,
        """
import time
library.models.embedder().embed_parts = lambda parts: time.sleep(1000)
library.add_texts([(f"d{n}", f"zebra number{n}") for n in range(50)], wait=False)
print("added", flush=True)
time.sleep(1000)
""",
    )
    assert other.stdout is not None and other.stdout.readline() == "added\n"
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert len(library.documents.list()) == 50
    assert library.rank("number7", stage="words")[0][0] == "d7"
    active = library.jobs.active()  # wakes nobody yet: the dead worker's lease still stands
    assert active is not None
    with library.store.write() as db:
        db.execute("UPDATE worker SET heartbeat = heartbeat - 11")
    assert library.jobs.wait(active.id).state is JobState.DONE
    hit = library.search("zebra number7").hits[0]
    assert (hit.document, hit.why.meaning) == ("d7", 1)
    assert_whole(library)


def test_pictures_are_made_by_the_page(library: Library, tmp_path: Path) -> None:
    path = samples.picture(tmp_path / "p.png", size=(400, 200))
    library.add([path], ocr=False)
    page_id = library.documents.resolve("p.png")
    with Image.open(path) as original:
        assert original.size == (400, 200)
    assert library.documents.picture(page_id, 100).width == 100
    thumbnail = library.documents.thumbnail(page_id)
    path.unlink()
    assert library.documents.thumbnail(page_id) == thumbnail
    assert library.documents.picture(page_id, 100) == thumbnail  # all that is left of it
