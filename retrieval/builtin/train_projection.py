"""Trains the projection: two layers between the picture net's features and the space of the captions' vectors.

Two nets from different seeds are summed. More than half of the features are dropped while they learn, or they know 15,000
pictures by heart (docs/builtin.md has what each is worth). The loss is the symmetric InfoNCE of CLIP (Radford et al., 2021)
against the vectors of the captions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..types import Bools, Floats, Ints
from .embedder import DIM
from .towers import FEATURES


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes the projection; saved in the weights' metadata."""

    hidden: int = 4096
    input_dropout: float = 0.6
    dropout: float = 0.6  # behind the hidden layer
    epochs: int = 9
    batch: int = 512
    rate: float = 1e-3
    decay: float = 0.05
    scale: float = 20.0  # of the cosines, learned from here
    members: int = 2  # nets whose outputs are summed: they err in different places
    frames: int = 2  # how often they see a video's frame for each time that they see a photo
    seed: int = 0  # of the first member


@dataclass(frozen=True, slots=True)
class Examples:
    """Features (n, 1280), caption vectors (m, 384) and their pairs (p, 2): rows of captions and of features.

    `frames` (p,): which pairs are of a video's frame."""

    features: Floats
    captions: Floats
    pairs: Ints
    frames: Bools

    def more_frames(self, times: int) -> Examples:
        """Those pairs `times` as often."""
        return replace(
            self,
            pairs=np.concatenate([self.pairs, *[self.pairs[self.frames]] * (times - 1)]),
            frames=np.concatenate([self.frames, *[self.frames[self.frames]] * (times - 1)]),
        )


def info_nce(pictures: Tensor, captions: Tensor, scale: Tensor, same: Tensor) -> Tensor:
    """Symmetric InfoNCE of unit rows (B, D). `same` (B, B) marks pairs off the diagonal that are right as well: left out."""
    logits = (scale * pictures @ captions.T).masked_fill(same, float("-inf"))
    target = torch.arange(len(logits))
    cross = nn.functional.cross_entropy
    return (cross(logits, target) + cross(logits.T, target)) / 2


def train(examples: Examples, recipe: Recipe, tell: Callable[[str], None] = lambda line: None) -> dict[str, Tensor]:
    """Weights of the two layers, float32: "0.weight" (hidden, 1280), "0.bias", "1.weight" (384, hidden), "1.bias".

    `hidden` is that of all members together: a sum of two-layer nets is one that is wider.
    """
    states = []
    examples = examples.more_frames(recipe.frames)
    for number in range(recipe.members):
        begin = time.perf_counter()
        states.append(train_member(examples, recipe, recipe.seed + number))
        tell(f"member {number + 1} of {recipe.members}: {time.perf_counter() - begin:.0f} s")
    return {
        "0.weight": torch.cat([state["0.weight"] for state in states]),
        "0.bias": torch.cat([state["0.bias"] for state in states]),
        "1.weight": torch.cat([state["1.weight"] for state in states], dim=1) / len(states),
        "1.bias": torch.stack([state["1.bias"] for state in states]).mean(0),
    }


def train_member(examples: Examples, recipe: Recipe, seed: int) -> dict[str, Tensor]:
    """One net, as `train` says."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    features, captions = torch.from_numpy(examples.features), torch.from_numpy(examples.captions)
    mean, spread = features.mean(0), features.std(0) + 1e-4
    first, second = nn.Linear(FEATURES, recipe.hidden), nn.Linear(recipe.hidden, DIM)
    net = nn.Sequential(nn.Dropout(recipe.input_dropout), first, nn.GELU(), nn.Dropout(recipe.dropout), second)
    log_scale = nn.Parameter(torch.tensor(recipe.scale).log())
    optimizer = torch.optim.AdamW(
        [{"params": net.parameters(), "weight_decay": recipe.decay}, {"params": [log_scale], "weight_decay": 0.0}],
        lr=recipe.rate,
    )
    batch = min(recipe.batch, len(examples.pairs))
    steps = recipe.epochs * (len(examples.pairs) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=max(2, steps), pct_start=0.1)
    for _ in range(recipe.epochs):
        shuffled = examples.pairs[order.permutation(len(examples.pairs))]
        for start in range(0, len(shuffled) - batch + 1, batch):
            texts, pictures = torch.from_numpy(shuffled[start : start + batch]).T
            same = (texts[:, None] == texts) | (pictures[:, None] == pictures)
            same.fill_diagonal_(False)
            rows = nn.functional.normalize(net((features[pictures] - mean) / spread), dim=-1)
            loss = info_nce(rows, captions[texts], log_scale.exp().clamp(max=100), same)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():  # the standardisation of the features moves into the first layer
        weight = first.weight / spread
        return {
            "0.weight": weight,
            "0.bias": first.bias - weight @ mean,
            "1.weight": second.weight.clone(),
            "1.bias": second.bias.clone(),
        }


def project(features: Floats, state: dict[str, Tensor]) -> Floats:
    """(n, 1280) → (n, 384) unit rows; what the shipped embedder does with the same weights."""
    x = nn.functional.gelu(torch.from_numpy(features) @ state["0.weight"].T + state["0.bias"])
    rows: Floats = nn.functional.normalize(x @ state["1.weight"].T + state["1.bias"], dim=-1).numpy()
    return rows


def found_at(examples: Examples, rows: Floats, k: int) -> float:
    """Share of captions with at least one of their pictures among the first `k` of all pictures (ties: the lower row)."""
    scores = examples.captions @ rows.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    right = {(int(text), int(picture)) for text, picture in examples.pairs}
    hits = [any((text, int(picture)) in right for picture in best[text]) for text in range(len(best))]
    return float(np.mean(hits))


def join(parts: list[Examples]) -> Examples:
    """All sets as one."""
    pairs, texts, pictures = [], 0, 0
    for part in parts:
        pairs.append(part.pairs + np.array([texts, pictures]))
        texts += len(part.captions)
        pictures += len(part.features)
    return Examples(
        np.concatenate([p.features for p in parts]),
        np.concatenate([p.captions for p in parts]),
        np.concatenate(pairs),
        np.concatenate([p.frames for p in parts]),
    )
