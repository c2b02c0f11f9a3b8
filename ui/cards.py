"""HTML of everything that holds a person's words: names, passages, questions. Every value goes through `esc`.

Functions return finished markup; plain strings in are never markup.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

from retrieval.types import Box, DocumentInfo, FileKind, Hit, Kind, PageInfo, Refusal, SearchResult, Stage, Why
from ui import wording

MOST = 0.6  # of a page: a larger place is no place
SNIPPET = 260  # characters of a passage on a card: three lines and a little
_WORD = re.compile(r"\w+", re.UNICODE)
_ENDINGS = ("ing", "ers", "ed", "es", "er", "s")


def esc(text: object) -> str:
    """Text for an element or a double-quoted attribute, seen as it is."""
    return escape(seen(str(text)), quote=True)


def seen(text: str) -> str:
    """Control characters and bidirectional overrides show as a box."""
    return "".join("\ufffd" if _hidden(letter) else letter for letter in text)


def _hidden(letter: str) -> bool:
    code = ord(letter)
    return (code < 32 and letter not in "\t\n\r") or code == 127 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069


def _stem(word: str) -> str:
    word = word.casefold()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _spans(text: str, terms: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the question's words stand in `text`, neighbours joined."""
    stems = {_stem(word) for term in terms for word in _WORD.findall(term)}
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text) if stems else ():
        if _stem(match.group()) not in stems:
            continue
        if found and not text[found[-1][1] : match.start()].strip():
            found[-1] = (found[-1][0], match.end())
        else:
            found.append(match.span())
    return found


def marked(text: str, terms: tuple[str, ...]) -> str:
    """Escaped text with the question's words in <mark>."""
    out, at = [], 0
    for start, end in _spans(text, terms):
        out += [esc(text[at:start]), "<mark>", esc(text[start:end]), "</mark>"]
        at = end
    return "".join([*out, esc(text[at:])])


def snippet(text: str, terms: tuple[str, ...], longest: int = SNIPPET) -> str:
    """The stretch of `text` that holds most of the question's words, at word borders, with … where it is cut."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    spans = _spans(text, terms)
    starts = [max(0, start - 40) for start, _ in spans] or [0]
    best = max(starts, key=lambda begin: sum(begin <= start and end <= begin + longest for start, end in spans))
    begin = min(best, len(text) - longest)
    if begin > 0:
        begin = text.find(" ", begin) + 1 or begin
    end = begin + longest
    if end < len(text):
        end = max(text.rfind(" ", begin, end), begin + 1)
    return ("…" if begin else "") + text[begin:end].strip() + ("…" if end < len(text) else "")


def _box(region: Box) -> str:
    left, top = 100 * region.x0, 100 * region.y0
    wide, high = 100 * (region.x1 - region.x0), 100 * (region.y1 - region.y0)
    return f'<span class="box" style="left:{left:.2f}%;top:{top:.2f}%;width:{wide:.2f}%;height:{high:.2f}%"></span>'


def _ratio(width: float, height: float) -> str:
    """The frame's shape; extremes are cropped to what a list bears."""
    if width <= 0 or height <= 0:
        return "4/3"
    return f"{min(3.0, max(0.6, width / height)):.4f}"


def thumb(page_id: int, width: float, height: float, region: Box | None = None, badge: str = "") -> str:
    """A small picture with the marked place; `badge` is a moment's time."""
    # a picture outside the bearable shapes is cropped by the frame, so fractions of it would point elsewhere
    framed = height > 0 and 0.6 <= width / height <= 3.0
    box = _box(region) if region and framed and region.area < MOST else ""
    time = f'<span class="t num">{esc(badge)}</span>' if badge else ""
    shape = _ratio(width, height)
    return (
        f'<span class="pic" style="--ar:{shape}"><img src="/thumb/{page_id}" alt="" loading="lazy" decoding="async">'
        f"{box}{time}</span>"
    )


