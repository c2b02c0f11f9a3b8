"""FAISS against NumPy: the same float16 rows, scores and ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import Mismatch
from retrieval.index import FaissIndex, GenerationIndex
from retrieval.store import documents, jobs, vectors
from retrieval.store.db import Store
from retrieval.types import FileKind, Floats, Ints, Route

DIM = 24


def rows_of(count: int, seed: int = 0, dim: int = DIM) -> Floats:
    """Unit rows as they come back from the store: rounded to half precision."""
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


def slow(ids: Ints, rows: Floats, queries: Floats, k: int, allowed: Ints | None = None) -> tuple[Floats, Ints]:
    """What the index must answer, in float32 NumPy."""
    if allowed is not None:
        keep = np.isin(ids, allowed)
        ids, rows = ids[keep], rows[keep]
    scores = np.full((len(queries), k), -np.inf, np.float32)
    found = np.full((len(queries), k), -1, np.int64)
    for place, query in enumerate(queries):
        products = rows @ query
        order = np.lexsort((ids, -products))[:k]
        scores[place, : len(order)], found[place, : len(order)] = products[order], ids[order]
    return scores, found


def assert_same(got: tuple[Floats, Ints], wanted: tuple[Floats, Ints]) -> None:
    """Scores to 1e-5; ids wherever neighbouring scores differ by more."""
    assert got[0].shape == wanted[0].shape and got[1].shape == wanted[1].shape
    assert got[0].dtype == np.float32 and got[1].dtype == np.int64
    finite = np.isfinite(wanted[0])
    assert np.array_equal(np.isfinite(got[0]), finite)
    assert np.abs(got[0][finite] - wanted[0][finite]).max(initial=0.0) <= 1e-5
    assert np.all(got[1][~finite] == -1)
    for scores, found, expected in zip(wanted[0], got[1], wanted[1], strict=True):
        apart = np.abs(np.diff(np.where(np.isfinite(scores), scores, -9.0))) > 1e-5
        before, after = np.concatenate([[True], apart]), np.concatenate([apart, [True]])
        clear = before & after & np.isfinite(scores)
        clear[-1] = False  # what stands behind the last place is not known
        assert np.array_equal(found[clear], expected[clear])


@pytest.mark.parametrize(("count", "k"), [(1, 1), (7, 3), (500, 10), (5000, 100), (40, 100)])
def test_equals_numpy(count: int, k: int) -> None:
    ids = np.random.default_rng(1).permutation(10 * count)[:count].astype(np.int64)
    rows, queries = rows_of(count), rows_of(5, seed=9)
    index = FaissIndex(DIM)
    index.add(ids, rows)
    assert len(index) == count
    got = index.search(queries, k)
    assert_same(got, slow(ids, rows, queries, k))
    assert np.all(np.diff(np.where(np.isfinite(got[0]), got[0], -9), axis=1) <= 0)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
def test_allowed_limits_the_candidates(share: float) -> None:
    ids, rows, queries = np.arange(100, 1100, dtype=np.int64), rows_of(1000), rows_of(4, seed=2)
    index = FaissIndex(DIM)
    index.add(ids, rows)
    allowed = np.random.default_rng(3).permutation(ids)[: int(share * 1000)]
    allowed = np.concatenate([allowed, [5, 999_999]])  # unknown ones do no harm
    assert_same(index.search(queries, 20, allowed), slow(ids, rows, queries, 20, allowed))


def test_add_and_remove_without_a_rebuild() -> None:
    chance = np.random.default_rng(5)
    index = FaissIndex(DIM)
    kept: dict[int, Floats] = {}
    queries = rows_of(3, seed=6)
    for turn in range(30):
        fresh = np.arange(turn * 50, turn * 50 + 50, dtype=np.int64)
        rows = rows_of(50, seed=100 + turn)
        index.add(fresh, rows)
        kept.update(zip(fresh.tolist(), rows, strict=True))
        gone = chance.permutation(sorted(kept))[: chance.integers(0, 60)].astype(np.int64)
        index.remove(np.concatenate([gone, [-7, 10**9]]))
        for number in gone.tolist():
            del kept[number]
        ids, all_rows = np.array(sorted(kept), np.int64), np.stack([kept[number] for number in sorted(kept)])
        assert len(index) == len(kept)
        assert_same(index.search(queries, 15), slow(ids, all_rows, queries, 15))
        for query in queries:
            products = all_rows.astype(np.float64) @ query
            mean, deviation = index.moments(query)
            assert mean == pytest.approx(products.mean(), abs=1e-6)
            assert deviation == pytest.approx(products.std(), abs=1e-5)


def test_moments_are_numpys_before_and_after_removes() -> None:
    rows, query = rows_of(3000), rows_of(1, seed=8)[0]
    index = FaissIndex(DIM)
    index.add(np.arange(3000, dtype=np.int64), rows)
    products = rows.astype(np.float64) @ query
    assert index.moments(query) == pytest.approx((products.mean(), products.std()), abs=1e-6)
    index.remove(np.arange(0, 3000, 2, dtype=np.int64))
    assert index.moments(query) == pytest.approx((products[1::2].mean(), products[1::2].std()), abs=1e-6)
    index.remove(np.arange(3000, dtype=np.int64))
    mean, deviation = index.moments(query)
    assert mean == pytest.approx(0.0, abs=1e-6) and 0 < deviation <= 2e-3


@pytest.mark.parametrize("allowed", [False, True])
def test_ties_go_to_the_lower_id(allowed: bool) -> None:
    """300 equal rows added in disorder, and k cuts through them."""
    same = rows_of(1, seed=3)
    ids = np.random.default_rng(0).permutation(300).astype(np.int64) + 50
    index = FaissIndex(DIM)
    index.add(ids, np.repeat(same, 300, axis=0))
    index.add(np.array([7], np.int64), -same)
    among = np.arange(60, 400, dtype=np.int64) if allowed else None
    scores, found = index.search(same, 5, among)
    first = 60 if allowed else 50
    assert found[0].tolist() == list(range(first, first + 5))
    assert np.ptp(scores[0]) == 0.0


def test_a_zero_question_ties_everything() -> None:
    index = FaissIndex(DIM)
    index.add(np.arange(100, dtype=np.int64)[::-1].copy(), rows_of(100))
    scores, found = index.search(np.zeros((1, DIM), np.float32), 4)
    assert found[0].tolist() == [0, 1, 2, 3] and scores[0].tolist() == [0.0] * 4


def test_empty() -> None:
    index = FaissIndex(DIM)
    scores, found = index.search(rows_of(2), 3)
    assert found.tolist() == [[-1] * 3] * 2 and np.all(scores == -np.inf)
    index.add(np.empty(0, np.int64), np.empty((0, DIM), np.float32))
    index.remove(np.array([1], np.int64))
    assert len(index) == 0
    assert index.search(np.empty((0, DIM), np.float32), 3)[1].shape == (0, 3)
    mean, deviation = index.moments(rows_of(1)[0])
    assert mean == 0.0 and deviation > 0


def test_wrong_shapes_say_both_values() -> None:
    index = FaissIndex(DIM)
    with pytest.raises(ValueError, match=r"2 ids .*\(3, 24\)"):
        index.add(np.arange(2, dtype=np.int64), rows_of(3))
    with pytest.raises(ValueError, match=r"\(3, 8\).* 24 dimensions"):
        index.add(np.arange(3, dtype=np.int64), rows_of(3, dim=8))
    with pytest.raises(ValueError, match=r"\(1, 8\).* 24 dimensions"):
        index.search(rows_of(1, dim=8), 3)


# the index of a Generation, kept in step with the store


class Shelf:
    """A store with a Generation, into which documents of some vectors are put."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.parts: dict[int, Ints] = {}
        with self.store.write() as db:
            self.generation = vectors.generation(db, "key", DIM)
            self.job = jobs.insert(db, "ingest")

    def put(self, count: int, route: Route = Route.TEXT) -> int:
        """A document of one page with `count` vectors; returns its row id."""
        with self.store.write() as db:
            number = len(self.parts) + 1
            document = documents.insert(db, f"{number:064x}", FileKind.PDF, None, 1, None, self.job)
            part_ids = 1000 * document + np.arange(count, dtype=np.int64)
            page_ids = np.full(count, 7 + document, np.int64)
            vectors.store(db, self.generation, document, route, part_ids, page_ids, rows_of(count, seed=document))
        self.parts[document] = part_ids
        return document

    def delete(self, document: int, when: float | None) -> None:
        with self.store.write() as db:
            documents.set_deleted(db, document, when)


