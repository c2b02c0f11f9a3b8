"""The Search tab: its empty shell, and the answers and pages that fill it. Plain functions that take the Library."""

from __future__ import annotations

from retrieval.library import Library
from retrieval.types import Hit, Kind, SearchResult
from ui import cards, wording
from ui.cards import esc

ASKED = 50  # Hits fetched at once: the weaker ones are there when somebody wants them
SHOWN = 10
GLASS = (
    '<svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">'
    '<circle cx="11" cy="11" r="7"/><path d="m20 20-4-4"/></svg>'
)

KEYS = (("↑ ↓", "answers"), ("← →", "pages"), ("Z", "zoom"), ("O", "open file"), ("U", "undo"))
EVERYTHING = '<button type="button" class="link" data-act="everywhere">Search everything</button>'

SHELL = f"""<section class="folio" id="tab-search" aria-label="Search"><main>
<div class="hello" hidden>
<h1>Find the page, or the moment.</h1>
<p class="sub">Your PDFs, scans, pictures and videos, searched by what they show. Nothing leaves this machine.</p>
<div class="drop"><b>Drop files or a folder here</b><span class="sub or">or</span>
<button type="button" class="btn main" data-act="choose">Choose files</button>
<button type="button" class="btn" data-act="samples">Load the samples</button></div>
<div class="files" hidden></div>
<div class="three"><div><b>1 · Ask</b>Plain words. You get the page with the place on it,
or the second in the video.</div>
<div><b>2 · Teach</b>Say what was right and what was wrong: one key each.</div>
<div><b>3 · Retrain</b>See on questions it never saw whether the new model is better. Keep it, or go back.</div></div></div>
<div class="asking" hidden>
<form role="search" class="ask" action="/"><label class="sr" for="q">Ask</label>{GLASS}
<input id="q" name="q" type="search" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="search"
 maxlength="2000" placeholder="Ask in plain words"><kbd aria-hidden="true">/</kbd></form>
<div class="row chips"><div class="row scroll"><div class="row" role="group" aria-label="Kind">
<button type="button" class="chip on" data-kind="" aria-pressed="true">Everything</button>
<button type="button" class="chip" data-kind="page" aria-pressed="false">Pages</button>
<button type="button" class="chip" data-kind="picture" aria-pressed="false">Pictures</button>
<button type="button" class="chip" data-kind="moment" aria-pressed="false">Moments</button></div>
<span class="chip pick"><label class="sr" for="pick-document">Document</label><select id="pick-document"></select></span>
<span class="chip pick"><label class="sr" for="pick-tag">Tag</label><select id="pick-tag"></select></span></div>
<span class="grow"></span><span class="sub num summary" role="status"></span></div>
<div class="idle" hidden><p class="sub hint"></p><div class="suggest"></div><div class="files" hidden></div></div>
<div class="notices"></div>
<div class="find" hidden><section class="hits" aria-label="Answers"></section>
<aside class="view" aria-label="The page" hidden></aside></div></div>
</main></section>"""


def kind_of(text: str | None) -> Kind | None:
    """“page” -> Kind.PAGE; anything unknown is no filter."""
    return Kind(text) if text in tuple(Kind) else None


def answers(
    library: Library, query: str, *, kind: str | None = None, document: str | None = None, tag: str | None = None
) -> dict[str, object]:
    """Asks, and returns what the script shows: markup of the list and the notices, and the Hits' ids and panels."""
    only = kind_of(kind)
    if not wording.asks(query):
        return _nothing_asked(library, query)
    if not library.ready:
        library.loading_in_background()  # answers come by words meanwhile
    answered_by = library.models.current.id
    result = library.search(query, top=ASKED, kind=only, document=document or None, tag=tag or None)
    fitting = sum(hit.fits for hit in result.hits)
    filtered = bool(only or document or tag)
    return {
        "query": query,
        "html": _list(result, fitting),
        "notices": _notices(result, fitting, filtered),
        "summary": wording.searched(result.searched, result.seconds, only),
        "nothing": fitting == 0,
        "words_only": result.by_words_only,
        "reading": result.reading,
        "model": answered_by,
        "hits": [_entry(hit, result) for hit in result.hits],
    }


def _nothing_asked(library: Library, query: str) -> dict[str, object]:
    return {
        "query": query,
        "html": "",
        "notices": _notice("nothing", wording.ASK_SOMETHING),
        "summary": "",
        "nothing": True,
        "words_only": None,
        "reading": 0,
        "model": library.models.current.id,
        "hits": [],
    }


