"""A process is killed around a commit; whoever opens the library next finds it whole and goes on to the same end."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.adding import add_texts
from retrieval.store import documents, pages, vectors
from retrieval.types import JobState, Stage
from tests.retrieval.conftest import Killed
from tests.retrieval.scripts import FILES, workshop
from tests.retrieval.workshop import Workshop


def state(shop: Workshop) -> object:
    """All that a person can see of a library, in an order that does not depend on how it came about."""
    db = shop.store.read()
    rows = documents.listed(db)
    everything = []
    for row in sorted(rows, key=lambda row: row.sha256):
        read = pages.of_document(db, row.id)
        parts = pages.parts_of_pages(db, [page.id for page in read])
        held = {}
        for generation, dim in db.execute("SELECT id, dim FROM generations").fetchall():
            ids = [
                found[0]
                for found in db.execute(
                    "SELECT id FROM vectors WHERE generation_id = ? AND document_id = ?", (generation, row.id)
                )
            ]
            for chunk in vectors.chunks(db, ids, dim):
                held.update(zip(chunk.part_ids.tolist(), (vector.tobytes() for vector in chunk.rows), strict=True))
        everything.append(
            (
                documents.names(db, [row.id])[row.id],
                documents.tags(db, [row.id])[row.id],
                row.stage,
                row.deleted is None,
                [(page.number, page.text, page.ocr, page.start_s, page.picture, page.thumbnail) for page in read],
                [
                    [(part.route, part.source, part.text, part.box, held.get(part.id)) for part in parts[page.id]]
                    for page in read
                ],
            )
        )
    words = ("zebra", "number77", "quokka", "lemur", "pangolin", "wombat", "narwhal", "okapi")
    return everything, {word: [hit.corpus_id for hit in shop.library.search(word).hits] for word in words}


@pytest.fixture(scope="module")
def undisturbed(killed: Killed, tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert killed(folder, "add", "", "") == [*FILES, "text-one"]
    with workshop(folder) as shop:
        shop.assert_whole()
        return state(shop)


ADDING = [
    ("documents.insert", 1),
    ("documents.insert", 3),
    ("documents.give_name", 2),
    ("pages.insert", 1),
    ("pages.insert", 70),
    ("pages.insert", 82),
    ("documents.set_stage", 1),
    ("documents.set_stage", 5),
    ("vectors.store", 1),
    ("vectors.store", 3),
    ("vectors.set_progress", 2),
    ("pages.set_thumbnail", 5),
    ("pages.add_passages", 1),
    ("pages.set_ocr", 1),
    ("jobs.start", 1),
    ("jobs.finish", 1),
    ("jobs.finish", 3),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("point", "turn"), ADDING, ids=[f"{point}-{turn}" for point, turn in ADDING])
def test_adding_goes_on_after_a_kill(
    tmp_path: Path, killed: Killed, undisturbed: object, point: str, turn: int, when: str
) -> None:
    said = killed(tmp_path, "add", point, when, turn)
    with workshop(tmp_path) as shop:
        shop.assert_whole()
        here = {name for info in shop.library.documents.list() for name in info.names}
        assert {name for name in said if name != "text-one"} <= here
        for info in shop.library.documents.list():
            if info.stage is not Stage.WORDS:  # read to the end: nothing of it is missing
                assert info.pages == len(FILES.get(info.name, [None]))
        shop.finish()
        shop.assert_whole()
        assert {info.stage for info in shop.library.documents.list()} <= {Stage.DONE}
        assert {job.state for job in shop.library.jobs.list()} <= {JobState.DONE}
        # what was not reported is simply added again
        for name in FILES:
            shop.add(name, copy=True, tags=["animals"])
        add_texts(shop.store, [("text one", "okapi"), ("text two", "tapir")])
        shop.finish()
        shop.assert_whole()
        assert state(shop) == undisturbed


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("turn", [1, 2])
def test_a_judgement_is_there_or_not(tmp_path: Path, killed: Killed, when: str, turn: int) -> None:
    said = killed(tmp_path, "judge", "labels.put", when, turn)
    with workshop(tmp_path) as shop:
        shop.assert_whole()
        labels = [label.relevant for label in shop.library.labels.list()]
        expected = {(1, "before"): [], (1, "after"): [True], (2, "before"): [True], (2, "after"): [False]}
        assert labels == expected[turn, when]
        assert ("judged" in said) == (turn == 2)


THROWING = [
    ("documents.set_deleted", 1),
    ("fulltext.unindex_document", 1),
    ("documents.set_deleted", 2),
    ("fulltext.index_document", 1),
    ("documents.delete", 1),
    ("labels.drop_unused_questions", 1),
    ("pages.blob_in_use", 1),
    ("pages.blob_in_use", 3),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("point", "turn"), THROWING, ids=[f"{point}-{turn}" for point, turn in THROWING])
def test_throwing_away_is_whole_or_not_at_all(
    tmp_path: Path, killed: Killed, undisturbed: object, point: str, turn: int, when: str
) -> None:
    said = killed(tmp_path, "throw_away", point, when, turn)
    with workshop(tmp_path) as shop:
        shop.assert_whole()
        live = [info.name for info in shop.library.documents.list()]
        binned = [info.name for info in shop.library.documents.list(deleted=True)]
        erased = "a.pdf" not in live + binned
        assert not erased or point in ("documents.delete", "labels.drop_unused_questions", "pages.blob_in_use")
        assert ("removed" in said) == ((point, turn) not in THROWING[:2])
        if erased:
            # the rest of the work was done when the library was opened
            left = [
                path for path in shop.library.path.rglob("*") if path.is_file() and path.name != "library.sqlite-shm"
            ]
            assert not [path for path in left if b"a.pdf" in path.read_bytes() or b"wombat" in path.read_bytes()]
            assert shop.library.labels.list() == []
            shop.add("a.pdf", copy=True, tags=["animals"])
        elif binned:
            assert binned == ["a.pdf"] and shop.asked("number77") == []
            shop.library.documents.restore(["a.pdf"])
        shop.finish()
        shop.assert_whole()
        assert state(shop) == undisturbed