def judge_buttons(judged: bool | None) -> str:
    right, wrong = judged is True, judged is False
    return (
        '<span class="judge" role="group" aria-label="Is this the answer?">'
        f'<button type="button" class="btn r{" on" if right else ""}" data-judge="right" aria-pressed="{_js(right)}"'
        ' aria-label="Right" title="Right (R), again to undo">✓ <kbd aria-hidden="true">R</kbd></button>'
        f'<button type="button" class="btn w{" on" if wrong else ""}" data-judge="wrong" aria-pressed="{_js(wrong)}"'
        ' aria-label="Wrong" title="Wrong (W), again to undo">✗ <kbd aria-hidden="true">W</kbd></button></span>'
    )


def _js(value: bool) -> str:
    return "true" if value else "false"


def hit_card(hit: Hit, terms: tuple[str, ...]) -> str:
    """One answer of the list."""
    badge = wording.span(hit.start_s or 0.0, hit.end_s or 0.0) if hit.kind is Kind.MOMENT else ""
    said = f'<p class="said">{_said(hit, terms)}</p>' if hit.text else ""
    place = wording.where(hit.kind, hit.page, hit.start_s)
    why = wording.why_line(hit)
    score = wording.percent(hit.score)
    return (
        f'<article class="hit" tabindex="0" data-page="{hit.page_id}" data-id="{esc(hit.corpus_id)}"'
        f' aria-label="{esc(hit.document)}, {place}, {wording.fit(hit.score)}, {score} percent">'
        f"{thumb(hit.page_id, hit.width, hit.height, hit.region, badge)}<div>"
        f'<div class="where"><b title="{esc(hit.document)}">{esc(hit.document)}</b><span class="num">{place}</span></div>'
        f'{said}<p class="whyline num">{esc(why)}</p><div class="row"><span class="fit num">'
        f'<i style="--p:{score}%" aria-hidden="true"></i>{wording.fit(hit.score)} · {score} %</span>'
        f"{judge_buttons(hit.judged)}</div></div></article>"
    )


def _said(hit: Hit, terms: tuple[str, ...]) -> str:
    text = marked(snippet(hit.text or "", terms), terms)
    return f"“{text}”" if hit.source == "subtitles" else text


def why_panel(why: Why, result: SearchResult, kind: Kind = Kind.PAGE) -> str:
    rows = wording.why_rows(why, result.searched, result.terms)
    if not rows:
        return ""
    listed = "".join(f"<dt>{esc(stage)}</dt><dd>{esc(sentence)}</dd>" for stage, sentence in rows)
    return f'<b class="strong">Why this {kind}</b><dl class="num">{listed}</dl>'


def file_link(page: PageInfo) -> str:
    """The original at that place: a PDF's page, a video's second."""
    base = f"/media/{quote(page.document_id, safe='')}"
    if page.file_kind is FileKind.PDF:
        return f"{base}#page={page.number}"
    if page.file_kind is FileKind.VIDEO:
        return f"{base}#t={page.start_s or 0.0:.1f}"
    return base


def open_link(document_id: str) -> str:
    """The original, in a tab of its own."""
    place = quote(document_id, safe="")
    return f'<a class="btn" href="/media/{place}" target="_blank" rel="noopener">Open file ↗</a>'


def page_view(page: PageInfo) -> str:
    """The page view: header, the large picture (or the player), an empty panel that the script fills."""
    name, what = esc(page.document), "moment" if page.kind is Kind.MOMENT else "page"

    def step(target: int | None, label: str, sign: str) -> str:
        off = "" if target is not None else " disabled"
        go = f' data-go="{target}"' if target is not None else ""
        return (
            f'<button type="button" class="btn quiet icon"{go}{off} aria-label="{label} {what}"'
            f' title="{label} {what}">{sign}</button>'
        )

    steps = step(page.previous_id, "Previous", "‹") + step(page.next_id, "Next", "›") if page.pages > 1 else ""
    zoom = '<button type="button" class="btn quiet zoom" aria-pressed="false" title="Zoom (Z)">Zoom</button>'
    zoom = "" if page.kind is Kind.MOMENT else zoom
    original = "" if page.file_kind is FileKind.TEXT else (
        f'<a class="btn open" href="{esc(file_link(page))}" target="_blank" rel="noopener" aria-label="Open file">'
        "<span>Open file</span> ↗</a>"
    )  # fmt: skip
    return (
        f'<header><button type="button" class="btn quiet icon close" aria-label="Back to the answers">←</button>'
        f'<div class="title"><b title="{name}">{name}</b> <span class="sub num">{wording.where_in_document(page)}</span></div>'
        f"{steps}{zoom}{original}</header>"
        f'<div class="sheet" tabindex="-1">{_sheet(page)}</div><div class="foot"><div class="why"></div><div class="beside">'
        f'<div class="rate" data-page="{page.id}" hidden><span>Is this the right {page.kind}?</span>{judge_buttons(None)}</div>'
        '<button type="button" class="link" data-act="cite">Copy citation</button></div></div>'
    )


