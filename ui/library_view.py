"""The Library tab: its empty shell, the files that are being read, the shelf and a document's panel."""

from __future__ import annotations

import hashlib
import re
import time

from retrieval.library import Library
from retrieval.types import BACK, Added, DocumentInfo, FileKind, Stage
from ui import cards, improve_view, wording
from ui.cards import esc
from ui.search_view import GLASS

SHELF = 240  # documents drawn at once; the rest on request
ROWS = 6  # files being read that are drawn; the line above counts them all
BIN_DAYS = 30
_NUMBERS = re.compile(r"([0-9]+)")
KINDS = (("", "All"), ("pdf", "PDF"), ("scan", "Scans"), ("image", "Pictures"), ("video", "Videos"))

SHELL = f"""<section class="folio" id="tab-library" aria-label="Library" hidden><main>
<div class="drop"><b>Drop files or a folder</b><span class="sub">PDF, pictures, video. Up to 2 GB a file.</span>
<span class="grow"></span><button type="button" class="btn" data-act="choose-folder">Choose a folder</button>
<button type="button" class="btn main" data-act="choose">Choose files</button></div>
<div class="files" hidden></div>
<div class="row tools"><label class="ask small"><span class="sr">Filter</span>{GLASS}
<input id="filter" type="search" autocomplete="off" placeholder="Filter by name or tag"></label>
<div class="row kinds" role="group" aria-label="Kind of file"></div>
<span class="grow"></span><span class="sub num total"></span>
<span class="chip pick"><label class="sr" for="order">Order</label><select id="order">
<option value="">Newest first</option><option value="name">By name</option></select></span></div>
<div class="shelf"></div><p class="note shelf-note"></p>
</main></section>"""


def contents(
    library: Library,
    *,
    kind: str = "",
    text: str = "",
    deleted: bool = False,
    everything: bool = False,
    order: str = "",
) -> dict[str, object]:
    """What the tab shows now. `kind` is a FileKind or ""; `text` filters names and tags; `deleted` shows the bin;
    `order` is "name", else the newest come first.
    """
    counts = library.documents.counts()
    deleted = deleted and counts["deleted"] > 0
    live = library.documents.list()
    shown = library.documents.list(deleted=True) if deleted else live
    if kind in tuple(FileKind):
        shown = [document for document in shown if document.kind == kind]
    words = text.casefold().split()
    shown = [document for document in shown if all(word in _filtered_by(document) for word in words)]
    shown.sort(key=_by_name if order == "name" else _newest_first)
    drawn = shown if everything else shown[:SHELF]
    return {
        "files": files(library, live),
        "chips": _chips(counts, kind, deleted),
        "total": _total(counts),
        "shelf": "".join(cards.shelf_card(document) for document in drawn),
        "note": _note(len(shown), len(drawn), bool(live), deleted, bool(words or kind)),
    }


def _newest_first(document: DocumentInfo) -> tuple[float, str]:
    return -document.added, document.name


def _by_name(document: DocumentInfo) -> list[tuple[int, str]]:
    """“page 9” before “page 10”, whatever the case."""
    parts = _NUMBERS.split(document.name.casefold())
    return [(int(part) if part.isdecimal() else 0, part) for part in parts]


def _filtered_by(document: DocumentInfo) -> str:
    return " ".join((*document.names, *document.tags)).casefold()


def files(library: Library, documents: list[DocumentInfo]) -> str:
    """Rows of what is being read, what is under way first, and of what was refused."""
    refusals = library.documents.refusals()
    busy = [document for document in documents if document.stage is not Stage.DONE]
    busy.sort(key=lambda document: (not wording.stage_line(document)[0], document.added, document.name))
    rows = [cards.stage_row(document) for document in busy[:ROWS]]
    if len(busy) > ROWS:
        halted = all(document.paused for document in busy[ROWS:])
        waiting = f"and {wording.plural(len(busy) - ROWS, 'more file')}{', paused' if halted else ' on the way'}"
        rows.append(f'<div data-key="waiting"><span class="sub num">{waiting}</span></div>')
    if len(refusals) > 1:
        rows.append(cards.refusals_row(len(refusals)))
    return "".join(rows + [cards.refusal_row(refusal) for refusal in refusals])


def back_from_bin(added: Added) -> list[str]:
    """What to say of files that lay in the bin: they are back, under the name that they had."""
    said = []
    for row in added.skipped:
        name, reason = str(row["document"]), str(row["reason"])
        if reason.startswith(BACK):
            old = reason.removeprefix(BACK)
            said.append(f"{name} is back from the bin" + ("" if old == name else f" (as {old})"))
    return said


def _chips(counts: dict[str, int], kind: str, deleted: bool) -> str:
    out = []
    for key, name in KINDS:
        number = counts["documents"] if not key else counts[key]
        on = key == kind and not deleted
        if key and not number and not on:
            continue
        out.append(_chip(f'data-kind="{key}"', f"{name} {wording.count(number)}", on))
    if counts["deleted"]:
        out.append(_chip('data-bin="1"', f"Bin {wording.count(counts['deleted'])}", deleted))
    return "".join(out)


def _chip(data: str, name: str, on: bool) -> str:
    state = "true" if on else "false"
    return f'<button type="button" class="chip num{" on" if on else ""}" {data} aria-pressed="{state}">{name}</button>'


