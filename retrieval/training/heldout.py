"""Which judged questions are held out: measured on, never learned from.

A question gets its side once. One that is nearly the same as an assigned one takes that one's side, else learning from the
one would be learning for the other; all else is left to a hash, so that nobody chooses. Imports no torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from retrieval.types import Floats

NEAR = 0.9  # cosine of two questions that ask the same
ONE_IN = 3


def words_hash(question: str) -> str:
    """64 hex digits of its casefolded words."""
    return hashlib.sha256(" ".join(question.casefold().split()).encode()).hexdigest()


def by_hash(question: str) -> bool:
    """True: held out. For a question that is near no assigned one."""
    return int(words_hash(question), 16) % ONE_IN == 0


def sides(questions: Sequence[str], vectors: Floats, assigned: Sequence[bool], assigned_vectors: Floats) -> list[bool]:
    """The side of each of `questions` (n), given in the order in which they were first judged; each counts as assigned for
    those after it. `vectors` (n, dim) and `assigned_vectors` (m, dim) have rows of norm 1; `assigned` (m).

    Of several near ones the nearest decides, of equally near ones the first.
    """
    if (len(questions), len(assigned)) != (len(vectors), len(assigned_vectors)):
        raise ValueError(
            f"{len(questions)} questions and {len(assigned)} assigned ones, but vectors of shape"
            f" {vectors.shape} and {assigned_vectors.shape}"
        )
    known = np.concatenate([assigned_vectors, vectors]).astype(np.float32)
    found = list(assigned)
    for question, vector in zip(questions, vectors, strict=True):
        near = known[: len(found)] @ vector
        best = int(np.argmax(near)) if len(near) else -1
        found.append(found[best] if best >= 0 and near[best] >= NEAR else by_hash(question))
    return found[len(assigned) :]