def held(index: GenerationIndex, route: Route = Route.TEXT) -> set[int]:
    _, ids = index.search(rows_of(1)[0], route, 10_000)
    return set(ids.tolist())


def test_refresh_follows_adds_the_bin_restores_and_erasures(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    index = GenerationIndex(shelf.generation, DIM)
    index.refresh(shelf.store.read())
    assert held(index) == set()

    first, second = shelf.put(3), shelf.put(2)
    third = shelf.put(4, Route.PICTURE)
    index.refresh(shelf.store.read())
    assert held(index) == {*shelf.parts[first].tolist(), *shelf.parts[second].tolist()}
    assert held(index, Route.PICTURE) == set(shelf.parts[third].tolist())
    assert index.pages(shelf.parts[first]).tolist() == [7 + first] * 3
    assert index.parts(np.array([7 + third])).tolist() == shelf.parts[third].tolist()
    assert index.pages(np.array([-1, 5, 10**7])).tolist() == [-1, -1, -1]

    shelf.delete(first, 1.0)
    index.refresh(shelf.store.read())
    assert held(index) == set(shelf.parts[second].tolist())
    shelf.delete(first, None)
    index.refresh(shelf.store.read())
    assert held(index) == {*shelf.parts[first].tolist(), *shelf.parts[second].tolist()}

    with shelf.store.write() as db:
        documents.delete(db, second)
    index.refresh(shelf.store.read())
    assert held(index) == set(shelf.parts[first].tolist())

    fourth = shelf.put(1)  # after an erasure: no id is used twice
    index.refresh(shelf.store.read())
    assert held(index) == {*shelf.parts[first].tolist(), *shelf.parts[fourth].tolist()}
    shelf.store.close()


def test_refresh_equals_a_fresh_index(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    chance = np.random.default_rng(2)
    followed = GenerationIndex(shelf.generation, DIM)
    for _ in range(25):
        document = shelf.put(int(chance.integers(1, 9)))
        if chance.random() < 0.4:
            shelf.delete(int(chance.choice(list(shelf.parts))), 1.0)
        if chance.random() < 0.3:
            shelf.delete(document, None)
        followed.refresh(shelf.store.read())
    fresh = GenerationIndex(shelf.generation, DIM)
    fresh.refresh(shelf.store.read())
    query = rows_of(1, seed=77)[0]
    assert followed.search(query, Route.TEXT, 50)[1].tolist() == fresh.search(query, Route.TEXT, 50)[1].tolist()
    assert followed.moments(query, Route.TEXT) == pytest.approx(fresh.moments(query, Route.TEXT), abs=1e-6)
    shelf.store.close()


def test_another_generation_is_not_mixed_in(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    document = shelf.put(2)
    with shelf.store.write() as db:
        other = vectors.generation(db, "another key", DIM)
        assert other != shelf.generation and vectors.generation(db, "another key", DIM) == other
        page = np.array([8, 8], np.int64)
        vectors.store(db, other, document, Route.TEXT, np.array([1, 2], np.int64), page, rows_of(2))
    index = GenerationIndex(shelf.generation, DIM)
    index.refresh(shelf.store.read())
    assert held(index) == set(shelf.parts[document].tolist())
    shelf.store.close()


def test_a_question_of_another_length_is_refused() -> None:
    with pytest.raises(Mismatch, match=r"\(8,\).* 24 dimensions"):
        GenerationIndex(1, DIM).search(np.zeros(8, np.float32), Route.TEXT, 3)


def test_the_store_keeps_half_precision_rows(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    document = shelf.put(5)
    db = shelf.store.read()
    (chunk,) = vectors.chunks(db, sorted(vectors.live_chunks(db, shelf.generation)), DIM)
    assert chunk.rows.dtype == np.float16 and chunk.rows.shape == (5, DIM)
    assert np.array_equal(chunk.rows.astype(np.float32), rows_of(5, seed=document))
    assert chunk.part_ids.tolist() == shelf.parts[document].tolist()
    with shelf.store.write() as db, pytest.raises(ValueError, match="2 part ids, 1 page ids, 3 rows"):
        two, one = np.zeros(2, np.int64), np.zeros(1, np.int64)
        vectors.store(db, shelf.generation, document, Route.TEXT, two, one, rows_of(3))
    shelf.store.close()


def test_scores_of_some_ids_are_numpys_after_every_change() -> None:
    chance = np.random.default_rng(12)
    ids = chance.permutation(5000)[:800].astype(np.int64)
    rows, query = rows_of(800), rows_of(1, seed=4)[0]
    index = FaissIndex(DIM)
    assert index.scores(query, ids)[1].tolist() == []
    for start in range(0, 800, 200):
        index.add(ids[start : start + 200], rows[start : start + 200])
        gone = ids[start : start + 50]
        index.remove(gone)
        left = np.setdiff1d(ids[: start + 200], np.concatenate([ids[at : at + 50] for at in range(0, start + 1, 200)]))
        asked = np.concatenate([chance.permutation(ids)[:300], [-1, 10**9]])
        scores, found = index.scores(query, asked)
        expected = np.intersect1d(asked, left)
        assert set(found.tolist()) == set(expected.tolist())
        place = {int(number): at for at, number in enumerate(ids)}
        exact = np.array([rows[place[int(number)]] @ query for number in found])
        assert np.abs(scores - exact).max() <= 1e-5
        assert np.all(np.diff(scores) <= 0)
    assert index.scores(query, np.empty(0, np.int64))[1].tolist() == []
