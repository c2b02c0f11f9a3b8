from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from retrieval import cpu


def test_settings_of_the_user_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"GOMP_SPINCOUNT": "7"})
    cpu.settle_threads(2)
    assert os.environ["GOMP_SPINCOUNT"] == "7"
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert os.environ["OMP_NUM_THREADS"] == "2"


def test_threads_are_left_to_torch_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    cpu.settle_threads()
    assert "OMP_NUM_THREADS" not in os.environ


def test_models_are_imported_late() -> None:
    """A command that needs no model must not wait for torch."""
    modules = "retrieval.cpu, retrieval.builtin, retrieval.embedders, retrieval.rerankers, retrieval.checkpoints"
    script = f"import sys, {modules}; print([m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_abilities_are_plain_values() -> None:
    found = cpu.abilities()
    assert set(found) == {"name", "machine", "cores", "avx2", "avx512", "bf16", "amx"}
    assert isinstance(found["cores"], int) and found["cores"] >= 1


class Clock:
    """Stands in for `time`: only work takes time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.runs = 0

    def perf_counter(self) -> float:
        return self.now

    def work(self, *durations: float) -> Callable[[], object]:
        def run() -> None:
            self.now += durations[min(self.runs, len(durations) - 1)]
            self.runs += 1

        return run


def test_best_seconds_leaves_out_the_first_run_and_stops_early(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(cpu, "time", clock)
    assert cpu.best_seconds(clock.work(0.125, 0.5, 0.25, 0.5), 1.0) == 0.25
    assert clock.runs == 4
    clock.runs = 0
    assert cpu.best_seconds(clock.work(9.0), 1.0) == 9.0
    assert clock.runs == 1  # a precision that is a hundred times slower is tried once


@pytest.mark.parametrize(
    ("exact", "half", "chosen"), [(1.0, 0.5, "bfloat16"), (1.0, 0.9, "float32"), (1.0, 90, "float32")]
)
def test_half_precision_must_be_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, exact: float, half: float, chosen: str
) -> None:
    times = iter([exact, half])
    monkeypatch.setattr(cpu, "best_seconds", lambda work, budget_s: (work(), next(times))[1])
    assert cpu.precision_probe() == chosen


def test_the_probe_answers() -> None:
    assert cpu.precision_probe() in ("float32", "bfloat16")
