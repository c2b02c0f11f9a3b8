"""Judgements become rows to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from retrieval.adding import add_texts
from retrieval.index import GenerationIndex
from retrieval.training.dataset import Example, Shown, datasets_of, mine
from retrieval.training.types import JudgedQuestion
from retrieval.types import Floats, PartInput, Route
from tests.hash_embedder import HashEmbedder
from tests.retrieval.workshop import Workshop

TEXTS = [
    ("right", "red kite flies over hills"),
    ("twin", "red kite flies over hills"),  # nobody has judged it, and it says the same
    ("near", "red kite sleeps"),
    ("far", "tax returns of last year"),
    ("mid", "hills and valleys"),
]
QUERY = "red kite flies over"


class Scene:
    """A library of texts with its index; `page` by name."""

    def __init__(self, shop: Workshop) -> None:
        self.db = shop.store.read()
        self.embedder = HashEmbedder()
        generation = shop.library.models.generation_id
        assert generation is not None
        self.index = GenerationIndex(generation, self.embedder.dim)
        self.index.refresh(self.db)
        self.page = {
            name: int(self.db.execute("SELECT id FROM pages WHERE text = ? ORDER BY id LIMIT 1", (text,)).fetchone()[0])
            for name, text in TEXTS
        }
        self.page["twin"] += 1

    def vectors(self, questions: list[JudgedQuestion]) -> Floats:
        return self.embedder.embed_queries([PartInput(text=q.query) for q in questions])

    def mine(self, questions: list[JudgedQuestion], **options: float) -> list[Example]:
        return mine(self.db, self.index, questions, self.vectors(questions), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Workshop(tmp_path_factory.mktemp("dataset")) as shop:
        for text in TEXTS:
            add_texts(shop.store, [text])
        shop.finish()
        yield Scene(shop)


def judged(scene: Scene, query: str, right: list[str], wrong: list[str] | None = None) -> JudgedQuestion:
    names = scene.page
    return JudgedQuestion(
        query, frozenset(names[n] for n in right), frozenset(names[n] for n in wrong or []), held_out=False
    )


def test_wrong_ones_come_from_the_index_nearest_first(scene: Scene) -> None:
    (example,) = scene.mine([judged(scene, QUERY, ["right"])])
    assert (example.query, example.route, example.right.page_id) == (QUERY, Route.TEXT, scene.page["right"])
    pages = [shown.page_id for shown in example.wrong]
    assert pages[0] == scene.page["near"] and set(pages[1:]) == {scene.page["mid"], scene.page["far"]}
    scores = (
        scene.vectors([judged(scene, QUERY, ["right"])])
        @ scene.embedder.embed_parts([PartInput(text=shown.text) for shown in example.wrong]).T
    )
    assert np.all(np.diff(scores[0]) <= 0)


def test_what_may_be_an_unjudged_answer_is_not_wrong(scene: Scene) -> None:
    (example,) = scene.mine([judged(scene, QUERY, ["right"])])
    assert scene.page["twin"] not in {shown.page_id for shown in example.wrong}
    (loose,) = scene.mine([judged(scene, QUERY, ["right"])], below=99.0)
    assert loose.wrong[0].page_id == scene.page["twin"]  # without the filter it would lead the list


def test_a_page_judged_right_is_never_wrong(scene: Scene) -> None:
    examples = scene.mine([judged(scene, QUERY, ["right", "near", "far"])], below=99.0)
    assert {example.right.page_id for example in examples} == {scene.page[n] for n in ("right", "near", "far")}
    for example in examples:
        assert {shown.page_id for shown in example.wrong} == {scene.page["twin"], scene.page["mid"]}


def test_a_page_judged_wrong_leads_whatever_it_scores(scene: Scene) -> None:
    (example,) = scene.mine([judged(scene, QUERY, ["right"], ["twin", "far"])], negatives=3)
    pages = [shown.page_id for shown in example.wrong]
    assert pages == [scene.page["twin"], scene.page["far"], scene.page["near"]]


def test_a_held_out_question_is_refused(scene: Scene) -> None:
    held = JudgedQuestion(QUERY, frozenset({scene.page["right"]}), frozenset(), held_out=True)
    with pytest.raises(ValueError, match="held-out"):
        scene.mine([judged(scene, "tax", ["far"]), held])


def test_judgements_of_held_out_questions_change_nothing(tmp_path: Path) -> None:
    """The same rows with and without them in the library: nothing is mined from them."""
    with Workshop(tmp_path) as shop:
        for text in TEXTS:
            add_texts(shop.store, [text])
        shop.finish()
        scene = Scene(shop)
        learned = [judged(scene, QUERY, ["right"]), judged(scene, "tax", ["far"])]
        before = [dataset.to_dict() for dataset in datasets_of(scene.mine(learned)).values()]
        for name in ("near", "mid", "twin"):
            shop.library.labels.set("a question that is held out", scene.page[name], name != "mid")
        after = [dataset.to_dict() for dataset in datasets_of(scene.mine(learned)).values()]
        assert before == after and before
        assert "a question that is held out" not in str(after)


def test_pictures_and_passages_are_rows_of_their_own(tmp_path: Path) -> None:
    from tests.retrieval.fake_children import page

    files = {"a.pdf": [page(1, "red kite"), page(2, ""), page(3, "tax returns")]}
    with Workshop(tmp_path, files) as shop:
        shop.add("a.pdf")
        shop.finish()
        db = shop.store.read()
        generation = shop.library.models.generation_id
        assert generation is not None
        index = GenerationIndex(generation, 64)
        index.refresh(db)
        ids = {number: page_id for page_id, number in db.execute("SELECT id, number FROM pages")}
        vectors = HashEmbedder().embed_queries([PartInput(text="red kite"), PartInput(text="nothing")])
        found = mine(
            db, index, [of(query, ids[number]) for query, number in (("red kite", 1), ("nothing", 2))], vectors
        )
        made = datasets_of(found)
        assert {(e.query, str(e.route)) for e in found} == {
            ("red kite", "text"),
            ("red kite", "picture"),
            ("nothing", "picture"),
        }
        assert made["text"]["positive"][:] == ["red kite"] and made["text"]["negative_1"][:] == ["tax returns"]
        assert made["picture"]["positive"][:] == [ids[1], ids[2]]


def of(query: str, right: int) -> JudgedQuestion:
    return JudgedQuestion(query, frozenset({right}), frozenset(), held_out=False)


def row(query: str, right: int, *wrong: int) -> Example:
    return Example(query, Route.TEXT, shown(right), tuple(shown(page) for page in wrong))


def shown(page_id: int) -> Shown:
    return Shown(page_id, page_id, f"text {page_id}")


def rows(dataset: Dataset) -> list[list[object]]:
    return [list(row.values()) for row in dataset]


def test_columns_are_those_of_sentence_transformers() -> None:
    examples = [row("a", 1, 3, 4), row("b", 2, 5)]
    (ranked,) = datasets_of(examples).values()
    assert ranked.column_names == ["anchor", "positive", "negative_1", "negative_2"]
    assert rows(ranked) == [["a", "text 1", "text 3", "text 4"], ["b", "text 2", "text 5", "text 5"]]
    (triplets,) = datasets_of(examples, "triplet").values()
    assert triplets.column_names == ["anchor", "positive", "negative"]
    assert rows(triplets) == [["a", "text 1", "text 3"], ["a", "text 1", "text 4"], ["b", "text 2", "text 5"]]
    (pairs,) = datasets_of(examples, "pair").values()
    assert pairs.column_names == ["sentence1", "sentence2", "label"]
    assert rows(pairs)[:3] == [["a", "text 1", 1], ["a", "text 3", 0], ["a", "text 4", 0]]


def test_a_row_without_wrong_ones_borrows_and_costs_the_others_nothing() -> None:
    (ranked,) = datasets_of([row("a", 1, 3, 4), row("b", 2), row("b", 7)]).values()
    assert rows(ranked) == [
        ["a", "text 1", "text 3", "text 4"],
        ["b", "text 2", "text 1", "text 1"],  # 7 is right for b as well
        ["b", "text 7", "text 1", "text 1"],
    ]
    (plain,) = datasets_of([row("a", 1), row("b", 2)]).values()
    assert plain.column_names == ["anchor", "positive"]
    assert datasets_of([]) == {}
