"""Judgements from a file meet those of the library: what is new, what is there already, what contradicts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from retrieval.store import labels
from retrieval.store.questions import text_of
from retrieval.types import Label


def take(db: sqlite3.Connection, read: Sequence[Label], places: Mapping[str, int], *, store: bool) -> dict[str, object]:
    """See `Labels.import_file`. `places`: corpus id → page id of what the library holds; `store` False looks only."""
    imported = already = 0
    latest, conflicts = _latest([label for label in read if label.corpus_id in places], places)
    for (query, page_id), label in latest.items():
        before = labels.judgement(db, query, page_id)
        if before is not None and before[0] == label.relevant:
            already += 1
            continue
        if before is not None and before[1] > label.when:
            conflicts.append(_conflict(label, before[0], "library"))
            continue
        if before is not None:
            conflicts.append(_conflict(label, label.relevant, "file"))
        if store:
            labels.put(db, query, page_id, label.relevant, label.source, label.when)
        imported += 1
    unknown = list(dict.fromkeys(label.corpus_id for label in read if label.corpus_id not in places))
    return {"imported": imported, "already": already, "unknown": unknown, "conflicts": conflicts}


def _latest(
    read: Sequence[Label], places: Mapping[str, int]
) -> tuple[dict[tuple[str, int], Label], list[dict[str, object]]]:
    """The last word of the file on each question and Page, and where it contradicts itself. Names of twins are one Page."""
    latest: dict[tuple[str, int], Label] = {}
    differing: set[tuple[str, int]] = set()
    for label in read:
        key = text_of(label.query), places[label.corpus_id]
        before = latest.get(key)
        if before is not None and before.relevant != label.relevant:
            differing.add(key)
        if before is None or label.when >= before.when:
            latest[key] = label
    return latest, [_conflict(latest[key], latest[key].relevant, "file") for key in latest if key in differing]


def _conflict(label: Label, relevant: bool, wins: str) -> dict[str, object]:
    return {"query": text_of(label.query), "corpus_id": label.corpus_id, "relevant": relevant, "wins": wins}
