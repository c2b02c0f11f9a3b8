"""The fused score of every candidate as a function of what *careful* moves: the query map and the fusion's weights.

The same sum as `retrieval.fusion`, in torch, so that it has gradients; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from retrieval.fusion import EVIDENCE, PRIOR_WEIGHT, Scale
from retrieval.training.evidence import Asked, Evidence, RouteRows

if TYPE_CHECKING:
    from torch import Tensor

NOTHING = -1e9  # score of a place where no candidate stands


class Batch(NamedTuple):
    """n questions, padded to K candidates. `present` tells candidates from padding."""

    vectors: Tensor  # (n, dim)
    pages: Tensor  # (n, K) places in the Pool
    fixed: Tensor  # (n, K, F), 0 where a page has nothing
    document: Tensor  # (n, K)
    near: Tensor  # (n, K, 2), -1: none
    present: Tensor  # (n, K)
    right: Tensor  # (n, K)
    judged: Tensor  # (n, K)

    def some(self, places: Tensor) -> Batch:
        """The questions at some places (m,)."""
        return Batch(*(tensor[places] for tensor in self))


def pack(asked: Sequence[Asked]) -> Batch:
    """Padded arrays of some questions; K is that of the longest."""
    longest = max((len(one.pages) for one in asked), default=0)
    shape = (len(asked), longest)
    pages, document = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    fixed, near = np.zeros((*shape, len(EVIDENCE)), np.float32), np.full((*shape, 2), -1, np.int64)
    present, right, judged = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape, bool)
    for row, one in enumerate(asked):
        count = len(one.pages)
        pages[row, :count], document[row, :count] = one.pages, one.document
        fixed[row, :count], near[row, :count] = np.nan_to_num(one.fixed, nan=0.0), one.near
        present[row, :count] = True
        right[row, one.right] = True
        judged[row, one.judged] = True
    vectors = np.stack([one.vector for one in asked]).astype(np.float32)
    arrays = (vectors, pages, fixed, document, near, present, right, judged)
    return Batch(*(torch.from_numpy(array) for array in arrays))


class Route:
    """Cosines of questions with the nearest row of every Page of the Pool."""

    def __init__(self, rows: RouteRows, pages: int, scale: Scale | None) -> None:
        self.vectors, self.page = torch.from_numpy(rows.vectors), torch.from_numpy(rows.page)
        self.mean, self.square, self.count = torch.from_numpy(rows.mean), torch.from_numpy(rows.square), rows.count
        self.has = torch.zeros(pages, dtype=torch.bool)
        self.has[self.page] = True
        self.scale = scale

    def cosines(self, queries: Tensor) -> Tensor:
        """(n, dim) → (n, p); 0 for a Page without rows. On the fusion's scale where there is one."""
        nearest = torch.full((len(queries), len(self.has)), -2.0)
        nearest = nearest.scatter_reduce(1, self.page.expand(len(queries), -1), queries @ self.vectors.T, "amax")
        if self.scale is not None:
            nearest = self._brought(queries, nearest, self.scale)
        return torch.where(self.has, nearest, 0.0)

    def _brought(self, queries: Tensor, cosines: Tensor, scale: Scale) -> Tensor:
        """As `Scale.bring`."""
        mean = queries @ self.mean
        variance = ((queries @ self.square) * queries).sum(dim=1) - mean * mean
        share = self.count / (self.count + PRIOR_WEIGHT)
        spread = (share * variance.clamp_min(1e-6) + (1 - share) * scale.deviation**2).clamp_min(1e-6).sqrt()
        return scale.mean + scale.deviation * (cosines - mean[:, None]) / spread[:, None]


