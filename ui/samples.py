"""The samples that ship with Folioscope (package `folioscope_samples`): loading them, and questions that they answer."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

from retrieval.library import Library
from retrieval.types import Added

SUGGESTED = 4


def folder() -> Path:
    """Where the samples lie."""
    return Path(str(files("folioscope_samples")))


def load(library: Library) -> Added:
    """Adds the samples; the worker reads them in the background."""
    return library.add([folder() / "files"], copy=True, wait=False)


@cache
def _suggestions() -> tuple[tuple[str, str], ...]:
    """(question, name of the file that answers it), spread over the samples' files; from the shown-first list."""
    shown = folder() / "suggestions.json"
    if not shown.is_file():
        return ()
    return tuple((row["text"], row["document"]) for row in json.loads(shown.read_text(encoding="utf-8")))


def questions(library: Library) -> list[str]:
    """Questions to start with: those whose answer is in this library. Empty without the samples."""
    names = {name.rpartition("/")[2] for document in library.documents.list() for name in document.names}
    return [text for text, document in _suggestions() if document in names][:SUGGESTED]
