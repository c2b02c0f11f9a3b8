"""`train` and `demo`: what they say to people and to scripts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval import Library
from retrieval.training.types import Comparison, Interval, Recipe, TrainSettings, Verdict
from retrieval.types import Job
from ui.terminal import clean, table

if TYPE_CHECKING:
    from pathlib import Path

DIGITS = 4
UNMEASURED = ("region@0.3", "latency_ms")  # of `eval`'s keys: a retrain does not measure them


def train(library: Library, args: argparse.Namespace, follow: Callable[[Job], None]) -> Verdict:
    folder: Path | None = args.folder
    settings = replace(TrainSettings(), recipe=Recipe(args.recipe), loss=args.loss, seed=args.seed)
    found = library.training.train(settings, questions=folder, split=args.split, progress=follow)
    assert isinstance(found, Verdict)
    return found


def as_json(verdict: Verdict) -> dict[str, object]:
    """The documented keys; `before` and `after` have those of `eval`."""
    return {
        "model": verdict.model,
        "base": verdict.base,
        "recipe": str(verdict.recipe),
        "labels": verdict.labels,
        "before": _figures(verdict, lambda row: row.before),
        "after": _figures(verdict, lambda row: row.after),
        "difference": {row.measure: _interval(row.difference) for row in verdict.all_pages},
        "verdict": str(verdict.outcome),
        "recommended": verdict.recommended,
        "seconds": round(verdict.seconds, 1),
    }


def _figures(verdict: Verdict, side: Callable[[Comparison], Interval]) -> dict[str, object]:
    figures: dict[str, object] = {"queries": verdict.measured_on}
    figures |= {row.measure: _interval(side(row)) for row in verdict.all_pages}
    figures |= dict.fromkeys(UNMEASURED)
    figures["per_kind"] = {
        kind: {"queries": row.questions, row.measure: _interval(side(row))} for kind, row in verdict.per_kind.items()
    }
    return figures


def _interval(interval: Interval) -> dict[str, float]:
    return {name: round(getattr(interval, name), DIGITS) for name in ("value", "low", "high")}


def text(verdict: Verdict) -> str:
    """For people: the figures, and what to do next."""
    rows = [(row.measure, *_row(row)) for row in verdict.all_pages]
    rows.append((f"{verdict.guard.measure}, general questions", *_row(verdict.guard)))
    lines = [
        f"{clean(verdict.model)}: {verdict.outcome}. Learned from {verdict.learned_from} questions, measured on"
        f" {verdict.measured_on}.",
        table(rows, ("measure", "before", "after", "difference (95 %)")),
        *verdict.notes,
    ]
    if verdict.no_gain:
        lines.append("No gain was found: it answers as its base does.")
    elif verdict.recommended:
        lines.append(f"Recommended: `folioscope promote {verdict.model}`.")
    else:
        lines.append(f"Not recommended; `folioscope models show {verdict.model}` has everything.")
    return "\n".join(lines)


def _row(row: Comparison) -> tuple[str, str, str]:
    gain = row.difference
    return (
        f"{row.before.value:.3f}",
        f"{row.after.value:.3f}",
        f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})",
    )
