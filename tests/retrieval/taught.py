"""Trained Models made by hand, through the same doors as a retrain's."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np

from retrieval.library import Library
from retrieval.store import models, vectors
from retrieval.trained import CARD_FILE, FUSION_FILE, finish, writing
from retrieval.training.mapped import save_map
from retrieval.training.report import dumps
from retrieval.training.types import Change, Comparison, Interval, Outcome, Recipe, Unjudged, Verdict


def comparison(measure: str = "ndcg@10", gain: float = 0.03) -> Comparison:
    after = Interval(0.70 + gain, 0.65 + gain, 0.75 + gain)
    return Comparison(measure, 24, Interval(0.70, 0.65, 0.75), after, Interval(gain, gain - 0.01, gain + 0.01), 0.98)


def verdict(model: str = "20261121-abcdef", **changes: object) -> Verdict:
    values: dict[str, object] = {
        "model": model,
        "base": "builtin",
        "outcome": Outcome.BETTER,
        "recommended": True,
        "recipe": Recipe.CAREFUL,
        "no_gain": False,
        "labels": 84,
        "questions": 72,
        "learned_from": 48,
        "measured_on": 24,
        "cross_validated": False,
        "all_pages": (comparison(), comparison("recall@10"), comparison("mrr@10")),
        "judged_pages": (comparison(),),
        "per_kind": {"page": comparison(), "picture": comparison(gain=-0.01)},
        "unjudged_before": 0.6,
        "unjudged_after": 0.7,
        "guard": comparison(gain=-0.001),
        "guard_holds": True,
        "won": (Change("where", 1, "one", None, 2),),
        "lost": (Change("which pangolin", 2, "two", 1, 3),),
        "to_judge": (Unjudged("where", 3, "three"),),
        "moved": ("query map", "fusion weights"),
        "notes": ("few questions about pictures",),
        "seconds": 12.5,
    }
    return Verdict(**(values | changes))  # type: ignore[arg-type]


def turned(dim: int, seed: int) -> np.ndarray:
    """A map that changes the order of pages."""
    return np.random.default_rng(seed).standard_normal((dim, dim)).astype(np.float32)


def teach(library: Library, seed: int = 1, *, document_key: str | None = None, name: str | None = None) -> str:
    """A Model with a map made from `seed`; its id. `document_key`: with a Generation of its own, still empty."""
    base = library.models.builtin()
    matrix = turned(base.dim, seed)
    digest = hashlib.sha256(matrix.tobytes()).hexdigest()
    model_id = f"20261121-{digest[:6]}"
    with writing(library.path, f"job-{seed}") as folder:
        save_map(folder, matrix)
        (folder / FUSION_FILE).write_text(resources.files("retrieval").joinpath("fusion.json").read_text("utf-8"))
        (folder / CARD_FILE).write_text(f"# Model {seed}\n")
        finish(folder, library.path, model_id)
    with library.store.write() as db:
        generation = vectors.generation(db, document_key or base.document_key, base.dim)
        models.insert_trained(db, row(model_id, seed, generation, digest, name))
    return model_id


def row(model_id: str, seed: int, generation: int, digest: str, name: str | None = None) -> models.Trained:
    return models.Trained(
        id=model_id,
        name=name or f"Model {seed}",
        location="builtin",
        revision=None,
        base="builtin",
        recipe="careful",
        labels=84,
        ndcg=0.73,
        generation_id=generation,
        query_key=f"query {seed}",
        recommended=True,
        report=dumps(verdict(model_id)),
        settings="{}",
        weights_hash=digest,
        labels_hash="0" * 64,
        code="0.1.0+test",
    )


def files(library: Library, model_id: str) -> set[str]:
    folder: Path = library.models.folder(model_id)
    return {path.name for path in folder.iterdir()} if folder.exists() else set()
