"""From rows of ids and texts to what a model is shown, and which rows may share a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from sentence_transformers.base.sampler import DefaultBatchSampler

from retrieval.training.dataset import Cell, Example, Shown, cell

See = Callable[[int], object]  # a Page id → its picture, or its stored features where the model takes those


def as_inputs(see: See) -> Callable[[dict[str, list[Any]]], dict[str, list[Any]]]:
    """A transform of a `datasets.Dataset`: texts become {"text": …}, Page ids {"image": …}, labels stay.

    Never a bare string: sentence-transformers opens one that names a file.
    """

    def transform(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {
            name: values if name == "label" else [show(value, see) for value in values]
            for name, values in batch.items()
        }

    return transform


def show(value: Cell, see: See) -> dict[str, object]:
    return {"text": value} if isinstance(value, str) else {"image": see(value)}


class Apart(DefaultBatchSampler):
    """Batches in which nothing that is right for one row's question stands in another row.

    Losses over a batch take all that belongs to other rows as wrong. A row that fits in no batch of an epoch waits for
    the next, which is shuffled anew.
    """

    def __init__(
        self, dataset: Dataset, right: Mapping[str, frozenset[Cell]], *, batch_size: int, seed: int = 0, **_: object
    ) -> None:
        super().__init__(dataset, batch_size=batch_size, drop_last=False, seed=seed)
        rows = [tuple(row.values()) for row in dataset.with_format(None)]
        self._questions = [str(row[0]) for row in rows]
        self._shown = [frozenset(row[1:]) for row in rows]
        self._right = right
        self._count = math.ceil(len(rows) / batch_size)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self._questions))
        batches: list[list[int]] = [[] for _ in range(self._count)]
        for row in order.tolist():
            for batch in sorted(batches, key=len):
                if len(batch) < self.batch_size and all(self._apart(row, other) for other in batch):
                    batch.append(row)
                    break
        yield from batches

    def _apart(self, one: int, other: int) -> bool:
        return (
            self._questions[one] != self._questions[other]
            and not self._shown[one] & self._right.get(self._questions[other], frozenset())
            and not self._shown[other] & self._right.get(self._questions[one], frozenset())
        )


def right_cells(examples: Sequence[Example], right: Mapping[str, frozenset[int]]) -> dict[str, frozenset[Cell]]:
    """Everything in the rows that is on a Page which is right for a question, by question."""
    parts: dict[int, set[Cell]] = {}
    for example in examples:
        for part in (example.right, *example.wrong):
            parts.setdefault(part.page_id, set()).add(cell(part))
    own: dict[str, set[int]] = {}
    for example in examples:
        own.setdefault(example.query, set(right.get(example.query, ()))).add(example.right.page_id)
    return {query: frozenset(c for page in pages for c in parts.get(page, ())) for query, pages in own.items()}


def batches_of(
    examples: Sequence[Example], right: Mapping[str, frozenset[int]], seed: int
) -> Callable[..., DefaultBatchSampler]:
    """The `batch_sampler` of the training arguments."""
    cells = right_cells(examples, right)

    def sampler(dataset: Dataset, *, batch_size: int, drop_last: bool, **options: Any) -> DefaultBatchSampler:
        options.pop("seed", None)
        return Apart(dataset, cells, batch_size=batch_size, seed=seed)

    return sampler


def distinct(examples: Sequence[Example]) -> list[Shown]:
    """Every Part of the rows once, in the order of ids."""
    return [part for _, part in sorted({part.part_id: part for e in examples for part in (e.right, *e.wrong)}.items())]


__all__ = ["Apart", "as_inputs", "batches_of", "distinct", "right_cells", "show"]
