"""The samples: a small made-up bakery's documents, pictures and film, with questions and judgements.

In a checkout this is the folder `data`, installed it is the package `folioscope_samples`.
"""

from __future__ import annotations

import json
from pathlib import Path


def folder() -> Path:
    """The folder whose files are to be added to a library."""
    return Path(__file__).parent / "files"


def judged() -> Path:
    """The folder for `folioscope eval`: `queries.jsonl`, `qrels.tsv` and, beneath it, the files they name."""
    return Path(__file__).parent


def questions() -> list[str]:
    """Questions to suggest to somebody who has just loaded the samples."""
    rows = json.loads((Path(__file__).parent / "suggestions.json").read_text(encoding="utf-8"))
    return [str(row["text"]) for row in rows]
