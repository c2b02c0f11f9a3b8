"""The steps of a retrain with the time that each is thought to take, as people see them while it runs.

What a unit takes is remembered by the library from retrain to retrain, scaled by how many units there are; a step that
runs tells by itself, and what is alike in the steps after it is expected to take as long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from retrieval.training.types import TrainStep

SAVE_S = 0.25  # between two looks that others may have at it
USUAL_STEPS = 280  # of optimisation: three inner trainings and half of the last one
TELLING = 0.05  # share of a step from which it tells by itself how long it takes

# Seconds of one unit before any was measured here: a guess of a plain laptop.
GUESSED = {
    "load": 9.0,  # the model and the vectors
    "settle": 0.02,  # a question embedded and given its side
    "ask": 0.03,  # a question asked with all evidence
    "step": 1.6e-7,  # of optimisation, a question and a stored row
    "fold": 1.6e-7,
    "rank": 0.03,  # a question ranked before and after
    "guard": 2.0,
    "deep": 60.0,
    "embed": 0.05,  # a Part
    "save": 0.2,
}


@dataclass(slots=True)
class Step:
    """One line. `units` of the kind `rate`; `done` of them."""

    title: str
    rate: str
    units: float
    done: float = 0.0
    started: float | None = None
    seconds: float | None = None
    detail: str = ""


class Plan:
    """`rates`: seconds of one unit as measured before. `save` gets the steps as JSON, at most four times a second."""

    def __init__(self, rates: Mapping[str, float], save: Callable[[str], None]) -> None:
        self.rates = {**GUESSED, **{name: float(value) for name, value in rates.items() if name in GUESSED}}
        self._save = save
        self._saved = 0.0
        self.steps: list[Step] = []

    def expect(self, steps: Sequence[tuple[str, str, float]]) -> None:
        """(title, rate, units) of what is still to come; what has begun stays, and does not come again."""
        begun = [step for step in self.steps if step.started is not None]
        titles = {step.title for step in begun}
        self.steps = begun + [Step(*row) for row in steps if row[0] not in titles]
        self.tell(force=True)

    def begin(self, title: str) -> None:
        """Ends the step that runs; the one of that title begins."""
        self.end()
        step = next(step for step in self.steps if step.title == title)
        step.started = time.time()
        self.tell(force=True)

    def end(self) -> None:
        for step in self.steps:
            if step.started is not None and step.seconds is None:
                step.seconds, step.done = time.time() - step.started, step.units
                if step.units > 0:
                    self.rates[step.rate] = step.seconds / step.units
        self.tell(force=True)

    def progress(self, share: float, detail: str = "") -> None:
        """How far the running step is, 0–1."""
        for step in self.steps:
            if step.started is not None and step.seconds is None:
                step.done, step.detail = share * step.units, detail
                if share >= TELLING:
                    self.rates[step.rate] = (time.time() - step.started) / max(step.done, 1e-9)
        self.tell()

    def expected(self, step: Step) -> float:
        return step.units * self.rates[step.rate] if step.seconds is None else step.seconds

    def tell(self, force: bool = False) -> None:
        now = time.time()
        if force or now - self._saved >= SAVE_S:
            self._saved = now
            self._save(self.as_json())

    def as_json(self, model: str | None = None) -> str:
        return dumps([self._line(step) for step in self.steps], model)

    def _line(self, step: Step) -> TrainStep:
        return TrainStep(step.title, step.started, step.seconds, self.expected(step), step.detail)


def dumps(steps: Sequence[TrainStep], model: str | None = None) -> str:
    """A job's `detail`: its steps, and at the end the Model that came of it."""
    return json.dumps({"steps": [asdict(step) for step in steps], "model": model})


def steps_of(detail: str | None) -> tuple[TrainStep, ...]:
    return tuple(TrainStep(**row) for row in json.loads(detail)["steps"]) if detail else ()


def model_of(detail: str | None) -> str | None:
    found: str | None = json.loads(detail)["model"] if detail else None
    return found


def seconds_left(steps: Sequence[TrainStep], now: float) -> float:
    """Of the steps that are not done; a step that takes longer than thought still takes a little."""
    left = 0.0
    for step in steps:
        if step.seconds is None:
            expected = step.expected_s or 0.0
            spent = 0.0 if step.started is None else now - step.started
            left += max(expected - spent, 0.05 * expected if step.started else 0.0)
    return left


def expected_seconds(rates: Mapping[str, float], learning: int, held_out: int, rows: int) -> float:
    """What a careful retrain is thought to take."""
    known = {**GUESSED, **{name: float(value) for name, value in rates.items() if name in GUESSED}}
    work = USUAL_STEPS * min(48, max(learning, 1)) * rows
    return sum(
        known[name] * units
        for name, units in (
            ("load", 1),
            ("ask", learning),
            ("step", work),
            ("rank", held_out),
            ("guard", 1),
            ("save", 1),
        )
    )