def _sheet(page: PageInfo) -> str:
    shape = f"{page.width:.1f}/{page.height:.1f}" if page.width > 0 and page.height > 0 else "4/3"
    alt = esc(f"{page.document}, {wording.where_in_document(page)}")
    picture = f"/page/{page.id}?px=1400"
    if page.kind is Kind.MOMENT:
        return (
            f'<span class="pic film" style="--ar:{shape}" data-play="{page.id}">'
            f'<video controls playsinline preload="metadata" poster="{picture}" aria-label="{alt}"></video></span>'
            '<p class="note film-note" role="status"></p>'
        )
    if page.file_kind is FileKind.TEXT:
        return f'<p class="plain">{esc(page.text)}</p>'
    return (
        f'<span class="pic" style="--ar:{shape};background-image:url(/thumb/{page.id})">'
        f'<img class="large" src="{picture}" alt="{alt}" decoding="async"></span>'
    )


def stage_row(document: DocumentInfo) -> str:
    """A document that is being read, in the Library."""
    share, text = wording.stage_line(document)
    done = round(100 * share)
    verb = "Resume" if document.paused else "Pause"
    return (
        f'<div class="reading" data-key="d{esc(document.id)}" data-document="{esc(document.id)}">'
        f'<b title="{esc(document.name)}">{esc(document.name)}</b><div><div class="bar" role="progressbar" aria-valuemin="0"'
        f' aria-valuemax="100" aria-valuenow="{done}" aria-label="{esc(document.name)}"><i style="--p:{done}%"></i></div>'
        f'<span class="sub num">{esc(text)}</span></div>'
        f'<button type="button" class="btn quiet" data-act="{verb.lower()}" aria-label="{verb} {esc(document.name)}">'
        f"{verb}</button></div>"
    )


def refusals_row(number: int) -> str:
    """The head of several files that were not added."""
    said = f"{wording.count(number)} files were not added"
    return (
        f'<div data-key="refusals"><b class="num">{said}</b><span></span>'
        '<button type="button" class="btn quiet" data-act="dismiss-all">Dismiss all</button></div>'
    )


def refusal_row(refusal: Refusal) -> str:
    """A file that was not added; it stays until dismissed."""
    first = refusal.reason[:2]
    reason = (first.lower() if first[1:].islower() else first) + refusal.reason[2:].rstrip(".")
    return (
        f'<div class="refused" data-key="r{refusal.id}" data-refusal="{refusal.id}"><b title="{esc(refusal.document)}">'
        f'{esc(refusal.document)}</b><span class="bad"><span aria-hidden="true">✗ </span>'
        f"Not added: {esc(reason)}. {esc(refusal.remedy)}</span>"
        f'<button type="button" class="btn quiet" data-act="dismiss">Dismiss</button></div>'
    )


def shelf_card(document: DocumentInfo) -> str:
    """One document on the shelf."""
    busy = "" if document.stage is Stage.DONE or document.deleted else '<i class="dot" title="still being read"></i>'
    cover = (
        f'<img src="/thumb/{document.cover_page_id}" alt="" loading="lazy" decoding="async">'
        if document.cover_page_id is not None
        else '<span class="blank" aria-hidden="true">…</span>'
    )
    tags = "".join(f'<span class="tag">{esc(tag)}</span>' for tag in document.tags[:3])
    return (
        f'<button type="button" class="doc" data-key="s{esc(document.id)}" data-document="{esc(document.id)}"'
        f' title="{esc(document.name)}"><span class="pic">{cover}{busy}</span><b>{esc(document.name)}</b>'
        f'<span class="meta num">{esc(wording.extent(document))}</span>{tags}</button>'
    )