def _total(counts: dict[str, int]) -> str:
    if not counts["documents"]:
        return ""
    return f"{wording.size(counts['bytes'])} · {wording.plural(counts['pages'], 'page or moment', 'pages and moments')}"


def _note(found: int, drawn: int, any_live: bool, deleted: bool, filtered: bool) -> str:
    if found > drawn:
        return (
            f"{wording.count(drawn)} of {wording.count(found)} are shown. "
            '<button type="button" class="link" data-act="everything">Show all</button>'
        )
    if found:
        return f"Deleted documents are kept for {BIN_DAYS} days." if deleted else ""
    if filtered and any_live:
        return "No document has such a name or tag."
    return "" if any_live else "Nothing here yet. What you drop is read at once and never leaves this machine."


def panel(library: Library, document_id: str) -> dict[str, object]:
    """One document's panel: what it is, its tags, open, delete or restore. Raises NotFound."""
    document = library.documents.get(document_id)
    rows = [
        ("Kind", wording.extent(document)),
        ("Size", wording.size(document.size_bytes)),
        ("Added", _day(document.added)),
    ]
    if document.stage is not Stage.DONE and not document.deleted:
        rows.append(("Now", wording.stage_line(document)[1]))
    if len(document.names) > 1:
        rows.append(("Also named", ", ".join(document.names[1:])))
    unread = wording.skipped_pages(document.skipped_pages)
    if unread:
        rows.append(("Left out", unread))
    if document.deleted:
        days = max(0, BIN_DAYS - int((time.time() - document.deleted) / 86400))
        rows.append(("In the bin", f"for {wording.plural(days, 'more day')}"))
    listed = "".join(f"<dt>{esc(name)}</dt><dd>{esc(text)}</dd>" for name, text in rows)
    cover = f'<img src="/page/{document.cover_page_id}?px=700" alt="">' if document.cover_page_id is not None else ""
    return {
        "html": f'<div class="cover">{cover}</div><div class="facts"><h2>{esc(document.name)}</h2><dl class="num">{listed}</dl>'
        f"{'' if document.deleted else _tags(document)}{_actions(document)}</div>",
        "id": document.id,
        "name": document.name,
        "cover": document.cover_page_id,
    }


def _tags(document: DocumentInfo) -> str:
    tags = "".join(
        f'<span class="tag">{esc(tag)}<button type="button" data-untag="{esc(tag)}" aria-label="Remove the tag {esc(tag)}">×'
        "</button></span>"
        for tag in document.tags
    )
    return (
        f'<form class="tags" data-act="tag">{tags}<label class="sr" for="new-tag">New tag</label>'
        '<input id="new-tag" maxlength="60" autocomplete="off" placeholder="Add a tag"></form>'
    )


def _actions(document: DocumentInfo) -> str:
    def button(act: str, name: str, look: str = "") -> str:
        return f'<button type="button" class="btn {look}" data-act="{act}">{name}</button>'

    if document.deleted:
        inner = button("restore", "Restore", "main") + button("delete-for-good", "Delete for good", "danger")
    else:
        what = {FileKind.IMAGE: "it", FileKind.VIDEO: "its moments"}.get(document.kind, "its pages")
        look = button("show", f"Show {what}", "main") if document.cover_page_id is not None else ""
        open_it = "" if document.missing or document.kind is FileKind.TEXT else cards.open_link(document.id)
        delete = button("delete", "Delete", "danger") + button("delete-for-good", "Delete for good", "danger quiet")
        inner = look + open_it + delete
    return f'<div class="row actions">{inner}</div>'


def _day(seconds: float) -> str:
    day = time.localtime(seconds)
    return f"{day.tm_mday} {time.strftime('%B %Y', day)}"


def status(library: Library) -> dict[str, object]:
    """What every tab polls, cheap at any size: the pill, the counts, whether the models are loaded, and two stamps.

    `stamp` changes whenever the tab would show something new; `shelf` only when documents or tags come or go.
    """
    counts = library.documents.counts()
    unfinished, paused = library.documents.unfinished()
    job = library.jobs.active()
    progress, models = library.training.progress(), library.models.versions()
    pill = None
    if job is not None:
        share, text = wording.pill(job)
        pill = {"percent": share, "text": text, "tab": "improve" if job.kind == "train" else "library"}
    shelf = (sorted(counts.items()), library.documents.tags())
    refused = [refusal.id for refusal in library.documents.refusals()]
    return {
        "pill": pill,
        "active": job is not None,
        "reading": unfinished,
        "paused": paused,
        "documents": counts["documents"],
        "deleted": counts["deleted"],
        "judged": progress.judged,
        "improve": improve_view.stamp(progress, models),
        "model": next((model.id for model in models if model.current), None),
        "ready": library.ready,
        "hint": wording.hint(counts["pages"], counts["documents"]),
        "shelf": _stamp(shelf),
        "stamp": _stamp((shelf, refused, job)),
    }


def _stamp(state: object) -> str:
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]


def choices(library: Library) -> dict[str, object]:
    """What the Document and Tag filters offer."""
    return {
        "documents": sorted((document.name for document in library.documents.list()), key=str.casefold),
        "tags": [tag for tag, _ in library.documents.tags()],
    }
