"""What to judge next: questions where the stages disagree, close calls, and questions asked often without a judgement.

Taken from what people asked lately. Asks the library again, by words and by meaning, as far as the model is in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.store import labels, pages, questions
from retrieval.store.questions import AskedRow
from retrieval.training.types import Teach

if TYPE_CHECKING:
    from retrieval.library import Library

LOOKED_AT = 60  # questions asked lately
CLOSE = 0.08  # difference of chance of the first two answers: a close call


def queue(library: Library, limit: int) -> list[Teach]:
    """Each question at most once; what teaches most first."""
    db = library.store.read()
    found: list[tuple[float, int, Teach]] = []
    for number, row in enumerate(questions.asked(db)[:LOOKED_AT]):
        judged = labels.of_query(db, row.text)
        if row.page_ids and True not in judged.values():
            worth, teach = _worth(library, row, judged)
            if teach is not None:
                found.append((-worth, number, teach))
    return [teach for _, _, teach in sorted(found, key=lambda entry: entry[:2])[:limit]]


def _worth(library: Library, row: AskedRow, judged: dict[int, bool]) -> tuple[float, Teach | None]:
    """How much a judgement would teach, and of which answer: the first one that nobody has called wrong."""
    hits = [hit for hit in library.search(row.text, top=10, rerank=False).hits if hit.page_id not in judged]
    alive = pages.get(library.store.read(), [hit.page_id for hit in hits], brief=True)
    hits = [hit for hit in hits if hit.page_id in alive]
    if not hits:
        return 0.0, None
    first = hits[0]
    worth = 0.2 * min(row.times, 5)
    reasons = [(worth, f"asked {row.times} times and never judged" if row.times > 1 else "asked and never judged")]
    by_words = next((hit for hit in hits if hit.why.words == 1), None)
    by_meaning = next((hit for hit in hits if hit.why.meaning == 1), None)
    if by_words is not None and by_meaning is not None and by_words.page_id != by_meaning.page_id:
        reasons.append((1.0, "words and meaning disagree here"))
    if len(hits) > 1 and first.score - hits[1].score < CLOSE:
        reasons.append((0.7, "a close call"))
    total = sum(value for value, _ in reasons)
    return total, Teach(row.text, first.page_id, max(reasons)[1])
