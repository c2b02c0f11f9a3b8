"""Rows become what a model is shown; what is right for one row never stands beside another as wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from retrieval.training.dataset import Example, Shown, datasets_of
from retrieval.training.inputs import Apart, as_inputs, batches_of, distinct, right_cells
from retrieval.types import Route


def shown(page: int, part: int = 0) -> Shown:
    return Shown(10 * page + part, page, f"page {page} part {part}")


def example(query: str, right: int, *wrong: int) -> Example:
    return Example(query, Route.TEXT, shown(right), tuple(shown(page) for page in wrong))


def batches(examples: Sequence[Example], size: int, right: dict[str, frozenset[int]] | None = None) -> Apart:
    (dataset,) = datasets_of(examples).values()
    made = batches_of(examples, right or {}, seed=0)(dataset, batch_size=size, drop_last=False)
    assert isinstance(made, Apart)
    return made


def test_texts_and_pictures_are_never_bare_strings(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    Image.new("RGB", (4, 4)).save(path)
    see = as_inputs(lambda page: f"picture of {page}")
    found = see({"anchor": [str(path)], "positive": [7], "label": [1]})
    assert found == {"anchor": [{"text": str(path)}], "positive": [{"image": "picture of 7"}], "label": [1]}


def test_every_row_has_its_turn_where_nothing_is_in_the_way() -> None:
    sampler = batches([example(f"q{page}", page, 100 + page) for page in range(10)], 4)
    found = list(sampler)
    assert len(found) == len(sampler) == 3 and sorted(row for batch in found for row in batch) == list(range(10))
    assert all(2 <= len(batch) <= 4 for batch in found)


def test_the_order_is_another_each_epoch_and_the_same_again() -> None:
    sampler = batches([example(f"q{page}", page, 100 + page) for page in range(20)], 4)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first


@pytest.mark.parametrize("size", [2, 4, 8])
def test_what_is_right_for_a_question_is_wrong_nowhere_in_its_batch(size: int) -> None:
    """Page 1 answers a and b; it also stands as a wrong one of c, which may not meet them."""
    examples = [example("a", 1, 8), example("b", 1, 9), example("c", 2, 1), example("d", 3, 7), example("a", 4, 8)]
    right = {"a": frozenset({1, 4, 7}), "b": frozenset({1})}
    for epoch in range(20):
        sampler = batches(examples, size, right)
        sampler.set_epoch(epoch)
        for batch in sampler:
            for row in batch:
                others = [examples[other] for other in batch if other != row]
                pages = {part.page_id for e in others for part in (e.right, *e.wrong)}
                assert not pages & right.get(examples[row].query, frozenset({examples[row].right.page_id}))
                assert examples[row].query not in {e.query for e in others}


def test_right_pages_are_known_by_every_part_of_them() -> None:
    two = Example("b", Route.TEXT, shown(2), (shown(1, part=1),))
    found = right_cells([example("a", 1, 3), two], {"a": frozenset({1, 2})})
    assert found["a"] == {"page 1 part 0", "page 1 part 1", "page 2 part 0"} and found["b"] == {"page 2 part 0"}


def test_parts_once_each() -> None:
    assert [part.page_id for part in distinct([example("a", 2, 1), example("b", 1, 2, 3)])] == [1, 2, 3]
