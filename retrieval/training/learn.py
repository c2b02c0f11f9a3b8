"""*Careful*: the query map, the fusion's weights and its calibration, learned from judged questions through the fused score.

All candidates of a question compete in one softmax, what is right is summed in the exponent. How many steps and which
share of the way (0, ¼, ½, 1) is chosen on questions that the weights did not learn from: the inner split. A share of 0
says that no gain was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from retrieval.fusion import EVIDENCE, Fusion, Weights
from retrieval.training.calibrate import calibrated, fitted
from retrieval.training.evidence import Evidence
from retrieval.training.fused import NOTHING, Batch, Fused, pack
from retrieval.training.types import TrainSettings
from retrieval.types import Bools, Floats

SHARES = (0.0, 0.25, 0.5, 1.0)
Doubles = NDArray[np.float64]


class Stopped(Exception):
    """A person stopped the retrain. Nothing was saved."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the settings say nothing; docs/lift.md has the measurements."""

    steps: int = 80
    more_steps: int = 140  # with `enough` questions
    batch: int = 48  # questions a step
    rate: float = 1e-3
    penalty: float = 0.3  # on the mean square of the map's rows
    temperature: float = 2.0  # of the softmax: log-odds are made for one page, here all compete
    weight_rate: float = 0.003
    weight_penalty: float = 0.1
    folds: int = 3  # of the inner split
    enough: int = 150  # questions from which one fold says enough
    trust: float = 1.0  # standard errors by which the inner split may be wrong about a gain
    looks: int = 3  # checkpoints among the steps, for early stopping


DEFAULTS = Defaults()
LAST_COURSE = 0.5  # of its steps are what the training on all questions takes as a rule, after the inner ones


@dataclass(frozen=True, slots=True)
class Learned:
    """`map` (dim, dim) and fusion after the chosen share; `gain`: NDCG@10 on the inner split."""

    map: Floats
    fusion: Fusion
    share: float
    steps: int
    gain: float

    @property
    def no_gain(self) -> bool:
        return self.share == 0.0


Tell = Callable[[int, int], None]
"""(steps done, steps in all)"""


def learn(
    evidence: Evidence, settings: TrainSettings, tell: Tell, stop: Callable[[], bool], *, quick: bool = False
) -> Learned:
    """From all questions of `evidence`; `quick` looks at one inner fold only. Raises Stopped soon after `stop` says so."""
    steps = steps_for(len(evidence.asked), settings)
    batch = pack(evidence.asked)
    folds = inner_folds(len(evidence.asked), settings.seed, quick)
    course = _Course(evidence, settings, tell, stop, total=round((len(folds) + LAST_COURSE) * steps))
    looks = _looks(steps)
    before, after = _inner(course, batch, folds, looks)
    at, share = _choice(before, after)
    chosen = looks[at] if share else steps
    gain = float((after[at, SHARES.index(share)] - before).mean())
    if not share:
        dim = batch.vectors.shape[1]
        return Learned(np.zeros((dim, dim), np.float32), evidence.fusion, 0.0, 0, 0.0)
    net = course.run_last(batch, chosen)
    fusion = replace(evidence.fusion, profiles={**evidence.fusion.profiles, **_weights(net, evidence, share)})
    scores = course.scores_of_chosen(at, share, folds, batch)
    fusion = calibrated(fusion, fitted(scores, batch.right.numpy(), fusion.cutoff))
    return Learned(share * net.map.detach().numpy(), fusion, share, chosen, gain)


def steps_for(count: int, settings: TrainSettings) -> int:
    """Of one training from `count` questions."""
    return settings.map_steps or (DEFAULTS.more_steps if count >= DEFAULTS.enough else DEFAULTS.steps)


