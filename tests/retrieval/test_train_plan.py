"""How long a retrain still takes, from what is known of its steps."""

from __future__ import annotations

import json

import pytest

from retrieval.training import plan as plans
from retrieval.training.plan import Plan, model_of, seconds_left, steps_of


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(plans.time, "time", lambda: self.now)


def test_the_end_is_told_from_a_tenth_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    said: list[str] = []
    plan = Plan({"load": 5.0, "step": 1.0, "rank": 0.5}, said.append)
    plan.expect([("Load", "load", 1), ("Learn", "step", 100), ("Measure", "rank", 20)])
    assert seconds_left(steps_of(said[-1]), clock.now) == pytest.approx(115.0)
    plan.begin("Load")
    clock.now += 4.0
    plan.begin("Learn")
    true_end = clock.now + 40.0 + 10.0  # a step takes .4 s here
    for done in range(1, 101):
        clock.now += 0.4
        plan.progress(done / 100)
        if done in (10, 30, 50, 70):
            left = seconds_left(steps_of(said[-1]), clock.now)
            assert abs(clock.now + left - true_end) <= 0.2 * 54.0, done
    plan.begin("Measure")
    clock.now += 10.0
    plan.end()
    steps = steps_of(plan.as_json("a-model"))
    assert [round(step.seconds or 0) for step in steps] == [4, 40, 10]
    assert model_of(plan.as_json("a-model")) == "a-model" and model_of(said[-1]) is None
    assert plan.rates["step"] == pytest.approx(0.4)  # known the next time


def test_what_has_begun_does_not_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    said: list[str] = []
    plan = Plan({"load": 5.0, "step": 1.0, "rank": 0.5}, said.append)
    plan.expect([("Load", "load", 1), ("Learn", "step", 10)])
    plan.begin("Load")
    clock.now += 5.0
    plan.begin("Learn")
    plan.expect([("Learn", "step", 10), ("Measure", "rank", 4)])
    assert [step.title for step in steps_of(said[-1])] == ["Load", "Learn", "Measure"]
    assert seconds_left(steps_of(said[-1]), clock.now) == pytest.approx(12.0)


def test_a_step_that_takes_longer_than_thought_still_takes_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    said: list[str] = []
    plan = Plan({"load": 5.0}, said.append)
    plan.expect([("Load", "load", 1)])
    plan.begin("Load")
    clock.now += 60.0
    assert seconds_left(steps_of(said[-1]), clock.now) > 0


def test_others_see_it_four_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    said: list[str] = []
    plan = Plan({}, said.append)
    plan.expect([("Learn", "step", 1000)])
    plan.begin("Learn")
    before = len(said)
    for done in range(1000):
        clock.now += 0.001
        plan.progress(done / 1000, f"step {done}")
    assert 3 <= len(said) - before <= 5
    assert json.loads(said[-1])["steps"][0]["detail"].startswith("step ")
