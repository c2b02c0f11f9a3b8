"""Which questions are held out: the hash, near-duplicates, once and for ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from retrieval.adding import add_texts
from retrieval.store import questions
from retrieval.training.assign import settle
from retrieval.training.heldout import by_hash, sides
from retrieval.types import Embedder, Floats
from tests.hash_embedder import HashEmbedder
from tests.retrieval.workshop import Workshop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(tmp_path) as found:
        add_texts(found.store, [("one", "zebra"), ("two", "quokka")])
        found.finish()
        yield found


class Taught(HashEmbedder):
    """Says for some questions where they lie on a circle, in degrees; counts what it was asked."""

    def __init__(self, degrees: dict[str, float]) -> None:
        super().__init__(dim=2, name="circle")
        self.degrees = degrees
        self.asked: list[str] = []

    def embed_queries(self, queries: object) -> Floats:
        texts = [query.text for query in queries]  # type: ignore[attr-defined]
        self.asked += texts
        angles = np.deg2rad([self.degrees[text] for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def of_side(held_out: bool, count: int, stem: str = "question") -> list[str]:
    """Questions whose hash puts them on that side."""
    made = (f"{stem} {number}" for number in range(1000))
    return [text for text in made if by_hash(text) is held_out][:count]


def side_of(shop: Workshop) -> dict[str, bool]:
    return {question.query: question.held_out for question in shop.library.labels.questions()}


def test_the_hash_is_that_of_the_casefolded_words() -> None:
    for text in ("Where is the Zebra?", "where  is THE zebra?"):
        assert by_hash(text) is (int(sha256(b"where is the zebra?").hexdigest(), 16) % 3 == 0)
    held = sum(by_hash(f"question {number}") for number in range(3000))
    assert 900 < held < 1100  # a third


def test_a_near_duplicate_takes_the_side_of_the_nearest() -> None:
    held, taught = of_side(True, 3), of_side(False, 3)

    def at(*degrees: float) -> Floats:
        angles = np.deg2rad(degrees)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    nothing = np.empty((0, 2), np.float32)
    # cos 25° = .906, cos 26° = .899
    assert sides([held[0], taught[0]], at(0, 25), [], nothing) == [True, True]
    assert sides([held[0], taught[0]], at(0, 26), [], nothing) == [True, False]
    assert sides([taught[0], held[0]], at(0, 25), [], nothing) == [False, False]
    assert sides([held[0]], at(20), [False, True], at(0, 30)) == [True]
    assert sides([taught[0]], at(10), [False, True], at(0, 30)) == [False]
    assert sides([taught[0]], at(10), [True, False], at(10, 10)) == [True]  # equally near: the first
    with pytest.raises(ValueError, match="2 questions and 1 assigned"):
        sides(held[:2], at(0), [True], at(0))


def test_a_question_is_judged_when_a_page_is_right(shop: Workshop) -> None:
    labels = shop.library.labels
    labels.set("only wrong", "one", False)
    assert labels.questions(settle=True) == []
    labels.set("which", "two", False)
    labels.set("which", "one", True)
    (found,) = labels.questions()
    one, two = (shop.library.documents.resolve(name) for name in ("one", "two"))
    assert (found.query, found.right, found.wrong) == ("which", {one}, {two})
    assert (found.settled, found.held_out) == (False, by_hash("which"))
    (found,) = labels.questions(settle=True)
    assert (found.settled, found.held_out) == (True, by_hash("which"))
    shop.library.documents.remove(["one"])
    assert labels.questions() == []
    shop.library.documents.restore(["one"])
    assert labels.questions() == [found]


def test_sides_follow_the_order_of_first_judgement(shop: Workshop) -> None:
    held, taught = of_side(True, 1)[0], of_side(False, 1)[0]
    shop.library.labels.set(held, "one", False)  # known first, but judged second
    shop.library.labels.set(taught, "one", True)
    shop.library.labels.set(held, "two", True)
    assert settle(shop.store, Taught({held: 0, taught: 20})) == 2
    assert side_of(shop) == {held: False, taught: False}


def test_a_side_is_for_ever(shop: Workshop) -> None:
    held, taught, later = *of_side(True, 1), *of_side(False, 1), of_side(False, 1, "later")[0]
    embedder = Taught({held: 0, taught: 20, later: 40})
    labels = shop.library.labels
    labels.set(held, "one", True)
    settle(shop.store, embedder)
    labels.set(taught, "one", True)
    settle(shop.store, embedder)
    assert side_of(shop) == {held: True, taught: True}
    labels.set(held, "one", None)  # what decided is gone; what it decided is not
    labels.set(taught, "one", None)
    assert labels.questions() == [] and questions.settled(shop.store.read()) == []
    labels.set(taught.upper(), "two", True)
    embedder.degrees[taught.upper()] = 20
    assert settle(shop.store, embedder) == 1
    assert side_of(shop) == {taught.upper(): True}
    labels.set(later, "two", True)  # near the one that came back
    settle(shop.store, embedder)
    assert side_of(shop)[later] is True


def test_each_question_is_embedded_once(shop: Workshop) -> None:
    texts = of_side(False, 3)
    embedder = Taught({text: 60.0 * place for place, text in enumerate(texts)})
    for text in texts:
        shop.library.labels.set(text, "one", True)
        settle(shop.store, embedder)
    assert embedder.asked == texts and settle(shop.store, embedder) == 0
    other = Taught(embedder.degrees)
    other.query_key = "newer weights"
    assert settle(shop.store, other) == 0 and other.asked == []
    shop.library.labels.set("new", "one", True)
    other.degrees["new"] = 61.0
    assert settle(shop.store, other) == 1 and sorted(other.asked) == sorted([*texts, "new"])
    assert side_of(shop)["new"] is False


def test_two_processes_settle_at_once(shop: Workshop, tmp_path: Path) -> None:
    """Both embed, one decides; the other one finds it done."""
    text = of_side(True, 1)[0]
    shop.library.labels.set(text, "one", True)

    class Interrupted(Taught):
        def embed_queries(self, queries: object) -> Floats:
            if len(self.asked) == 0:
                self.asked.append("")
                assert settle(shop.store, Taught(self.degrees)) == 1
            return super().embed_queries(queries)

    assert settle(shop.store, Interrupted({text: 0})) == 0
    assert side_of(shop) == {text: True}


def test_what_says_the_same_in_other_words_is_on_one_side(models: dict[str, Embedder], shop: Workshop) -> None:
    """The real model: its cosines are what .9 was chosen for."""
    same = ["What did the roof cost in 2019?", "what did the roof cost in 2019", "What did the roof cost, in 2019?"]
    other = ["Who painted the harbour wall?", "How many bicycles were sold in May?"]
    for text in same + other:
        shop.library.labels.set(text, "one", True)
    settle(shop.store, models["builtin"])
    found = side_of(shop)
    assert {found[text] for text in same} == {by_hash(same[0])}
    assert [found[text] for text in other] == [by_hash(text) for text in other]


def test_judging_loads_no_model(shop: Workshop, tmp_path: Path) -> None:
    code = (
        "import sys; from ui.cli import main\n"
        "assert main(['label', 'which', 'one', '--relevant']) == 0\n"
        "print([name for name in ('torch', 'numpy', 'faiss') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"FOLIOSCOPE_LIBRARY": str(shop.library.path), "FOLIOSCOPE_CACHE": str(tmp_path), "PATH": ""},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert [question.query for question in shop.library.labels.questions()] == ["which"]
