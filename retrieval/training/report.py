"""Verdicts as JSON: how they are stored with a Model, and how scripts get them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from retrieval.training.types import Change, Comparison, Interval, Outcome, Recipe, Unjudged, Verdict


def dumps(verdict: Verdict) -> str:
    return json.dumps(asdict(verdict), ensure_ascii=False, allow_nan=False)


def loads(text: str) -> Verdict:
    """What `dumps` wrote; what a newer version has added is passed over."""
    data = _known(Verdict, json.loads(text))
    data |= {
        "outcome": Outcome(data["outcome"]),
        "recipe": Recipe(data["recipe"]),
        "all_pages": tuple(map(_comparison, data["all_pages"])),
        "judged_pages": tuple(map(_comparison, data["judged_pages"])),
        "per_kind": {kind: _comparison(row) for kind, row in data["per_kind"].items()},
        "guard": _comparison(data["guard"]),
        "won": tuple(Change(**_known(Change, row)) for row in data["won"]),
        "lost": tuple(Change(**_known(Change, row)) for row in data["lost"]),
        "to_judge": tuple(Unjudged(**_known(Unjudged, row)) for row in data["to_judge"]),
    }
    data |= {name: tuple(data[name]) for name in ("moved", "notes")}
    return Verdict(**data)


def _comparison(row: Mapping[str, Any]) -> Comparison:
    data = _known(Comparison, row)
    return Comparison(**data | {name: Interval(**data[name]) for name in ("before", "after", "difference")})


def _known(kind: type, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in kind.__dataclass_fields__ if name in row}  # type: ignore[attr-defined]
