"""FAISS over a Generation's stored rows, in memory: exact, half precision, kept in step with the store.

The file on disk is always SQLite's; this is derived from it and never written.
"""

from __future__ import annotations

import sqlite3
import threading

import faiss
import numpy as np

from retrieval.errors import Mismatch
from retrieval.store import vectors
from retrieval.types import Floats, Ints, Route

_SPARE = 8  # asked for beyond k, so that ties at the edge can be told


class FaissIndex:
    """Exact inner products over float16 rows (`IndexScalarQuantizer`: a third of the time of flat float32). A VectorIndex."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        codes = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        self._index = faiss.IndexIDMap(codes)
        self._sum = np.zeros(dim)
        self._squares = np.zeros((dim, dim))
        self._sorted: tuple[Ints, Ints] | None = None  # ids ascending and their places; made when asked for

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Ints, vectors: Floats) -> None:
        """`ids` (n,) int64, `vectors` (n, dim) float32."""
        if vectors.ndim != 2 or vectors.shape[1] != self.dim or len(ids) != len(vectors):
            raise ValueError(
                f"{len(ids)} ids and vectors of shape {vectors.shape} for an index of {self.dim} dimensions"
            )
        if len(ids):
            rows = np.ascontiguousarray(vectors, np.float32)
            self._index.add_with_ids(rows, np.ascontiguousarray(ids, np.int64))
            self._count(rows, 1.0)

    def remove(self, ids: Ints) -> None:
        """Unknown ids are ignored."""
        at = np.flatnonzero(np.isin(faiss.vector_to_array(self._index.id_map), ids))
        if len(at):
            self._count(np.stack([self._index.index.reconstruct(int(place)) for place in at]), -1.0)
            self._index.remove_ids(faiss.IDSelectorBatch(np.ascontiguousarray(ids, np.int64)))

    def _count(self, rows: Floats, sign: float) -> None:
        self._sorted = None
        self._sum += sign * rows.sum(axis=0, dtype=np.float64)
        self._squares += sign * (rows.T @ rows)

    def search(self, queries: Floats, k: int, allowed: Ints | None = None) -> tuple[Floats, Ints]:
        """(q, k) scores and ids, best first, ties to the lower id; missing places hold -inf and -1."""
        if queries.ndim != 2 or queries.shape[1] != self.dim:
            raise ValueError(f"queries of shape {queries.shape} for an index of {self.dim} dimensions")
        reachable = min(len(self), k if allowed is None else min(k, len(allowed)))
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        if reachable == 0 or len(queries) == 0:
            return scores, ids
        rows = np.ascontiguousarray(queries, np.float32)
        parameters = None
        if allowed is not None:
            parameters = _only(allowed)
        wide = reachable + _SPARE
        while True:
            got_scores, got_ids = self._index.search(rows, min(wide, len(self)), params=parameters)
            got_scores = np.where(got_ids < 0, -np.inf, got_scores)
            edge = got_scores[:, -1]
            if wide >= len(self) or not np.any((got_scores[:, reachable - 1] == edge) & np.isfinite(edge)):
                break
            wide *= 2
        for row in range(len(queries)):
            order = np.lexsort((got_ids[row], -got_scores[row]))[:reachable]
            scores[row, : len(order)] = got_scores[row, order]
            ids[row, : len(order)] = got_ids[row, order]
        ids[~np.isfinite(scores)] = -1
        return scores, ids

    def scores(self, query: Floats, ids: Ints) -> tuple[Floats, Ints]:
        """Inner products of one query (dim,) with the rows of some ids, best first, ties to the lower id; ids that are not
        here are left out.

        By FAISS, for NumPy's product of as many rows wakes all of BLAS's threads and waits for them.
        """
        reachable = min(len(ids), len(self))
        if reachable == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        found, known = self._index.search(np.ascontiguousarray(query[None], np.float32), reachable, params=_only(ids))
        found, known = found[known >= 0], known[known >= 0]
        best = np.lexsort((known, -found))
        return found[best], known[best]

    def rows(self, ids: Ints) -> tuple[Ints, Floats]:
        """(m,) the ids of `ids` that are here, ascending, and their stored rows (m, dim)."""
        if self._sorted is None:
            held = faiss.vector_to_array(self._index.id_map)
            order = np.argsort(held, kind="stable")
            self._sorted = held[order], order
        held, order = self._sorted
        known = np.flatnonzero(np.isin(held, ids))
        if not len(known):
            return held[known], np.empty((0, self.dim), np.float32)
        return held[known], self._index.index.reconstruct_batch(order[known])

    def mean_and_square(self) -> tuple[Floats, Floats]:
        """Mean row (dim,) and mean outer product (dim, dim) of all rows: `moments` of any query follow from them."""
        count = max(len(self), 1)
        return (self._sum / count).astype(np.float32), (self._squares / count).astype(np.float32)

    def moments(self, query: Floats) -> tuple[float, float]:
        """Mean and standard deviation of the query's inner products with every row: exact, whatever the size. `query` (dim,)."""
        count = max(len(self), 1)
        vector = query.astype(np.float64)
        mean = float(vector @ self._sum) / count
        variance = float(vector @ self._squares @ vector) / count - mean * mean
        return mean, float(np.sqrt(max(variance, 1e-6)))


