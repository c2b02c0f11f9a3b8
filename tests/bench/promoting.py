"""What another Model costs to take and to leave, beside one bare committed write into the same file."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from retrieval.adding import add_texts
from retrieval.store.db import set_setting
from tests.bench.report import Ratio, Row
from tests.retrieval.taught import teach
from tests.retrieval.workshop import Workshop

PAGES = 10_000
ROUNDS = 400


def switch() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, Workshop(Path(name)) as shop:
        add_texts(shop.store, [(f"text {number}", f"zebra number{number}") for number in range(PAGES)])
        while shop.step():
            pass
        models = shop.library.models
        first, second = teach(shop.library, 1), teach(shop.library, 2)

        def write() -> None:
            with shop.store.write() as db:
                set_setting(db, "bench", time.time())

        def promote() -> None:
            models.promote(second)

        def rollback() -> None:
            models.rollback()

        models.promote(first)
        bare, taken, left = _medians([write, promote, rollback])
        yield Ratio(f"promote at {PAGES} pages", 1e6 * taken, 1e6 * bare, 3.0, unit="µs")
        yield Ratio(f"rollback at {PAGES} pages", 1e6 * left, 1e6 * bare, 3.0, unit="µs")


def _medians(calls: list[Callable[[], None]]) -> list[float]:
    """Seconds of each, in turns, so that what disturbs one disturbs all."""
    took: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, times in zip(calls, took, strict=True):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in took]
