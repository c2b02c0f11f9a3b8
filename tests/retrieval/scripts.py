"""What people do with a library, step by step; each says what it has been told is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from retrieval.adding import add_texts
from tests.retrieval.fake_children import Item, moment, page
from tests.retrieval.workshop import Workshop

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
    return Workshop(folder, FILES, SEEN)


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


SCRIPTS: dict[str, Callable[[Workshop, Tell], None]] = {"add": add, "judge": judge, "throw_away": throw_away}