class Fused(torch.nn.Module):
    """`map` (dim, dim), `change` (profiles, F) and `lift` (profiles) start at zero, where it is the base's fusion.

    A weight is the base's + change / spread of its evidence: so a step means about the same for each of them.
    """

    def __init__(self, evidence: Evidence) -> None:
        super().__init__()
        pool, fusion = evidence.pool, evidence.fusion
        dim = len(evidence.asked[0].vector)
        weights = [fusion.profiles[key] for key in pool.profiles]
        self.map = torch.nn.Parameter(torch.zeros(dim, dim))
        self.change = torch.nn.Parameter(torch.zeros(len(weights), len(EVIDENCE)))
        self.lift = torch.nn.Parameter(torch.zeros(len(weights)))
        self.weights = torch.tensor(np.array([row.row() for row in weights]))
        self.offset = torch.tensor([row.offset for row in weights], dtype=torch.float32)
        self.profile = torch.from_numpy(pool.profile)
        self.spread = torch.from_numpy(_spread(evidence.asked))
        self.routes = {
            name: Route(rows, len(pool.page_ids), None if fusion.own else fusion.scales[name])
            for name, rows in pool.rows.items()
            if len(rows.vectors) and self.weights[:, EVIDENCE.index(name)].any()
        }

    def forward(self, batch: Batch, share: float = 1.0) -> Tensor:
        """(n, K) log-odds; NOTHING where no candidate stands. `share` of what was learned is applied."""
        questions = batch.vectors + share * (batch.vectors @ self.map.T)
        evidence = self.evidence(batch, torch.nn.functional.normalize(questions, dim=1))
        weights, offset = self.learned(share)
        of = self.profile[batch.pages]
        scores = (weights[of] * evidence).sum(dim=-1) + offset[of]
        return scores.masked_fill(~batch.present, NOTHING)

    def learned(self, share: float = 1.0) -> tuple[Tensor, Tensor]:
        """Weights (profiles, F) and offsets (profiles,)."""
        return self.weights + share * self.change / self.spread, self.offset + share * self.lift

    def evidence(self, batch: Batch, queries: Tensor) -> Tensor:
        """(n, K, F) for other question vectors (n, dim)."""
        columns = dict(zip(EVIDENCE, batch.fixed.unbind(dim=-1), strict=True))
        for name, route in self.routes.items():
            columns[name] = route.cosines(queries).gather(1, batch.pages) * batch.present
        if "text" in self.routes:
            columns["document_text"] = best_of_others(columns["text"], batch.document, batch.present)
            columns["near_text"] = best_of_near(columns["text"], batch.near)
        return torch.stack([columns[name] for name in EVIDENCE], dim=-1)


def best_of_others(values: Tensor, document: Tensor, present: Tensor) -> Tensor:
    """(n, K) the best value of the other candidates of each one's document, 0 where there are none."""
    none = torch.full_like(values, -torch.inf)
    shown = values.masked_fill(~present, -torch.inf)
    best = none.scatter_reduce(1, document, shown, "amax").gather(1, document)
    is_best = (shown == best) & present
    ties = torch.zeros_like(values).scatter_add(1, document, is_best.float()).gather(1, document)
    second = none.scatter_reduce(1, document, shown.masked_fill(is_best, -torch.inf), "amax").gather(1, document)
    others = torch.where(is_best & (ties < 2), second, best)
    return torch.where(torch.isfinite(others), others, 0.0)


def best_of_near(values: Tensor, near: Tensor) -> Tensor:
    """(n, K) the best value of the page before and the page after, at least 0."""
    found = [
        torch.where(places >= 0, values.gather(1, places.clamp_min(0)), 0.0).clamp_min(0.0)
        for places in near.unbind(-1)
    ]
    return torch.maximum(*found)


def _spread(asked: Sequence[Asked]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """(F,) standard deviation of each evidence among the candidates; 1 where there is none."""
    values = np.concatenate([one.fixed for one in asked])
    found = np.nanstd(np.where(np.isfinite(values), values, 0.0), axis=0)
    return np.where(found > 1e-6, found, 1.0).astype(np.float32)
