from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.adding import add_texts
from retrieval.errors import FolioscopeError, NotFound
from retrieval.formats import FormatError
from retrieval.store import documents
from tests.retrieval.fake_children import moment, page
from tests.retrieval.workshop import Workshop

FILES = {
    "50% #1.pdf": [page(1, "zebra"), page(2, "quokka")],
    "v.mp4": [moment(1, 0.0, 4.0, "walks"), moment(2, 4.0, 9.5, "sleeps")],
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(tmp_path, FILES) as found:
        found.add("50% #1.pdf", "v.mp4")
        add_texts(found.store, [("note", "zebra")])
        found.finish()
        yield found


def listed(shop: Workshop) -> list[tuple[str, str, bool]]:
    return [(label.query, label.corpus_id, label.relevant) for label in shop.library.labels.list()]


def write(path: Path, *rows: tuple[str, ...], header: str = "query,corpus_id,relevant,when,source") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(header + "\n")
        csv.writer(file).writerows(rows)
    return path


def test_set_change_and_take_back(shop: Workshop) -> None:
    labels = shop.library.labels
    labels.set("which animal", "50%25 %231.pdf#page=2", True)
    labels.set("which animal", shop.library.documents.resolve("v.mp4#t=1,2"), False, source="command line")
    assert sorted(listed(shop)) == [
        ("which animal", "50%25 %231.pdf#page=2", True),
        ("which animal", "v.mp4#t=0.0,4.0", False),
    ]
    assert {label.source for label in labels.list()} == {"app", "command line"}
    labels.set("which animal", "50% #1.pdf#page=2", False)  # not encoded: found all the same
    assert ("which animal", "50%25 %231.pdf#page=2", False) in listed(shop)
    labels.set("which animal", "50%25 %231.pdf#page=2", None)
    labels.set("which animal", "50%25 %231.pdf#page=2", None)  # twice: no harm
    assert listed(shop) == [("which animal", "v.mp4#t=0.0,4.0", False)]


def test_what_cannot_be_judged_is_said(shop: Workshop) -> None:
    with pytest.raises(FolioscopeError, match="needs a question"):
        shop.library.labels.set(" \n ", "note", True)
    with pytest.raises(NotFound, match="no page nothing"):
        shop.library.labels.set("q", "nothing", True)
    with pytest.raises(NotFound):
        shop.library.labels.set("q", "v.mp4#page=99", True)
    with pytest.raises(NotFound, match="not in the library"):
        shop.library.labels.set("q", 10**9, True)
    assert listed(shop) == []


def test_judgements_of_the_bin_are_hidden_and_come_back(shop: Workshop) -> None:
    shop.library.labels.set("q", "note", True)
    shop.library.documents.remove(["note"])
    assert listed(shop) == []
    shop.library.documents.restore(["note"])
    assert listed(shop) == [("q", "note", True)]
    shop.library.documents.remove(["note"], for_good=True)
    assert listed(shop) == []


def test_import_names_what_it_does_not_know(shop: Workshop, tmp_path: Path) -> None:
    path = write(
        tmp_path / "labels.csv",
        ("which animal", "50%25 %231.pdf#page=1", "true", "2026-03-01T12:00:00Z", "me"),
        ("which animal", "nothing.pdf#page=1", "true", "2026-03-01T12:00:00Z", "me"),
        ("which animal", "nothing.pdf#page=1", "false", "2026-03-01T12:00:00Z", "me"),
        ("which animal", "v.mp4#t=4.2,9", "0", "", ""),
        ("where", "50%25 %231.pdf#page=77", "1", "", ""),
    )
    found = shop.library.labels.import_file(path)
    assert found == {
        "imported": 2,
        "already": 0,
        "unknown": ["nothing.pdf#page=1", "50%25 %231.pdf#page=77"],
        "conflicts": [],
    }
    assert sorted(listed(shop)) == [
        ("which animal", "50%25 %231.pdf#page=1", True),
        ("which animal", "v.mp4#t=4.0,9.5", False),
    ]
    assert shop.library.labels.import_file(path)["already"] == 2


def test_the_later_judgement_wins_in_whatever_order_they_come(shop: Workshop, tmp_path: Path) -> None:
    path = write(
        tmp_path / "labels.csv",
        ("q", "note", "true", "2026-03-05T12:00:00Z", "late"),
        ("q", "note", "false", "2026-03-01T12:00:00Z", "early"),
        ("q", "50%25 %231.pdf#page=1", "false", "2026-03-01T12:00:00+02:00", "early"),
        ("q", "50%25 %231.pdf#page=1", "true", "2026-03-01T11:00:00Z", "late"),
    )
    shop.library.labels.import_file(path)
    assert {(label.relevant, label.source) for label in shop.library.labels.list()} == {(True, "late")}
    shop.library.labels.set("q", "note", False)  # now is later than all that
    found = shop.library.labels.import_file(path)
    assert (found["imported"], found["already"]) == (0, 1)
    assert ("q", "note", False) in listed(shop)
    one = {"query": "q", "corpus_id": "note"}
    assert [row for row in found["conflicts"] if row["corpus_id"] == "note"] == [  # type: ignore[attr-defined]
        {**one, "relevant": True, "wins": "file"},  # within the file
        {**one, "relevant": False, "wins": "library"},
    ]


def test_export_and_import_are_the_same(shop: Workshop, tmp_path: Path) -> None:
    questions = ["plain", 'a "quoted", one', "=2+3", "line\nbreak", "é 🦓", "x" * 3000]
    for number, query in enumerate(questions):
        shop.library.labels.set(query, ["note", "50%25 %231.pdf#page=1", "v.mp4#t=0,4"][number % 3], number % 2 == 0)
    before = listed(shop)
    path = tmp_path / "labels.csv"
    assert shop.library.labels.export_file(path) == 6
    for query, corpus_id, _ in before:
        shop.library.labels.set(query, corpus_id, None)
    assert listed(shop) == []
    assert shop.library.labels.import_file(path) == {"imported": 6, "already": 0, "unknown": [], "conflicts": []}
    assert sorted(listed(shop)) == sorted(before)


def test_a_file_that_is_no_table_changes_nothing(shop: Workshop, tmp_path: Path) -> None:
    path = write(tmp_path / "labels.csv", ("q", "note", "true"), ("q", "note", "perhaps"))
    with pytest.raises(FormatError, match="line 3"):
        shop.library.labels.import_file(path)
    with pytest.raises(FormatError):
        shop.library.labels.import_file(tmp_path / "nothing.csv")
    assert listed(shop) == []


def test_a_dry_run_says_the_same_and_changes_nothing(shop: Workshop, tmp_path: Path) -> None:
    shop.library.labels.set("q", "note", False)
    path = write(
        tmp_path / "labels.csv",
        ("q", "note", "true", "", ""),
        ("q", "v.mp4#t=0,4", "true", "", ""),
        ("q", "nothing", "true", "", ""),
    )
    before, seen = listed(shop), shop.library.labels.import_file(path, dry_run=True)
    assert seen == {
        "imported": 2,
        "already": 0,
        "unknown": ["nothing"],
        "conflicts": [{"query": "q", "corpus_id": "note", "relevant": True, "wins": "file"}],
    }
    assert listed(shop) == before
    assert shop.library.labels.import_file(path) == seen
    assert ("q", "note", True) in listed(shop) and len(listed(shop)) == 2


def test_twins_and_spacing_are_one_judgement(shop: Workshop, tmp_path: Path) -> None:
    with shop.store.write() as db:
        note = documents.find(db, "note")
        assert note is not None
        documents.give_name(db, note.id, "twin")
    path = write(tmp_path / "labels.csv", ("a  b", "note", "1", "", ""), ("a b", "twin", "1", "", ""))
    assert shop.library.labels.import_file(path)["imported"] == 1
    assert len(listed(shop)) == 1


def test_a_file_with_an_error_changes_nothing(shop: Workshop, tmp_path: Path) -> None:
    path = write(tmp_path / "labels.csv", ("q", "note", "1", "", ""), (" ", "note", "1", "", ""))
    with pytest.raises(FormatError, match="without a question"):
        shop.library.labels.import_file(path)
    assert listed(shop) == []


@pytest.mark.parametrize("name", ["labels.csv", "qrels.tsv", "folder", "columns.jsonl"])
def test_every_form_comes_back_as_it_went(shop: Workshop, tmp_path: Path, name: str) -> None:
    for query, page_id, relevant in (
        ("which animal", "50%25 %231.pdf#page=1", True),
        ("which animal", "v.mp4#t=0,4", True),
        ("which animal", "note", False),
        ('é 🦓 "x"', "note", False),
        ("where", "note", True),
    ):
        shop.library.labels.set(query, page_id, relevant)
    before = sorted(listed(shop))
    digest = shop.library.labels.digest()
    assert shop.library.labels.export_file(tmp_path / "out" / name if name == "folder" else tmp_path / name) == 5
    for query, corpus_id, _ in before:
        shop.library.labels.set(query, corpus_id, None)
    found = shop.library.labels.import_file(tmp_path / "out" / name if name == "folder" else tmp_path / name)
    assert found == {"imported": 5, "already": 0, "unknown": [], "conflicts": []}
    assert sorted(listed(shop)) == before and shop.library.labels.digest() == digest


def test_the_digest_is_of_what_was_judged(shop: Workshop) -> None:
    labels = shop.library.labels
    empty = labels.digest()
    labels.set("q", "note", True)
    one = labels.digest()
    labels.set("q", "note", False)
    assert len({empty, one, labels.digest()}) == 3
    labels.set("q", "note", True)  # later, and the same
    assert labels.digest() == one
