"""The balanced recipe's deeper half: the last layer between a picture's stored features and the common space learns again.

No picture is opened and no net is run: features (n, 1280) pass two layers, of which the first is wide and stays, so that what
it makes of them is computed once. All candidates of a question compete in one softmax over the *fused* score, as in the
search itself, and what is right is summed in the exponent. The way back to the old weights is kept short by a penalty on the
distance from them (L2-SP: Li et al., 2018).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from retrieval.builtin.embedder import BuiltinEmbedder
from retrieval.builtin.trained import PROJECTION_FILE, projection_state
from retrieval.errors import ModelError
from retrieval.metrics import ndcg
from retrieval.training.following import Cancelled
from retrieval.training.moving import EPSILON, State, best_share, keep, put
from retrieval.training.records import RECORD, Trained
from retrieval.training.types import TrainSettings
from retrieval.types import Embedder, Floats, Ints


@dataclass(frozen=True, slots=True)
class Ranked:
    """A question as the search would rank it, the pictures' part left open: score = rest + slope · cosine.

    `rows` (k,) are places among the features, -1 for a Page without a picture; `right` (m,) are places among the k.
    """

    vector: Floats  # (dim,) unit
    rows: Ints
    rest: Floats  # (k,) log-odds from all but the picture
    slope: Floats  # (k,) what a cosine of 1 adds
    right: Ints


@dataclass(frozen=True, slots=True)
class Defaults:
    steps: int = 120
    batch: int = 48  # questions a step
    learning_rate: float = 3e-4
    penalty: float = 30.0  # on the squared distance from the old weights, as a share of their own length
    dropout: float = 0.2
    every: int = 10  # steps between looks at the inner split
    patience: int = 4  # looks without a gain
    seed: int = 0


DEFAULTS = Defaults()


def train_projection(
    embedder: Embedder,
    features: Floats,
    train: Sequence[Ranked],
    inner: Sequence[Ranked],
    settings: TrainSettings,
    folder: Path,
    tell: Callable[[float, str], None],
    stop: Callable[[], bool],
) -> Trained:
    """Writes `projection.safetensors` into `folder` (a Model's); `embedder` itself is left as it is.

    `features` (n, 1280) float32. `tell` and `stop` as in `train_embedder`. Raises Cancelled, ModelError.
    """
    if not isinstance(embedder, BuiltinEmbedder):
        raise ModelError("Only the built-in model stores features of pictures.", "Use the careful or the bold recipe.")
    some = [question for question in train if len(question.right) and (question.rows[question.right] >= 0).any()]
    if not some:
        raise ModelError("No question has a picture for an answer.", "Use the careful recipe.")
    course = _Course(embedder, features, some, inner, settings)
    steps = max(1, round(DEFAULTS.steps * (settings.epochs or 1.0)))
    for step in range(steps):
        if stop():
            raise Cancelled
        course.step(step, steps)
        if step % DEFAULTS.every == DEFAULTS.every - 1 or step == steps - 1:
            tell((step + 1) / steps, f"step {step + 1} of {steps} · loss {course.losses[-1]:.2f}")
            if not course.look():
                break
    record = course.settled(settings)
    save_file(projection_state(course.layers), folder / PROJECTION_FILE)
    (folder / RECORD).write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
    return record


class _Course:
    """The layers on their way, with the best that was seen."""

    def __init__(
        self,
        embedder: BuiltinEmbedder,
        features: Floats,
        train: Sequence[Ranked],
        inner: Sequence[Ranked],
        settings: TrainSettings,
    ) -> None:
        from retrieval.builtin.embedder import projection_layers

        torch.manual_seed(settings.seed)
        self._order = np.random.default_rng(settings.seed)
        self.layers = projection_layers(projection_state(embedder.route("image")[1:]))
        first, second = (layer.linear for layer in self.layers)
        self.net = nn.Sequential(nn.Dropout(DEFAULTS.dropout), second)
        with torch.no_grad():
            self._hidden = nn.functional.gelu(first(torch.from_numpy(np.ascontiguousarray(features, np.float32))))
        self._train, self._inner = train, inner
        self.old = keep(self.net)
        self._length = sum(float(value.square().sum()) for value in self.old.values())
        self.rate = settings.learning_rate or DEFAULTS.learning_rate
        self._optimizer = torch.optim.Adam(self.net.parameters(), lr=self.rate)
        self.batch = settings.batch_size or DEFAULTS.batch
        self.losses: list[float] = []
        self.qualities = [self.quality()] if inner else []
        self.best: State | None = None
        self._since = 0

    def step(self, number: int, steps: int) -> None:
        """One batch of questions; the rate falls to nothing by a cosine."""
        self.net.train()
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate * 0.5 * (1.0 + np.cos(np.pi * number / steps))
        chosen = self._order.choice(len(self._train), min(self.batch, len(self._train)), replace=False)
        questions = [self._train[place] for place in chosen]
        wanted = torch.from_numpy(np.unique(np.concatenate([q.rows[q.rows >= 0] for q in questions])))
        rows = nn.functional.normalize(self.net(self._hidden[wanted]), dim=-1)  # (u, dim)
        ranking = torch.stack([listwise_loss(q, rows, wanted) for q in questions]).mean()
        away = sum((parameter - self.old[name]).square().sum() for name, parameter in self.net.named_parameters())
        loss = ranking + DEFAULTS.penalty * away / self._length
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self.losses.append(float(ranking.detach()))

    def look(self) -> bool:
        """Measures the inner split; False when it has stopped gaining."""
        if not self._inner:
            return True
        highest = max(self.qualities[1:], default=-1.0)
        self.qualities.append(self.quality())
        if self.qualities[-1] > highest + EPSILON:
            self.best, self._since = keep(self.net), 0
        else:
            self._since += 1
        return self._since < DEFAULTS.patience

    def quality(self) -> float:
        """Mean NDCG@10 of the inner questions, fused."""
        self.net.eval()
        with torch.no_grad():
            rows = nn.functional.normalize(self.net(self._hidden), dim=-1)
            everything = torch.arange(len(rows))
            found = [quality_of(q, scores(q, rows, everything).numpy()) for q in self._inner]
        return float(np.mean(found))

    def settled(self, settings: TrainSettings) -> Trained:
        """Goes the share of the way that is best on the inner split; all of it where there is none."""
        share = 1.0
        shares: dict[float, float] = {}
        new = self.best or keep(self.net)
        if self._inner:
            share, shares = best_share(self.net, self.old, new, self.quality)
        else:
            put(self.net, new)
        moved = sum(parameter.numel() for parameter in self.net.parameters())
        return Trained(
            loss="softmax over the fused score",
            epochs=settings.epochs or 1.0,
            batch_size=self.batch,
            learning_rate=self.rate,
            seed=settings.seed,
            steps=len(self.losses),
            losses=self.losses,
            inner=self.qualities,
            shares=shares,
            share=share,
            moved=moved,
        )


def scores(question: Ranked, rows: Tensor, wanted: Tensor) -> Tensor:
    """(k,) fused log-odds; `rows` (u, dim) unit vectors of the features at `wanted` (u,), ascending."""
    pictured = question.rows >= 0
    places = torch.searchsorted(wanted, torch.from_numpy(np.where(pictured, question.rows, wanted[0].item())))
    cosines = rows[places] @ torch.from_numpy(question.vector)
    slope = torch.from_numpy(np.where(pictured, question.slope, 0.0).astype(np.float32))
    total: Tensor = torch.from_numpy(question.rest) + slope * cosines
    return total


def listwise_loss(question: Ranked, rows: Tensor, wanted: Tensor) -> Tensor:
    """−log of the share that the right Pages have in the softmax over all candidates."""
    total = scores(question, rows, wanted)
    loss: Tensor = total.logsumexp(0) - total[torch.from_numpy(question.right)].logsumexp(0)
    return loss


def quality_of(question: Ranked, total: Floats) -> float:
    """NDCG@10 of one question whose candidates score `total` (k,); ties to the earlier place."""
    right = frozenset(question.right.tolist())
    order = np.argsort(-total, kind="stable")[:10]
    return ndcg([float(place in right) for place in order.tolist()], [1.0] * len(right), 10)
