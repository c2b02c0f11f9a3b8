"""The samples that ship with Folioscope (package `folioscope_samples`): loading them, and questions that they answer."""

from __future__ import annotations

import json
from functools import cache

import folioscope_samples

from retrieval.library import Library
from retrieval.types import Added

SUGGESTED = 5


def load(library: Library) -> Added:
    """Adds the samples; the worker reads them in the background."""
    return library.add([folioscope_samples.folder()], copy=True, wait=False)


@cache
def _suggestions() -> tuple[tuple[str, str], ...]:
    """(question, name of the file that answers it)."""
    rows = json.loads((folioscope_samples.judged() / "suggestions.json").read_text(encoding="utf-8"))
    return tuple((str(row["text"]), str(row["document"])) for row in rows)


def questions(library: Library) -> list[str]:
    """Questions to start with: those whose answer is in this library. Empty without the samples."""
    names = {name.rpartition("/")[2] for document in library.documents.list() for name in document.names}
    return [text for text, document in _suggestions() if document in names][:SUGGESTED]