def inner_folds(count: int, seed: int, quick: bool = False) -> list[NDArray[np.int64]]:
    """Places of the questions that each inner model is measured on; together not more than all of them."""
    order = np.random.default_rng(seed).permutation(count)
    if quick or count >= DEFAULTS.enough:
        return [order[: count // DEFAULTS.folds]]
    return [order[start :: DEFAULTS.folds] for start in range(DEFAULTS.folds)]


def _looks(steps: int) -> list[int]:
    """Checkpoints, the last step among them."""
    return sorted({max(1, round(steps * look / DEFAULTS.looks)) for look in range(1, DEFAULTS.looks + 1)})


class _Course:
    """Trainings on parts of the same evidence, counted together."""

    def __init__(
        self, evidence: Evidence, settings: TrainSettings, tell: Tell, stop: Callable[[], bool], total: int
    ) -> None:
        self.evidence, self.settings = evidence, settings
        self._tell, self._stop = tell, stop
        self._done, self._total = 0, total
        self.seen: dict[tuple[int, int], torch.Tensor] = {}  # (look, share) → scores (n, K) of questions left out

    def run(self, batch: Batch, steps: int, looks: dict[int, Callable[[Fused], None]]) -> Fused:
        """A model that learned from `batch`; `looks`: what to do with it after some steps."""
        settings = self.settings
        net = Fused(self.evidence)
        optimizer = torch.optim.Adam(
            [
                {"params": [net.map], "lr": settings.map_learning_rate or DEFAULTS.rate},
                {"params": [net.change, net.lift], "lr": DEFAULTS.weight_rate},
            ]
        )
        penalty = DEFAULTS.penalty if settings.map_penalty is None else settings.map_penalty
        order = torch.Generator().manual_seed(settings.seed)
        size = settings.batch_size or DEFAULTS.batch
        for step in range(1, steps + 1):
            if self._stop():
                raise Stopped
            some = batch.some(torch.randperm(len(batch.vectors), generator=order)[:size])
            loss = listwise(net(some), some.right) + penalty * net.map.square().sum() / len(net.map)
            loss = loss + DEFAULTS.weight_penalty * (net.change.square().sum() + net.lift.square().sum())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            self._done += 1
            self._tell(self._done, self._total)
            if step in looks:
                looks[step](net)
        return net

    def run_last(self, batch: Batch, steps: int) -> Fused:
        """Now it is known how many steps there are in all."""
        self._total = self._done + steps
        return self.run(batch, steps, {})

    def scores_of_chosen(
        self, look: int, share: float, folds: Sequence[NDArray[np.int64]], batch: Batch
    ) -> NDArray[np.float32]:
        """(n, K) log-odds of each question by the inner model that had not seen it; NaN where there is none."""
        found = np.full(batch.present.shape, np.nan, np.float32)
        for number, places in enumerate(folds):
            found[places] = self.seen[number * DEFAULTS.looks + look, SHARES.index(share)].numpy()
        return found


def bare_steps(evidence: Evidence, batch: Batch, steps: int) -> Fused:
    """Optimisation alone: what everything around it is measured against."""
    return _Course(evidence, TrainSettings(), lambda done, total: None, lambda: False, steps).run(batch, steps, {})


def listwise(scores: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """−log of the share that the right ones have in the softmax over all candidates (n, K), mean over questions."""
    scores = scores * DEFAULTS.temperature
    return -(torch.logsumexp(scores.masked_fill(~right, NOTHING), 1) - torch.logsumexp(scores, 1)).mean()


def _inner(
    course: _Course, batch: Batch, folds: Sequence[NDArray[np.int64]], looks: Sequence[int]
) -> tuple[Doubles, Doubles]:
    """NDCG@10 of the questions left out: (m,) as they are and (looks, shares, m) with what the others taught."""
    before: list[Doubles] = []
    after: list[Doubles] = []
    for number, places in enumerate(folds):
        rest = np.setdiff1d(np.arange(len(batch.vectors)), places)
        out, learns = batch.some(torch.from_numpy(places)), batch.some(torch.from_numpy(rest))
        found = np.zeros((len(looks), len(SHARES), len(places)))

        def look(net: Fused, at: int, number: int = number, out: Batch = out, found: Doubles = found) -> None:
            with torch.no_grad():
                for place, share in enumerate(SHARES):
                    scores = net(out, share)
                    course.seen[number * DEFAULTS.looks + at, place] = scores
                    found[at, place] = ndcg_at_10(scores.numpy(), out.right.numpy())

        course.run(learns, looks[-1], {step: _at(look, at) for at, step in enumerate(looks)})
        before.append(found[0, 0])
        after.append(found)
    return np.concatenate(before), np.concatenate(after, axis=2)


def _at(look: Callable[[Fused, int], None], at: int) -> Callable[[Fused], None]:
    return lambda net: look(net, at)


def _choice(before: Doubles, after: Doubles) -> tuple[int, float]:
    """The look and the share that may gain most: the mean gain on the inner split and one standard error more, for with a
    few dozen questions a true gain often looks like none. Share 0 when even so nothing gains; the verdict is on others."""
    gains = after - before
    hoped = gains.mean(axis=2) + DEFAULTS.trust * gains.std(axis=2) / np.sqrt(gains.shape[2])
    at, place = np.unravel_index(int(hoped.argmax()), hoped.shape)
    return (int(at), SHARES[place]) if hoped[at, place] > 1e-9 else (0, 0.0)


def ndcg_at_10(scores: Floats, right: Bools) -> Doubles:
    """(n,) of scores (n, K) and what is right (n, K); ties to the earlier candidate."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    discount = 1.0 / np.log2(np.arange(2, 12))
    gained = np.take_along_axis(right, order, 1) @ discount[: order.shape[1]]
    ideal = np.concatenate([[np.inf], np.cumsum(discount)])[np.minimum(right.sum(axis=1), 10)]
    found: Doubles = gained / ideal
    return found


def _weights(net: Fused, evidence: Evidence, share: float) -> dict[str, Weights]:
    weights, offsets = (tensor.detach().numpy() for tensor in net.learned(share))
    return {
        key: Weights({name: round(float(weight), 6) for name, weight in zip(EVIDENCE, row, strict=True)}, float(offset))
        for key, row, offset in zip(evidence.pool.profiles, weights, offsets, strict=True)
    }
