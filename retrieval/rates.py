"""How long one unit of work takes on this machine, for the time left that people see."""

from __future__ import annotations

import sqlite3

from retrieval.store.db import get_setting

# Seconds of one unit before any was measured here: a guess of a plain laptop.
GUESSED = {"read": 0.5, "text": 0.05, "picture": 0.12, "ocr": 2.5}


def rates(db: sqlite3.Connection) -> dict[str, float]:
    """Seconds of one unit (a file read, a text or picture embedded, a page of OCR) as measured on this machine."""
    stored = get_setting(db, "rates")
    known = stored if isinstance(stored, dict) else {}
    return {what: float(known.get(what, guess)) for what, guess in GUESSED.items()}
