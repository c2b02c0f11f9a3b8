"""Errors that people see. Each message says what happened; `remedy` says what helps."""

from __future__ import annotations


class FolioscopeError(Exception):
    """Base of all: `str(error)` is the sentence, `error.remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class NotFound(FolioscopeError):
    """No document, page, model or job of that name."""


class Mismatch(FolioscopeError):
    """Two things that do not belong together, such as a query encoder and another encoder's vectors."""


class NotReady(FolioscopeError):
    """It will work later: says how far the work is."""


class ModelError(FolioscopeError):
    """A model that cannot be loaded or used here."""


class MissingExtra(FolioscopeError):
    """An optional package is not installed; the remedy is the pip line."""


class StoreError(FolioscopeError):
    """The library on disk cannot be used: damaged, of a newer version, or not writable."""
