"""What a retrain was asked to do, as its job keeps it, and the questions that it is about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval.errors import FolioscopeError
from retrieval.store import questions as question_store
from retrieval.training.heldout import sides
from retrieval.training.types import MINIMUM_QUESTIONS, JudgedQuestion, Recipe, TrainSettings
from retrieval.types import Embedder, PartInput

if TYPE_CHECKING:
    from retrieval.library import Library


class TooFewQuestions(FolioscopeError):
    """Fewer judged questions than a retrain needs; `missing` says how many more."""

    def __init__(self, judged: int) -> None:
        self.missing = MINIMUM_QUESTIONS - judged
        more = f"{self.missing} more question{'s' if self.missing > 1 else ''}"
        super().__init__(
            f"A retrain needs {MINIMUM_QUESTIONS} questions with a right answer; there {_are(judged)}.",
            f"Mark a right answer for {more}, then train again.",
        )


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count or 'none'}"


@dataclass(frozen=True, slots=True)
class Request:
    """`folder`: questions and judgements for this run only, instead of the library's; `split` limits those."""

    settings: TrainSettings = field(default_factory=TrainSettings)
    folder: str | None = None
    split: str | None = None

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def from_json(text: str) -> Request:
    data = json.loads(text)
    settings = data["settings"] | {"recipe": Recipe(data["settings"]["recipe"])}
    return Request(TrainSettings(**settings), data["folder"], data["split"])


def judged_questions(library: Library, request: Request, builtin: Embedder) -> tuple[list[JudgedQuestion], int, str]:
    """The questions with their sides, how many judgements they hold, and those judgements' hash. Raises TooFewQuestions,
    and FolioscopeError when the folder's files are not in the library."""
    if request.folder is None:
        found = library.labels.questions(settle=True)
        digest = library.labels.digest()
    else:
        found = _from_folder(library, Path(request.folder), request.split, builtin)
        digest = hashlib.sha256(
            json.dumps([[q.query, sorted(q.right), sorted(q.wrong)] for q in found]).encode()
        ).hexdigest()
    check_enough(len(found))
    return found, sum(len(question.right) + len(question.wrong) for question in found), digest


def check_enough(count: int) -> None:
    if count < MINIMUM_QUESTIONS:
        raise TooFewQuestions(count)


def folder_questions(library: Library, folder: Path, split: str | None) -> dict[str, tuple[set[int], set[int]]]:
    """Question → (right, wrong) page ids of a folder with queries.jsonl and qrels.tsv; what the library lacks is refused."""
    from retrieval.tasks import read_task

    task = read_task(library, folder, False, split, "split" if split else "all", True, None)
    found: dict[str, tuple[set[int], set[int]]] = {}
    for question in task.questions:
        right, wrong = found.setdefault(question_store.text_of(question.text), (set(), set()))
        for corpus_id, score in task.qrels[question.id].items():
            if corpus_id in task.kinds:
                (right if score > 0 else wrong).add(library.documents.resolve(corpus_id))
    return {text: (right, wrong - right) for text, (right, wrong) in found.items() if right}


def _from_folder(library: Library, folder: Path, split: str | None, builtin: Embedder) -> list[JudgedQuestion]:
    """Held out by the same rule, beside the questions that the library has settled; nothing is stored."""
    found = folder_questions(library, folder, split)
    db = library.store.read()
    settled = {row.id: row for row in question_store.settled(db)}
    held = question_store.vectors(db, builtin.query_key, list(settled))
    known = {settled[key].text: (bool(settled[key].held_out), row.astype(np.float32)) for key, row in held.items()}
    new = [text for text in found if text not in known]
    vectors = builtin.embed_queries([PartInput(text=text) for text in new])
    given = np.stack([row for _, row in known.values()]) if known else np.zeros((0, builtin.dim), np.float32)
    side = dict(zip(new, sides(new, vectors, [out for out, _ in known.values()], given), strict=True))
    return [
        JudgedQuestion(text, frozenset(right), frozenset(wrong), known[text][0] if text in known else side[text])
        for text, (right, wrong) in found.items()
    ]
