"""Fits the fusion weights: `python -m retrieval.builtin.calibrate LIBRARY FOLDER[:SPLIT] … [--out fusion.json]`.

The library must hold the folders' files (`folioscope --library LIBRARY eval FOLDER --add`), all in one, so that kinds learn to
be compared. Each question's candidates are scored by the routes as in a search; a Profile's weights are those that
maximise the likelihood of the judged pages, listwise over the candidates (order) and one by one (chance), with shrinkage
towards the weights at hand. Prints the fit and writes the file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval import search
from retrieval.fusion import Fusion, Weights, builtin_fusion
from retrieval.library import Library
from retrieval.tasks import read_task
from retrieval.types import Profile

NAMES = ("words", "text", "picture", "coverage", "offset")
STEPS, RATE, PULL, PAIRWISE = 600, 0.05, 1e-3, 0.3
KEPT = 60  # candidates a question: the best, and all that are judged


@dataclass(frozen=True, slots=True)
class Question:
    """(n, 5) features with a constant last; (n,) profile numbers; (n,) 1 where judged right."""

    features: NDArray[np.float64]
    profiles: NDArray[np.int64]
    right: NDArray[np.float64]


def questions(library: Library, folder: Path, split: str | None, keys: Sequence[str]) -> Iterator[Question]:
    """Every question of a folder whose right page is among the candidates of the whole library."""
    task = read_task(library, folder, False, split, "library", True, None)
    db = library.store.read()
    for question in task.questions:
        right = {library.documents.resolve(name) for name, score in task.qrels[question.id].items() if score > 0}
        ordered = search.candidates(
            db,
            question.text,
            search.scope(db, None, None, None),
            fusion=library.fusion,
            index=library.models.index(),
            vector=library.question_vector(question.text),
        )
        kept = [c for place, c in enumerate(ordered) if place < KEPT or c.page_id in right]
        if not any(candidate.page_id in right for candidate in kept):
            continue
        yield Question(
            np.array([[c.z_words or 0.0, c.z_text or 0.0, c.z_picture or 0.0, c.coverage, 1.0] for c in kept]),
            np.array([keys.index(Profile(c.page.kind, c.page.has_text).key) for c in kept]),
            np.array([float(candidate.page_id in right) for candidate in kept]),
        )


def fit(found: Sequence[Question], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """`start` and result: (profiles, 5). Gradient ascent (Adam) on both likelihoods; one weight a set of questions."""
    weights = start.copy()
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    features = np.concatenate([q.features for q in found])
    profiles = np.concatenate([q.profiles for q in found])
    right = np.concatenate([q.right for q in found])
    owner = np.repeat(np.arange(len(found)), [len(q.right) for q in found])
    for step in range(1, STEPS + 1):
        logits = np.einsum("nf,nf->n", features, weights[profiles])
        top = np.full(len(found), -np.inf)
        np.maximum.at(top, owner, logits)
        weight = np.exp(logits - top[owner])
        total, inside = np.zeros(len(found)), np.zeros(len(found))
        np.add.at(total, owner, weight)
        np.add.at(inside, owner, weight * right)
        listwise = weight * right / np.maximum(inside, 1e-12)[owner] - weight / total[owner]
        single = right - 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))
        gradient = np.zeros_like(weights)
        np.add.at(gradient, profiles, (listwise + PAIRWISE * single)[:, None] * features)
        gradient = gradient / len(found) - PULL * (weights - start)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        weights += RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights[:, :4] = np.maximum(weights[:, :4], 0.0)  # evidence never counts against a page
    return weights


def as_matrix(fusion: Fusion) -> tuple[list[str], NDArray[np.float64]]:
    keys = sorted(fusion.profiles)
    return keys, np.array([[getattr(fusion.profiles[key], name) for name in NAMES] for key in keys])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("folders", nargs="+", help="FOLDER or FOLDER:SPLIT")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    fusion = builtin_fusion()
    keys, start = as_matrix(fusion)
    with Library(options.library) as library:
        found: list[Question] = []
        for named in options.folders:
            folder, _, split = named.partition(":")
            some = list(questions(library, Path(folder), split or None, keys))
            print(f"{named}: {len(some)} questions with their page among the candidates")
            found += some
    weights = fit(found, start)
    profiles = {
        key: Weights(**{name: round(float(value), 4) for name, value in zip(NAMES, row, strict=True)})
        for key, row in zip(keys, weights, strict=True)
    }
    for key, row in profiles.items():
        print(key, row)
    if options.out is not None:
        write(replace(fusion, profiles=profiles), options.out)


def write(fusion: Fusion, path: Path) -> None:
    path.write_text(json.dumps(asdict(fusion), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
