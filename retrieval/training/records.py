"""What a training writes beside its weights."""

from __future__ import annotations

from dataclasses import dataclass, field

RECORD = "training.json"


@dataclass(slots=True)
class Trained:
    """What a training did, and what it measured on the inner split on the way. The card tells it on."""

    loss: str
    epochs: float
    batch_size: int
    learning_rate: float
    seed: int
    steps: int = 0
    losses: list[float] = field(default_factory=list)  # of every step
    inner: list[float] = field(default_factory=list)  # NDCG@10 on the inner split: before, then as it went on
    shares: dict[float, float] = field(default_factory=dict)  # share of the new weights → NDCG@10 on the inner split
    share: float = 1.0  # the one that was taken; 0: no gain found, the weights are the old ones
    moved: int = 0  # numbers that were free to move
