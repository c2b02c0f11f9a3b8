"""What people do with a library, step by step; each says what it has been told is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval.adding import add_texts
from retrieval.store import vectors
from retrieval.types import Route
from tests.retrieval.fake_children import Item, moment, page
from tests.retrieval.taught import teach
from tests.retrieval.workshop import Workshop

if TYPE_CHECKING:
    from retrieval.training.types import TrainSettings

PAGES: list[Item] = [page(number, f"zebra stripes number{number}") for number in range(1, 81)]
PAGES += [page(81, "", wants_ocr=True), page(82, "quokka", wants_ocr=True)]
FILES: dict[str, list[Item]] = {
    "a.pdf": PAGES,
    "b.pdf": [page(1, "lemur tail")],
    "v.mp4": [moment(1, 0.0, 4.0, "pangolin walks"), moment(2, 4.0, 9.0)],
}
SEEN = {81: "wombat burrow", 82: "narwhal tusk"}
Tell = Callable[[str], None]


def workshop(folder: Path) -> Workshop:
    """Works with the checkpoint `folder`/model where there is one."""
    embedder = None
    if (folder / "model").exists():
        from retrieval.embedders import load_embedder

        embedder = load_embedder(str(folder / "model"), device="cpu")
    return Workshop(folder, FILES, SEEN, embedder)


def add(shop: Workshop, tell: Tell) -> None:
    """Three files, stored, read to the end; then some texts."""
    for name in FILES:
        _, added = shop.add(name, copy=True, tags=["animals"])
        for entry in added.added:
            tell(str(entry["document"]))
    shop.finish()
    add_texts(shop.store, [("text one", "okapi"), ("text two", "tapir")])
    tell("text-one")
    shop.finish()


def judge(shop: Workshop, tell: Tell) -> None:
    add(shop, tell)
    shop.library.labels.set("which animal", "b.pdf#page=1", True)
    tell("judged")
    shop.library.labels.set("which animal", "b.pdf#page=1", False)
    shop.library.labels.set("which animal", "b.pdf#page=1", None)


def throw_away(shop: Workshop, tell: Tell) -> None:
    add(shop, tell)
    shop.library.labels.set("which animal", "a.pdf#page=82", True)
    shop.library.documents.remove(["a.pdf"])
    tell("removed")
    shop.library.documents.restore(["a.pdf"])
    shop.library.documents.remove(["a.pdf"], for_good=True)
    tell("erased")


def settle(shop: Workshop, tell: Tell) -> None:
    """Two rounds of judging and giving sides."""
    add(shop, tell)
    for number in range(3):
        shop.library.labels.set(f"question {number}", "b.pdf#page=1", True)
    shop.library.labels.settle()
    tell("settled")
    for number in range(3, 6):
        shop.library.labels.set(f"question {number}", "b.pdf#page=1", True)
    shop.library.labels.settle()


def switch(shop: Workshop, tell: Tell) -> None:
    """Two Models, forth and back."""
    add(shop, tell)
    first, second = teach(shop.library, 1), teach(shop.library, 2)
    tell("saved")
    shop.library.models.promote(first)
    tell("promoted-first")
    shop.library.models.promote(second)
    tell("promoted-second")
    shop.library.models.rollback()
    tell("rolled-back")


def overtake(shop: Workshop, tell: Tell) -> None:
    """So many Models that the first ones go."""
    add(shop, tell)
    with shop.store.write() as db:
        generation = vectors.generation(db, "nobody's", 64)
        part = db.execute("SELECT id, document_id, page_id FROM parts LIMIT 1").fetchone()
        ids = np.array([[part[0]], [part[2]]], np.int64)
        vectors.store(db, generation, part[1], Route.TEXT, ids[0], ids[1], np.ones((1, 64), np.float32))
    for seed in range(7):
        shop.library.models.promote(teach(shop.library, seed))
    tell("promoted")
    shop.finish()
    tell("finished")


def recipe_of(shop: Workshop) -> TrainSettings:
    from retrieval.training.types import Recipe, TrainSettings

    bold = (shop.folder / "model").exists()
    return TrainSettings(Recipe.BOLD if bold else Recipe.CAREFUL, epochs=1 if bold else None, map_steps=4)


def retrain(shop: Workshop, tell: Tell) -> None:
    """Ten judged questions, and a Model from them: a bold one where there are weights to move."""
    from retrieval.training.job import Trainer

    others = [(f"other {number}", f"ibex {number}") for number in range(60)]  # embedding takes more than one commit
    add_texts(shop.store, [(f"text {number}", f"tapir number{number}") for number in range(10)] + others)
    shop.finish()
    for number in range(10):
        shop.library.labels.set(f"which tapir is number{number}", f"text {number}", True)
    tell("judged")
    shop.library.training.train(recipe_of(shop), wait=False)
    Trainer(shop.library, in_process=True, stopping=lambda: False).step()
    tell("trained")


SCRIPTS: dict[str, Callable[[Workshop, Tell], None]] = {
    "add": add,
    "judge": judge,
    "throw_away": throw_away,
    "settle": settle,
    "switch": switch,
    "overtake": overtake,
    "retrain": retrain,
}
