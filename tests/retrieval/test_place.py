"""The place on a shown page: the passage, narrowed to the region it points at, computed once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.types import Block, Box, Kind, Page, Passage, Source
from tests.retrieval.fake_children import moment, page
from tests.retrieval.workshop import Workshop

UPPER, LOWER = Box(0.1, 0.1, 0.9, 0.2), Box(0.1, 0.6, 0.9, 0.9)
TABLE = Block("table", Box(0.1, 0.55, 0.9, 0.95), "quokka smiles 12 30")
PAGE = Page(
    1,
    Kind.PAGE,
    600.0,
    800.0,
    (Passage("a zebra walks", UPPER, Source.TEXT), Passage("the quokka smiles", LOWER, Source.TEXT)),
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Workshop(tmp_path, {"a.pdf": [PAGE, page(2, "")], "v.mp4": [moment(1, 0.0, 3.0, "a quokka")]}) as found:
        found.library._children = found.children
        found.add("a.pdf", "v.mp4")
        found.finish()
        yield found


def test_without_a_layout_it_is_the_passage(shop: Workshop) -> None:
    page_id = shop.library.documents.resolve("a.pdf#page=1")
    assert shop.library.place(page_id, "does the quokka smile") == LOWER
    assert shop.library.place(page_id, "where is the zebra") == UPPER


def test_it_is_narrowed_by_the_layout_which_is_computed_once(shop: Workshop) -> None:
    shop.children.blocks = [Block("text", UPPER, "a zebra walks"), TABLE]
    page_id = shop.library.documents.resolve("a.pdf#page=1")
    assert shop.library.place(page_id, "does the quokka smile") == TABLE.box
    shop.children.blocks = []
    assert shop.library.place(page_id, "quokka") == TABLE.box
    assert shop.children.calls.count("layout a.pdf 1") == 1
    for places, region in ((10, TABLE.box), (0, LOWER)):
        hits = shop.library.search("quokka smiles", places=places).hits
        assert [hit.region for hit in hits if hit.page_id == page_id] == [region]


def test_no_text_no_place(shop: Workshop) -> None:
    library = shop.library
    assert library.place(library.documents.resolve("a.pdf#page=2"), "quokka") is None
    assert library.place(library.documents.resolve("v.mp4"), "quokka") is None
    assert library.place(10**9, "quokka") is None
    assert not [call for call in shop.children.calls if call.startswith("layout")]


@pytest.mark.parametrize("query", ["", "NEAR(", "\ud800", "x" * 10_000, '" OR "'])
def test_whatever_is_asked(shop: Workshop, query: str) -> None:
    page_id = shop.library.documents.resolve("a.pdf#page=1")
    assert shop.library.place(page_id, query) in (UPPER, LOWER)


def test_an_original_that_is_gone_leaves_the_passage(shop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "in" / "a.pdf").unlink()
    page_id = shop.library.documents.resolve("a.pdf#page=1")
    assert shop.library.place(page_id, "quokka") == LOWER


def test_a_page_that_is_erased_meanwhile_is_not_remembered(shop: Workshop, tmp_path: Path) -> None:
    blocks = [Block("text", LOWER, "zanzibarine quokka")]

    def layout(path: Path, ref: object) -> list[Block]:
        shop.library.documents.remove(["a.pdf"], for_good=True)
        return blocks

    shop.children.layout = layout  # type: ignore[method-assign,assignment]
    page_id = shop.library.documents.resolve("a.pdf#page=1")
    shop.library.place(page_id, "quokka")
    for path in (tmp_path / "cache").iterdir():
        assert b"zanzibar" not in path.read_bytes()