def _only(ids: Ints) -> faiss.SearchParameters:
    selector = faiss.IDSelectorBatch(np.ascontiguousarray(ids, np.int64))
    return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]


class GenerationIndex:
    """One FaissIndex a route over all live vectors of a Generation, refreshed from the store. Thread-safe."""

    def __init__(self, generation_id: int, dim: int) -> None:
        self.generation_id = generation_id
        self.dim = dim
        self.routes = {route: FaissIndex(dim) for route in Route}
        self._page_of = np.full(1024, -1, np.int64)  # by part id
        self._last_page = 0
        self._held: dict[int, tuple[Route, Ints]] = {}
        self._lock = threading.RLock()

    def refresh(self, db: sqlite3.Connection) -> None:
        """Adds what has come and removes what has gone since; nothing is rebuilt."""
        with self._lock:
            live = vectors.live_chunks(db, self.generation_id)
            for chunk in [chunk for chunk in self._held if chunk not in live]:
                route, ids = self._held.pop(chunk)
                self.routes[route].remove(ids)
            new = sorted(live.difference(self._held))
            for start in range(0, len(new), 2000):
                self._add(vectors.chunks(db, new[start : start + 2000], self.dim))

    def _add(self, chunks: list[vectors.Chunk]) -> None:
        for route in Route:
            some = [chunk for chunk in chunks if chunk.route is route]
            if not some:
                continue
            ids = np.concatenate([chunk.part_ids for chunk in some])
            pages = np.concatenate([chunk.page_ids for chunk in some])
            self.routes[route].add(ids, np.concatenate([chunk.rows for chunk in some]).astype(np.float32))
            highest = int(ids.max())
            if highest >= len(self._page_of):
                grown = np.full(max(highest + 1, 2 * len(self._page_of)), -1, np.int64)
                grown[: len(self._page_of)] = self._page_of
                self._page_of = grown
            self._page_of[ids] = pages
            self._last_page = max(self._last_page, int(pages.max()))
            for chunk in some:
                self._held[chunk.id] = (route, chunk.part_ids)

    def pages(self, part_ids: Ints) -> Ints:
        """The page of each part, -1 where unknown."""
        known = (part_ids >= 0) & (part_ids < len(self._page_of))
        return np.where(known, self._page_of[np.where(known, part_ids, 0)], -1)

    def parts(self, page_ids: Ints) -> Ints:
        """Ids of all parts of some pages, of every route."""
        wanted = np.zeros(self._last_page + 2, np.bool_)  # the last one is for parts without a page
        wanted[page_ids[page_ids <= self._last_page]] = True
        return np.flatnonzero(wanted[self._page_of])

    def search(self, query: Floats, route: Route, k: int, allowed: Ints | None = None) -> tuple[Floats, Ints]:
        """Best parts of one question on one route: (k,) scores and part ids. `allowed`: part ids."""
        if query.shape != (self.dim,):
            raise Mismatch(
                f"A question vector of {query.shape} for vectors of {self.dim} dimensions.",
                "Promote the model that made these vectors, or embed the library with the new one.",
            )
        with self._lock:
            scores, ids = self.routes[route].search(query[None], k, allowed)
        found = ids[0] >= 0
        return scores[0][found], ids[0][found]

    def scores(self, query: Floats, route: Route, part_ids: Ints) -> tuple[Floats, Ints]:
        """As `search`, of some parts only; parts of other routes are left out."""
        with self._lock:
            return self.routes[route].scores(query, part_ids)

    def moments(self, query: Floats, route: Route) -> tuple[float, float]:
        with self._lock:
            return self.routes[route].moments(query)
