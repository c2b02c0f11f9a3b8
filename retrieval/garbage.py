"""Weights and vectors of Models that are not kept go, a little at a time, in the worker; their cards stay.

A kill between two steps leaves nothing behind: each one finds out anew what is left to do.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from retrieval import trained
from retrieval.store import jobs, models, vectors
from retrieval.store.db import Store

CHUNKS_A_STEP = 50
LEFT_S = 3600.0  # so old is a folder that no Model belongs to when it goes


def collect(store: Store) -> bool:
    """Does one step; False when nothing is left, or while a retrain runs: what it makes belongs to no Model yet."""
    db = store.read()
    if any(job.kind == "train" for job in jobs.active(db)):
        return False
    return _drop_models(store) or _drop_generation(store) or _drop_files(store)


def _drop_models(store: Store) -> bool:
    def unwanted() -> list[str]:
        kept = models.kept(store.read()) | {job.subject for job in jobs.active(store.read()) if job.kind == "embed"}
        return [row.id for row in models.listed(store.read()) if row.dropped is None and row.id not in kept]

    if not unwanted():
        return False
    with store.write() as db:
        models.drop(db, unwanted())  # looked up again: one may have been promoted meanwhile
    return True


def _drop_generation(store: Store) -> bool:
    unused = vectors.unused_generations(store.read())
    if not unused:
        return False
    with store.write() as db:
        for generation in unused[:1]:
            if generation in vectors.unused_generations(db):
                vectors.drop_some(db, generation, CHUNKS_A_STEP)
    return True


def _drop_files(store: Store) -> bool:
    """Weights of dropped Models, and folders of retrains that came to nothing."""
    folder = store.path.parent / "models"
    if not folder.exists():
        return False
    rows = {row.id: row for row in models.listed(store.read())}
    found = False
    for path in folder.iterdir():
        row = rows.get(path.name)
        if row is None:
            found = _drop_left(path) or found
        elif row.dropped is not None and trained.weights(path):
            trained.drop_weights(path)
            found = True
    return found


def _drop_left(path: Path) -> bool:
    if not path.is_dir() or time.time() - path.stat().st_mtime < LEFT_S:
        return False
    shutil.rmtree(path)
    return True
