"""Candidates become what people and scripts see."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from retrieval.corpus_ids import corpus_id
from retrieval.fulltext import MAX_TERMS, STOP, standing, terms
from retrieval.fusion import Fusion
from retrieval.search import Candidate
from retrieval.store import documents, pages, vectors
from retrieval.store.db import Store
from retrieval.types import Added, Hit, Route, Stage

TEXT_LENGTH = 500


def hits(
    db: sqlite3.Connection,
    ordered: Sequence[Candidate],
    *,
    query: str,
    fusion: Fusion,
    judged: Mapping[int, bool],
    generation: int | None,
) -> list[Hit]:
    """One Hit a candidate, in their order; what was deleted since it was found is left out. Call within a snapshot."""
    shown = pages.get(db, [candidate.page_id for candidate in ordered], brief=True)
    ids = list({page.document_id for page in shown.values()})
    rows = documents.by_ids(db, ids)
    names = documents.names(db, ids)
    counts = pages.counts(db, ids)
    parts = pages.parts_of_pages(db, list(shown))
    unembedded = {document_id for document_id in ids if not vectors.complete(db, generation, document_id)}
    found = []
    for candidate in ordered:
        page = shown.get(candidate.page_id)
        document = None if page is None else rows.get(page.document_id)
        if page is None or document is None:
            continue
        part = matched_part(parts[page.id], query, candidate.text_part)
        name = names[document.id][0]
        found.append(
            Hit(
                page_id=page.id,
                document=name,
                document_id=document.sha256,
                kind=page.kind,
                corpus_id=corpus_id(name, document.kind, page),
                page=page.number if document.kind.is_paged else None,
                start_s=page.start_s,
                end_s=page.end_s,
                score=candidate.chance,
                fits=candidate.chance >= fusion.cutoff,
                region=None if part is None else part.box,
                text=_excerpt("" if part is None or part.text is None else part.text),
                why=candidate.why,
                source=None if part is None else part.source,
                width=page.width,
                height=page.height,
                pages=counts[document.id],
                judged=judged.get(page.id),
                pending=_pending(page, document.id in unembedded),
            )
        )
    return found


def matched_part(parts: Sequence[pages.PartRow], query: str, best: int | None) -> pages.PartRow | None:
    """The passage that matched: `best` (meaning's), unless another holds more of the question's words. None: the picture."""
    passages = [part for part in parts if part.route is Route.TEXT and part.text]
    if not passages:
        return None
    wanted = [word for word in terms(query)[:MAX_TERMS] if word not in STOP]

    def worth(part: pages.PartRow) -> tuple[float, int]:
        held = standing(wanted, part.text or "") / max(len(wanted), 1)
        return (held + (0.3 if part.id == best else 0.0), -part.id)

    return max(passages, key=worth)


def _excerpt(text: str) -> str | None:
    """At most 500 characters, cut at a word."""
    plain = " ".join(text.split())
    if len(plain) <= TEXT_LENGTH:
        return plain or None
    return plain[: TEXT_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def _pending(page: pages.PageRow, unembedded: bool) -> str | None:
    if page.ocr == "wanted":
        return "text"
    return "meaning" if unembedded else None


def ranked(db: sqlite3.Connection, ordered: Sequence[Candidate], stage: str) -> list[tuple[str, float]]:
    """(corpus id, score) in order, for run files: scores never rise down the list."""
    rows = pages.get(db, [candidate.page_id for candidate in ordered], brief=True)
    ids = list({page.document_id for page in rows.values()})
    names = documents.names(db, ids)
    kinds = {document_id: row.kind for document_id, row in documents.by_ids(db, ids).items()}
    result = []
    for candidate in ordered:
        page = rows.get(candidate.page_id)
        if page is None or page.document_id not in kinds:
            continue
        score = (candidate.bm25 or 0.0) if stage == "words" else candidate.chance
        result.append((corpus_id(names[page.document_id][0], kinds[page.document_id], page), score))
    return result


def after_work(store: Store, job: int, added: Added, finished: bool) -> Added:
    """What `add` says after its job: the files refused while they were read, and how many pages the others have."""
    db = store.read()
    refused = list(added.refused)
    for refusal in documents.refusals(db, job):
        refused.append({"document": refusal.document, "reason": refusal.reason, "remedy": refusal.remedy})
    kept = []
    for entry in added.added:
        row = documents.by_sha(db, str(entry["document_id"]))
        if row is None:
            continue
        read = finished or row.stage is not Stage.WORDS
        counts = pages.tallies(db, [row.id]).get(row.id)
        kept.append({**entry, "pages": counts.pages if read and counts is not None else None})
    return Added(kept, added.skipped, refused, job)
