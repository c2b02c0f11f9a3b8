"""Training data out of judgements: questions with a right Part and hard wrong ones, in sentence-transformers' columns.

Hard negatives come from our own index: what the Model ranks high for a question and what is not its answer. Nobody judges
every page, so some of what ranks high *is* an answer; such false negatives teach the opposite of what is wanted. Hence
two filters: a Page judged right is never wrong, and an unjudged one counts as wrong only below a share of the right
one's cosine (`TopK-PercPos`: Moreira et al., NV-Retriever, 2024).

Questions that are held out are refused here, so no recipe can learn from them. Imports no torch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from retrieval.index import GenerationIndex
from retrieval.store import pages
from retrieval.training.types import JudgedQuestion
from retrieval.types import Floats, Ints, Route

if TYPE_CHECKING:
    from datasets import Dataset

DEPTH = 200  # Parts of a route that are looked through for wrong ones
NEGATIVES = 4
BELOW = 0.95  # of the right one's cosine: nearer ones may be answers that nobody has judged


@dataclass(frozen=True, slots=True)
class Shown:
    """A Part as a model is shown it: a passage's text, or (text None) the picture of the Page."""

    part_id: int
    page_id: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """A question, a Part that answers it, and Parts of the same route that do not, the most tempting first."""

    query: str
    route: Route
    right: Shown
    wrong: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Examples:
    """What a deeper recipe learns from, and what tells it when to stop. No question is in both."""

    train: tuple[Example, ...]
    inner: tuple[Example, ...] = ()
    right: Mapping[str, frozenset[int]] = field(default_factory=dict)  # of every question, all its right Pages


def mine(
    db: sqlite3.Connection,
    index: GenerationIndex,
    questions: Sequence[JudgedQuestion],
    vectors: Floats,
    *,
    negatives: int = NEGATIVES,
    below: float = BELOW,
) -> list[Example]:
    """One Example for each question, Page that is right for it, and route that the Page has vectors on.

    `vectors` (n, dim) are the questions' under the Model that made `index`. The right Part of a Page is its nearest one;
    the wrong ones are of other Pages, one each: first those that people called wrong, then the nearest unjudged.
    """
    if len(questions) != len(vectors):
        raise ValueError(f"{len(questions)} questions and {len(vectors)} vectors")
    if any(question.held_out for question in questions):
        raise ValueError("a held-out question was given to learn from")
    drafts: list[tuple[str, Route, int, list[int]]] = []
    for question, vector in zip(questions, vectors, strict=True):
        for route in Route:
            drafts += _of_route(index, question, vector, route, negatives, below)
    ids = {part for _, _, right, wrong in drafts for part in (right, *wrong)}
    shown = {
        row.id: Shown(row.id, row.page_id, row.text if row.route is Route.TEXT else None)
        for row in pages.parts(db, sorted(ids)).values()
    }
    return [
        Example(query, route, shown[right], tuple(shown[part] for part in wrong if part in shown))
        for query, route, right, wrong in drafts
        if right in shown
    ]


def _of_route(
    index: GenerationIndex, question: JudgedQuestion, vector: Floats, route: Route, negatives: int, below: float
) -> list[tuple[str, Route, int, list[int]]]:
    """(question, route, right part, wrong parts) for each right Page that has vectors on the route."""
    right = _nearest(index, *index.scores(vector, route, index.parts(_ids(question.right))))
    if not right:
        return []
    said = _nearest(index, *index.scores(vector, route, index.parts(_ids(question.wrong - question.right))))
    near = _nearest(index, *index.search(vector, route, DEPTH))
    drafts = []
    for score, part in right.values():
        limit = score - (1.0 - below) * abs(score)
        unjudged = [
            other
            for page, (other_score, other) in near.items()
            if other_score < limit and page not in question.right and page not in question.wrong
        ]
        wrong = [other for _, other in said.values()] + unjudged
        drafts.append((question.query, route, part, wrong[:negatives]))
    return drafts


def _ids(page_ids: frozenset[int]) -> Ints:
    return np.array(sorted(page_ids), np.int64)


def _nearest(index: GenerationIndex, scores: Floats, part_ids: Ints) -> dict[int, tuple[float, int]]:
    """page → (score, its best part), best first; parts come best first."""
    found: dict[int, tuple[float, int]] = {}
    for page, score, part in zip(index.pages(part_ids).tolist(), scores.tolist(), part_ids.tolist(), strict=True):
        if page >= 0:
            found.setdefault(page, (score, part))
    return found


# columns: (anchor, positive, negative_1 …), (anchor, positive, negative), (sentence1, sentence2, label)

Cell = str | int  # a text, or the id of the Page whose picture is meant


def cell(part: Shown) -> Cell:
    return part.page_id if part.text is None else part.text


def ranked_columns(examples: Sequence[Example]) -> dict[str, list[Cell]]:
    """anchor, positive, negative_1 …: as many as the richest row has, so that none is lost; a poorer row repeats its own.

    A row without any (all that ranks high for it may be right) borrows what is right for other questions.
    """
    width = max((len(example.wrong) for example in examples), default=0)
    right: dict[str, set[int]] = {}
    for example in examples:
        right.setdefault(example.query, set()).add(example.right.page_id)
    table: dict[str, list[Cell]] = {"anchor": [], "positive": []}
    table |= {f"negative_{place + 1}": [] for place in range(width)}
    for number, example in enumerate(examples):
        wrong = list(example.wrong)
        if width and not wrong:
            others = [*examples[number + 1 :], *examples[:number]]
            wrong = [other.right for other in others if other.right.page_id not in right[example.query]][:width]
        if width and not wrong:
            continue  # one question is all there is, and all is right for it: nothing to tell apart
        table["anchor"].append(example.query)
        table["positive"].append(cell(example.right))
        for place in range(width):
            table[f"negative_{place + 1}"].append(cell(wrong[place % len(wrong)]))
    return table


def triplet_columns(examples: Sequence[Example]) -> dict[str, list[Cell]]:
    """anchor, positive, negative: a row for each wrong Part."""
    rows = [(e.query, cell(e.right), cell(wrong)) for e in examples for wrong in e.wrong]
    return {name: [row[place] for row in rows] for place, name in enumerate(("anchor", "positive", "negative"))}


def pair_columns(examples: Sequence[Example]) -> dict[str, list[Cell]]:
    """sentence1, sentence2, label: 1 for the right Part, 0 for each wrong one."""
    rows: list[tuple[Cell, Cell, int]] = []
    for example in examples:
        rows.append((example.query, cell(example.right), 1))
        rows += [(example.query, cell(wrong), 0) for wrong in example.wrong]
    return {name: [row[place] for row in rows] for place, name in enumerate(("sentence1", "sentence2", "label"))}


FORMS = {"ranked": ranked_columns, "triplet": triplet_columns, "pair": pair_columns}


def datasets_of(examples: Sequence[Example], form: str = "ranked") -> dict[str, Dataset]:
    """A `datasets.Dataset` for each route that has examples ("text", "picture"), since most models take one kind a batch.

    Pictures stand in it as Page ids; `inputs.as_inputs` opens them when a row is read.
    """
    from datasets import Dataset

    made = {}
    for route in Route:
        table = FORMS[form]([example for example in examples if example.route is route])
        if any(table.values()):
            made[str(route)] = Dataset.from_dict(table)
    return made


__all__ = ["Example", "Examples", "Shown", "datasets_of", "mine"]
