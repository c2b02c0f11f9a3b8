"""The card of a trained Model: what it learned from, what it came to, and how to make it again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from retrieval.training.types import Comparison, TrainSettings, Verdict


def code_version() -> str:
    """The version of Folioscope, and eight hex digits of the sources that train: "0.1.0+1a2b3c4d"."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    try:
        number = version("folioscope")
    except PackageNotFoundError:
        number = "0"
    return f"{number}+{digest.hexdigest()[:8]}"


def default_name(when: float, labels: int) -> str:
    """ "21 November, 84 judgements", in this machine's time."""
    day = datetime.fromtimestamp(when)
    return f"{day.day} {day:%B}, {labels} {'judgement' if labels == 1 else 'judgements'}"


def card(
    name: str, verdict: Verdict, settings: TrainSettings, *, weights_hash: str, labels_hash: str, code: str
) -> str:
    """Markdown. The same labels, settings and seed give the same weights on the same machine."""
    lines = [
        f"# {name}",
        "",
        f"Trained {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by Folioscope from {_count(verdict.labels, 'judgement')} of"
        f" {_count(verdict.questions, 'question')}, on top of the model `{verdict.base}`.",
        "",
        f"* recipe: {verdict.recipe}"
        + (f" (asked for: {settings.recipe})" if settings.recipe != verdict.recipe else ""),
        f"* moved: {', '.join(verdict.moved) or 'nothing'}",
        f"* learned from {_count(verdict.learned_from, 'question')}, measured on {verdict.measured_on} others"
        + (", cross-validated in five folds" if verdict.cross_validated else ""),
        f"* took {verdict.seconds:.0f} s",
        "",
        "## What it came to",
        "",
        f"**{str(verdict.outcome).capitalize()}**; {'' if verdict.recommended else 'not '}recommended."
        + (" No share of the new weights beat the old ones: it answers as its base does." if verdict.no_gain else ""),
        "",
        *_table(verdict),
        "",
        f"Of the top tens {verdict.unjudged_before:.0%} were unjudged before and {verdict.unjudged_after:.0%} after;"
        " an unjudged page counts as wrong, except where the table says “judged pages”.",
        *([""] if verdict.notes else []),
        *(f"* {note}" for note in verdict.notes),
        "",
        "## To make it again",
        "",
        f"* weights: sha256 `{weights_hash}`",
        f"* judgements: sha256 `{labels_hash}`",
        f"* code: Folioscope {code}",
        *(f"* {name}: {value}" for name, value in asdict(settings).items() if value is not None),
        "",
    ]
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _table(verdict: Verdict) -> list[str]:
    """Differences with their 95 % intervals."""
    rows = [(row.measure, row) for row in verdict.all_pages]
    rows += [(f"{row.measure}, judged pages", row) for row in verdict.judged_pages]
    rows += [(f"{row.measure}, {kind}", row) for kind, row in sorted(verdict.per_kind.items())]
    rows.append((f"{verdict.guard.measure}, general questions", verdict.guard))
    return ["| measure | questions | before | after | difference (95 %) |", "|---|---|---|---|---|", *_rows(rows)]


def _rows(rows: Sequence[tuple[str, Comparison]]) -> list[str]:
    return [
        f"| {name} | {row.questions} | {row.before.value:.3f} | {row.after.value:.3f} |"
        f" {row.difference.value:+.3f} ({row.difference.low:+.3f} to {row.difference.high:+.3f}) |"
        for name, row in rows
    ]
