"""A process is killed while it settles questions, saves a Model, promotes, goes back or clears up: nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.library import Library
from retrieval.store import questions
from retrieval.store.db import get_setting
from retrieval.training.heldout import by_hash
from tests.retrieval.conftest import Killed
from tests.retrieval.scripts import workshop
from tests.retrieval.taught import files, teach
from tests.retrieval.workshop import Workshop

WHOLE = {"card.md", "fusion.json", "map.safetensors"}


def order(library: Library) -> list[str]:
    return [name for name, _ in library.rank("stripes of a zebra", stage="vectors")]


def check(shop: Workshop) -> None:
    """The current Model answers with its own map, and every Model that is kept is whole."""
    shop.assert_whole()
    assert order(shop.library) and shop.library.search("quokka").hits
    for info in shop.library.models.list():
        if info.recipe is not None and info.kept:
            assert files(shop.library, info.id) == WHOLE
            shop.library.models.load(info.id)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("point", "turn"), [("questions.put_vectors", 1), ("questions.settle", 2), ("questions.settle", 5)]
)
def test_settling_is_whole_or_not_at_all(tmp_path: Path, killed: Killed, point: str, turn: int, when: str) -> None:
    said = killed(tmp_path, "settle", point, when, turn)
    with workshop(tmp_path) as shop:
        judged = shop.library.labels.questions()
        settled = [question.settled for question in judged]
        first, then = [True] * 3 if "settled" in said else [False] * 3, [False] * (len(judged) - 3)
        if point == "questions.settle" and when == "after":
            first, then = ([True] * 3, then) if turn == 2 else (first, [True] * 3)
        assert settled == first + then
        labels = shop.library.labels
        sides = {question.query: question.held_out for question in labels.questions(settle=True)}
        assert sides == {text: by_hash(text) for text in sides} and not questions.unsettled(shop.store.read())
        shop.assert_whole()


SAVING = [("retrieval.trained._sync", turn) for turn in (1, 4, 6)] + [
    ("models.insert_trained", 1),
    ("models.insert_trained", 2),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("point", "turn"), SAVING, ids=[f"{point}-{turn}" for point, turn in SAVING])
def test_a_model_is_there_or_not(tmp_path: Path, killed: Killed, point: str, turn: int, when: str) -> None:
    killed(tmp_path, "switch", point, when, turn)
    with workshop(tmp_path) as shop:
        check(shop)
        assert shop.library.models.current.id == "builtin"
        made = [info for info in shop.library.models.list() if info.recipe is not None]
        assert len(made) in (turn - 1, turn) if point == "models.insert_trained" else len(made) <= 1
        first = teach(shop.library, 1)  # again: what was left is no hindrance
        assert shop.library.models.promote(first).current
        check(shop)


SWITCHING = [("models.promote", 1), ("models.promote", 2), ("models.go_back", 1)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("point", "turn"), SWITCHING, ids=[f"{point}-{turn}" for point, turn in SWITCHING])
def test_a_switch_is_made_or_not(tmp_path: Path, killed: Killed, point: str, turn: int, when: str) -> None:
    said = killed(tmp_path, "switch", point, when, turn)
    with workshop(tmp_path) as shop:
        check(shop)
        names = {info.id: info.name for info in shop.library.models.list()}
        way = ["Built in", "Model 1", "Model 2", "Model 1"]
        done = said.index("saved") if said else -1
        steps = len([word for word in said if word.startswith(("promoted", "rolled"))]) + (when == "after")
        assert done >= 0 and names[shop.library.models.current.id] == way[steps]
        assert get_setting(shop.store.read(), "current_model") == (shop.library.models.current.id if steps else None)
        if steps:  # the way back is the one that belongs to where it stands
            back = names[shop.library.models.rollback().id]
            assert back == {1: "Built in", 2: "Model 1", 3: "Built in"}[steps]
        check(shop)


CLEARING = [
    ("models.drop", 1, "before"),
    ("models.drop", 1, "after"),
    ("vectors.drop_some", 1, "before"),
    ("vectors.drop_some", 1, "after"),
    ("vectors.drop_some", 2, "before"),
    ("vectors.drop_some", 2, "after"),
    ("retrieval.trained.drop_weights", 1, "before"),  # files only: no transaction follows
    ("retrieval.trained.drop_weights", 2, "before"),
]


@pytest.mark.parametrize(("point", "turn", "when"), CLEARING)
def test_clearing_up_goes_on(tmp_path: Path, killed: Killed, point: str, turn: int, when: str) -> None:
    said = killed(tmp_path, "overtake", point, when, turn)
    assert said[-1] == "promoted"
    with workshop(tmp_path) as shop:
        check(shop)
        shop.finish()
        check(shop)
        rows = [info for info in shop.library.models.list() if info.recipe is not None]
        assert [info.kept for info in rows] == [False, False, *[True] * 5]
        assert [files(shop.library, info.id) for info in rows[:2]] == [{"card.md"}] * 2
        assert [row[0] for row in shop.store.read().execute("SELECT count(*) FROM generations")] == [1]
        assert [shop.library.models.rollback().id for _ in range(5)] == [*(i.id for i in rows[-2:1:-1]), "builtin"]
        check(shop)
