"""Weights on the move."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from retrieval.training.dataset import Example, Shown
from retrieval.training.losses import LOSSES, matryoshka_dims
from retrieval.training.moving import SHARES, best_share, between, keep, moving, put, ranked_quality
from retrieval.types import Route


def net() -> nn.Linear:
    made = nn.Linear(2, 1)
    made.bias.requires_grad_(False)
    with torch.no_grad():
        made.weight.fill_(1.0)
        made.bias.fill_(5.0)
    return made


def test_only_what_moves_is_kept_and_put_back() -> None:
    one = net()
    old = keep(one)
    assert list(old) == ["weight"] == list(moving(one))
    put(one, {"weight": torch.full((1, 2), 3.0)})
    assert one.weight.tolist() == [[3.0, 3.0]] and one.bias.tolist() == [5.0]
    put(one, old)
    assert one.weight.tolist() == [[1.0, 1.0]]


def test_a_share_of_the_way() -> None:
    old, new = {"w": torch.tensor([0.0, 1.0])}, {"w": torch.tensor([4.0, -1.0])}
    assert between(old, new, 0.25)["w"].tolist() == [1.0, 0.5]
    assert between(old, new, 0.0)["w"] is old["w"] and between(old, new, 1.0)["w"] is new["w"]


@pytest.mark.parametrize(
    ("found", "best"),
    [
        ((0.5, 0.6, 0.7, 0.6), 0.5),
        ((0.5, 0.5, 0.5, 0.5), 0.0),  # no gain
        ((0.5, 0.4, 0.3, 0.2), 0.0),
        ((0.5, 0.6, 0.6, 0.6), 0.25),  # of equals the shorter way
        ((0.5, 0.4, 0.5, 0.9), 1.0),
    ],
)
def test_the_best_share_is_taken(found: tuple[float, ...], best: float) -> None:
    one = net()
    old, new = keep(one), {"weight": torch.full((1, 2), 9.0)}
    by_weight = {1.0 + 8.0 * share: value for share, value in zip(SHARES, found, strict=True)}
    share, shares = best_share(one, old, new, lambda: by_weight[float(one.weight[0, 0].detach())])
    assert share == best and tuple(shares.values()) == found
    assert float(one.weight[0, 0].detach()) == 1.0 + 8.0 * best


def test_quality_counts_pages_by_their_best_part() -> None:
    def example(query: str, page: int) -> Example:
        return Example(query, Route.TEXT, Shown(page, page, "x"))

    parts = np.array([[0.9], [0.2], [0.8], [0.7], [0.1]], np.float32)
    pages = [1, 1, 1, 2, 3]  # page 1 stands first, with three parts
    questions = np.ones((2, 1), np.float32)
    found = ranked_quality([example("a", 2), example("b", 3)], {"b": frozenset({1, 3})}, questions, parts, pages)
    assert found == pytest.approx([1 / math.log2(3), 1 / math.log2(3)])  # for b page 1 is right too, and not in the way


def test_dimensions_of_nested_vectors() -> None:
    assert matryoshka_dims(384) == [384, 192, 96]
    assert matryoshka_dims(1024) == [1024, 512, 256, 128, 64]
    assert matryoshka_dims(24) == [24, 12]
    assert set(LOSSES) == {"mnrl", "cached-mnrl", "triplet", "contrastive", "matryoshka"}