def _entry(hit: Hit, result: SearchResult) -> dict[str, object]:
    return {
        "page": hit.page_id,
        "id": hit.corpus_id,
        "judged": hit.judged,
        "region": hit.region and [hit.region.x0, hit.region.y0, hit.region.x1, hit.region.y1],
        "why": cards.why_panel(hit.why, result, hit.kind),
        "cite": wording.citation(hit.document, wording.where(hit.kind, hit.page, hit.start_s), hit.text or ""),
    }


def _list(result: SearchResult, fitting: int) -> str:
    """What fits is shown; what does not waits behind a button, unless nothing fits."""
    first = fitting or min(SHOWN // 2, len(result.hits))
    drawn = [cards.hit_card(hit, result.terms) for hit in result.hits]
    shown, weaker = drawn[:first], drawn[first:]
    out = "".join(shown)
    said = ""
    if weaker:
        nothing = "Nothing else fits well. " if fitting else ""
        show = f"Show {wording.plural(len(weaker), 'weaker answer')}"
        said = (
            f'<span class="lesser">{nothing}<button type="button" class="link" data-act="weaker">{show}</button></span>'
        )
    teach = '<button type="button" class="link" data-act="teach">Find it and teach</button>'
    keys = " ".join(f"<span><kbd>{key}</kbd> {does}</span>" for key, does in KEYS) if result.hits else ""
    out += f'<p class="note more">{said}<span>The right page is missing? {teach}</span><span class="keys">{keys}</span></p>'
    if weaker:
        out += f'<div class="hits weaker" hidden>{"".join(weaker)}</div>'
    return out


def _notices(result: SearchResult, fitting: int, filtered: bool) -> str:
    out: list[str] = []
    loading = result.by_words_only == "loading"
    if result.by_words_only and (result.hits or not loading):
        text = wording.WORDS_ONLY.get(result.by_words_only) or f"{wording.WORDS_BECAUSE} {result.by_words_only}"
        out.append(_notice("words", text))
    reading = wording.still_reading(result.reading)
    if reading and result.hits:
        out.append(_notice("reading", reading))
    way_out = (_meant(result.meant) if result.meant else "") + (EVERYTHING if filtered else "")
    if not result.hits and filtered and not result.searched:
        out.append(_notice("nothing", wording.NOTHING_LEFT, way_out))
    elif not result.hits:
        soon = reading or (wording.MEANING_SOON if loading else "")
        text = f"{wording.NOTHING_YET} {soon}" if soon else wording.NOTHING_AT_ALL
        out.append(_notice("nothing", text, way_out))
    elif not fitting:
        out.append(_notice("nothing", wording.NOTHING_FITS_YET if result.reading else wording.NOTHING_FITS, way_out))
    return "".join(out)


def _meant(question: str) -> str:
    return f'<span>Did you mean <button type="button" class="link" data-question>{esc(question)}</button>?</span>'


def _notice(name: str, text: str, button: str = "") -> str:
    look = "banner" if name == "nothing" else "note"
    return f'<p class="{look} notice-{name}" data-notice="{name}"><span>{esc(text)}</span>{button}</p>'


def view(library: Library, page_id: int, query: str = "") -> dict[str, object]:
    """One page's view, and how it is judged for `query`. Raises NotFound."""
    page = library.documents.page(page_id)
    return {
        "html": cards.page_view(page),
        "page": page.id,
        "id": page.corpus_id,
        "document": page.document,
        "cite": wording.citation(page.document, wording.where(page.kind, page.number, page.start_s)),
        "judged": judgements(library, query).get(page.corpus_id) if query else None,
        "previous": page.previous_id,
        "next": page.next_id,
    }


def judgements(library: Library, query: str) -> dict[str, bool]:
    """What people said of Pages for this question, by corpus id."""
    words = " ".join(query.split())
    return {label.corpus_id: label.relevant for label in library.labels.list() if label.query == words}


def place(library: Library, page_id: int, query: str) -> dict[str, object]:
    """The place on a shown page: {"box": [x0, y0, x1, y1] or None}."""
    box = library.place(page_id, query) if query.strip() else None
    return {"box": box and [box.x0, box.y0, box.x1, box.y1]}


def play(library: Library, page_id: int) -> dict[str, object]:
    """Where a moment plays: an address that this browser can play, and the second in it. May take seconds."""
    page = library.documents.page(page_id)
    start = page.start_s or 0.0
    path, second = library.documents.playable(page.document_id, start)
    src = f"/media/{page.document_id}"
    if path != library.documents.original(page.document_id)[0]:
        src += f"?at={start:.1f}"  # a copy of that minute
    return {"src": src, "second": round(second, 2)}


def judge(library: Library, query: str, page_id: int, relevant: bool | None) -> dict[str, object]:
    """Sets, changes or takes back one judgement."""
    library.labels.set(query, page_id, relevant, source="app")
    return {"judged": relevant}
