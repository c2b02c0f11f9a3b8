"""What a command says, to people and to scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: `value` for --json, `text` for people, and the exit status."""

    value: object
    text: str
    status: int = 0


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
