"""Watches a trainer: says how far it is, keeps the best weights, and ends it early or when a person wants so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from transformers import TrainerCallback

from retrieval.training.learn import Stopped
from retrieval.training.moving import EPSILON, State, keep


class Cancelled(Stopped):
    """A person stopped the training. Nothing was saved."""


class Follow(TrainerCallback):
    """`quality`: of the model as it is on the inner split, None where there is none; measured before and after each epoch."""

    def __init__(
        self,
        model: nn.Module,
        quality: Callable[[], float] | None,
        tell: Callable[[float, str], None],
        stop: Callable[[], bool],
        patience: int,
    ) -> None:
        self._model, self._quality = model, quality
        self._tell, self._stop = tell, stop
        self._patience = patience
        self._since = 0
        self.stopped = False
        self.losses: list[float] = []
        self.qualities: list[float] = []
        self.best: State | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._quality is not None:
            self.qualities.append(self._quality())

    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._heed(control)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._heed(control)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.losses.append(float(logs["loss"]))
            epochs = max(1, round(args.num_train_epochs))
            epoch = min(epochs, int(state.epoch or 0) + 1)
            done = state.global_step / max(1, state.max_steps)
            self._tell(done, f"epoch {epoch} of {epochs} · loss {self.losses[-1]:.2f}")

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._heed(control)
        if self._quality is None or self.stopped:
            return
        highest = max(self.qualities[1:], default=-1.0)
        self.qualities.append(self._quality())
        if self.qualities[-1] > highest + EPSILON:
            self.best, self._since = keep(self._model), 0
        else:
            self._since += 1
            if self._since >= self._patience:
                control.should_training_stop = True

    def _heed(self, control: Any) -> None:
        if self._stop():
            self.stopped = True
            control.should_training_stop = True
