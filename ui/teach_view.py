"""“The right page is missing: find it and teach”: candidates by other words or by document, and a page to leaf from."""

from __future__ import annotations

from retrieval.library import Library
from retrieval.types import FileKind, Hit, PageInfo
from ui import cards, wording
from ui.cards import esc
from ui.improve_cards import place
from ui.search_view import judgements

FOUND = 30
NOTHING = '<p class="note">Nothing was found. Try other words, or choose the document and leaf through it.</p>'
JUDGED = {True: ' <span class="ok">✓ right</span>', False: ' <span class="bad">✗ wrong</span>', None: ""}


def find(library: Library, query: str, document: str | None, question: str) -> dict[str, object]:
    """Pages that may be the right one of `question`. Nothing of it is noted as asked. Raises NotFound for a document."""
    known = judgements(library, question)
    if query:
        result = library.search(query, top=FOUND, document=document or None)
        listed = [(hit.page_id, _hit(hit, result.terms, known.get(hit.corpus_id))) for hit in result.hits]
    elif document:
        cover = library.documents.get(document).cover_page_id
        pages = [library.documents.page(cover)] if cover is not None else []
        listed = [(page.id, _page(page, known.get(page.corpus_id))) for page in pages]
    else:
        listed = []
    return {"html": "".join(html for _, html in listed) or NOTHING, "pages": [page_id for page_id, _ in listed]}


def _hit(hit: Hit, terms: tuple[str, ...], judged: bool | None) -> str:
    said = f'<p class="said">{cards.marked(cards.snippet(hit.text, terms, 140), terms)}</p>' if hit.text else ""
    picture = cards.thumb(hit.page_id, hit.width, hit.height)
    return _row(hit.page_id, hit.document, wording.where(hit.kind, hit.page, hit.start_s), picture, said, judged)


def _page(page: PageInfo, judged: bool | None) -> str:
    where = wording.where_in_document(page)
    return _row(page.id, page.document, where, cards.thumb(page.id, page.width, page.height), "", judged)


def _row(page_id: int, name: str, where: str, picture: str, said: str, judged: bool | None) -> str:
    return (
        f'<button type="button" class="hit" data-page="{page_id}">{picture}<span><span class="where">'
        f'<b title="{esc(name)}">{esc(name)}</b><span class="num">{where}</span>{JUDGED[judged]}</span>{said}</span></button>'
    )


def preview(library: Library, page_id: int, question: str) -> dict[str, object]:
    """A page at large, its neighbours, and how it is judged for the question. Raises NotFound."""
    page = library.documents.page(page_id)
    judged = judgements(library, question).get(page.corpus_id)
    return {"html": _large(page, judged), "previous": page.previous_id, "next": page.next_id, "judged": judged}


def _large(page: PageInfo, judged: bool | None) -> str:
    def step(target: int | None, label: str, sign: str) -> str:
        go = f'data-go="{target}"' if target is not None else "disabled"
        return f'<button type="button" class="btn quiet icon" {go} aria-label="{label}" title="{label}">{sign}</button>'

    if page.file_kind is FileKind.TEXT:
        inner = f'<p class="plain">{esc(page.text)}</p>'
    else:
        shape = f"{page.width:.1f}/{page.height:.1f}" if page.width > 0 and page.height > 0 else "4/3"
        inner = (
            f'<span class="pic" style="--ar:{shape}"><img src="/page/{page.id}?px=900" alt="{esc(place(page))}"></span>'
        )
    steps = step(page.previous_id, "Previous", "‹") + step(page.next_id, "Next", "›") if page.pages > 1 else ""
    done = "Right already" if judged else "✓ This is it"
    wrong = JUDGED[judged] if judged is False else ""  # the button says when it is right
    return (
        f'<div class="sheet" tabindex="-1">{inner}</div><div class="foot">'
        '<button type="button" class="btn quiet icon close" data-act="back" aria-label="Back to the list">←</button>'
        f'<span class="sub num">{esc(page.document)} · {wording.where_in_document(page)}{wrong}</span>{steps}'
        f'<button type="button" class="btn main" data-act="this-is-it"{" disabled" if judged else ""}>{done}</button></div>'
    )
