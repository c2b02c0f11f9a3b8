"""What `doctor` tells: versions, what this CPU can do, the chosen precision, and whether the library is whole."""

from __future__ import annotations

import platform
import sqlite3
from importlib import metadata
from typing import TYPE_CHECKING

from retrieval.store import documents, models, vectors
from retrieval.store.db import SCHEMA_VERSION, integrity
from retrieval.trained import is_whole

if TYPE_CHECKING:
    from retrieval.library import Library

_PACKAGES = (
    "folioscope torch transformers sentence-transformers faiss-cpu faiss-gpu pymupdf gradio opencv-python-headless"
    " rapidocr onnxruntime av pillow"
).split()


def report(library: Library) -> dict[str, object]:
    from retrieval.cpu import abilities

    db = library.store.read()
    versions: dict[str, str | None] = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    missing = [
        info.name
        for info in library.documents.list()
        if info.missing or (not info.missing and not _has_original(library, info.id))
    ]
    parts, embedded = vectors.totals(db, library.models.generation_id)
    return {
        "versions": versions,
        "cpu": abilities(),
        "precision": library.models.precision(),
        "library": {
            "path": str(library.path),
            "format": SCHEMA_VERSION,
            "integrity": integrity(db),
            "documents": documents.counts(db),
            "parts": parts,
            "parts_embedded": embedded,
            "missing_files": missing,
            "model": library.models.current.id,
            "models_without_weights": [
                row.id
                for row in models.listed(db)
                if row.trained and row.dropped is None and not is_whole(library.models.folder(row.id))
            ],
        },
    }


def _has_original(library: Library, document_id: str) -> bool:
    row = library.documents.row(document_id)
    return row.kind == "text" or row.path is not None or library.blobs.path(row.sha256).exists()
