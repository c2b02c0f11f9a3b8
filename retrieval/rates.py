"""How long one unit of work takes on this machine, for the share and the time left that people see."""

from __future__ import annotations

import sqlite3

from ingest.types import FileKind
from retrieval.store.db import get_setting

# Seconds of one unit before any was measured here: a guess of a plain laptop.
GUESSED = {"text": 0.05, "picture": 0.12, "ocr": 1.0} | {f"read {kind}": 0.05 for kind in FileKind}


def measured(db: sqlite3.Connection) -> dict[str, float]:
    """Seconds of one unit (a file of a kind read, a text or picture embedded, a page of OCR) as measured on this machine."""
    stored = get_setting(db, "rates")
    known = stored if isinstance(stored, dict) else {}
    return {what: float(known[what]) for what in GUESSED if what in known}


def rates(db: sqlite3.Connection) -> dict[str, float]:
    """As measured, else as guessed."""
    return GUESSED | measured(db)
