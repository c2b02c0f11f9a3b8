"""What was asked lately: each question once, with what it was shown; gone with the documents that it showed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.adding import add_texts
from retrieval.store import questions
from tests.retrieval.workshop import Workshop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(tmp_path) as found:
        add_texts(found.store, [("one", "zebra"), ("two", "quokka"), ("three", "okapi")])
        found.finish()
        yield found


def ask(shop: Workshop, question: str, *page_ids: int) -> None:
    with shop.store.write() as db:
        questions.note_asked(db, question, page_ids)


def asked(shop: Workshop) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(row.text, row.times, row.page_ids) for row in questions.asked(shop.store.read())]


def test_the_last_answer_of_each_question_counts(shop: Workshop) -> None:
    ask(shop, "where  is the\nzebra", 1, 2)
    ask(shop, "quokka", 2)
    ask(shop, "where is the zebra", 3, 1, 3)
    ask(shop, "nothing")
    assert asked(shop) == [("nothing", 1, ()), ("where is the zebra", 2, (3, 1)), ("quokka", 1, (2,))]


def test_what_was_asked_lately(shop: Workshop) -> None:
    for question in ("zebra", "quokka", "okapi", "zebra"):
        ask(shop, question, 1)
    assert questions.recent(shop.store.read(), 2) == ["zebra", "okapi"]


def test_pages_in_the_bin_are_left_out_and_come_back(shop: Workshop) -> None:
    ask(shop, "zebra", 1, 2)
    shop.library.documents.remove(["one"])
    assert asked(shop) == [("zebra", 1, (2,))]
    shop.library.documents.restore(["one"])
    assert asked(shop) == [("zebra", 1, (1, 2))]


def test_pages_that_are_gone_are_passed_over(shop: Workshop) -> None:
    ask(shop, "zebra", 1, 10**6)
    assert asked(shop) == [("zebra", 1, (1,))]


def test_the_last_thousand_are_kept(shop: Workshop) -> None:
    for number in range(questions.ASKED_KEPT + 5):
        ask(shop, f"question {number}", 1)
    found = asked(shop)
    assert len(found) == 1000 and found[-1][0] == "question 5"
    assert shop.store.read().execute("SELECT count(*) FROM shown").fetchone()[0] == 1000


def test_erasing_a_document_forgets_the_questions_that_it_answered(shop: Workshop) -> None:
    ask(shop, "a wombat's secret", 2, 1)
    ask(shop, "okapi", 3)
    shop.library.documents.remove(["one"], for_good=True)
    assert asked(shop) == [("okapi", 1, (3,))]
    left = [path for path in shop.library.path.rglob("*") if path.is_file() and path.name != "library.sqlite-shm"]
    assert left and not [path for path in left if b"wombat" in path.read_bytes()]
