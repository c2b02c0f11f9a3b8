"""Weights on the move: which ones a training may change, keeping the best, and going only a part of the way.

A few hundred judgements are little for millions of weights. So a training stops when an inner split of the questions
stops gaining, and then goes a share of the way (0, ¼, ½, 1) from the old weights to the new ones, whichever is best there
(as in WiSE-FT: Wortsman et al., Robust fine-tuning of zero-shot models, 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from retrieval.metrics import ndcg
from retrieval.training.dataset import Example
from retrieval.types import Floats

SHARES = (0.0, 0.25, 0.5, 1.0)
EPSILON = 1e-9

State = dict[str, Tensor]


def moving(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def keep(model: nn.Module) -> State:
    """A copy of all that moves."""
    return {name: parameter.detach().clone() for name, parameter in moving(model).items()}


def put(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in moving(model).items():
            parameter.copy_(state[name])


def between(old: Mapping[str, Tensor], new: Mapping[str, Tensor], share: float) -> State:
    """old + share · (new − old); a share of 0 or 1 gives those very values."""
    if share == 0.0:
        return dict(old)
    if share == 1.0:
        return dict(new)
    return {name: torch.lerp(value, new[name], share) for name, value in old.items()}


def best_share(
    model: nn.Module, old: State, new: State, measure: Callable[[], float]
) -> tuple[float, dict[float, float]]:
    """Leaves the model with the share that measures best (the smaller one of equals); what each measured."""
    found: dict[float, float] = {}
    for share in SHARES:
        put(model, between(old, new, share))
        found[share] = measure()
    best = max(SHARES, key=lambda share: (found[share] > found[0.0] + EPSILON, found[share], -share))
    put(model, between(old, new, best))
    return best, found


def ranked_quality(
    examples: Sequence[Example],
    right: Mapping[str, frozenset[int]],
    questions: Floats,
    parts: Floats,
    pages: Sequence[int],
) -> list[float]:
    """NDCG@10 of each example's Page: `questions` (n, dim) row by row with `examples`, against `parts` (m, dim).

    `pages` (m,) are the Parts' Pages; each counts once, by its best Part. Other Pages that are right for a question
    neither count for it nor stand in the way.
    """
    gains = []
    page_of = np.asarray(pages, np.int64)
    for example, scores in zip(examples, questions @ parts.T, strict=True):
        ranking = dict.fromkeys(page_of[np.argsort(-scores, kind="stable")].tolist())
        others = right.get(example.query, frozenset()) - {example.right.page_id}
        hits = [float(page == example.right.page_id) for page in ranking if page not in others]
        gains.append(ndcg(hits, [1.0], 10))
    return gains
