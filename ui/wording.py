"""The words a person reads: phrases, plurals, times and sizes. Plain text only; escaping is the business of `cards`."""

from __future__ import annotations

import re
import unicodedata

from retrieval.types import DocumentInfo, FileKind, Hit, Job, JobState, Kind, PageInfo, Stage, Why

NOTHING_FITS = "Nothing here seems to answer this. The closest are below, none of them a good match."
NOTHING_FITS_YET = "Nothing read so far seems to answer this. The closest are below, none of them a good match yet."
NOTHING_LEFT = "Nothing is left to search with these filters."
NOTHING_AT_ALL = "Nothing was found. Try other words, or take a filter away."
NOTHING_YET = "Nothing was found yet."
MEANING_SOON = "The model is loading: then it is looked for by meaning, too."
WORDS_ONLY = {
    "loading": "Answers are by words alone until the model has loaded: a few seconds.",
    "embedding": "Answers are by words alone until the pages have been read by meaning.",
}

ASK_SOMETHING = "Ask something: a question, a few words, or what the picture shows."
WORDS_BECAUSE = "Answers are by words alone, for the model cannot be used."
_COMMAND = re.compile(r"`folioscope (\w+)`")
_IN_THE_BROWSER = {  # where a remedy names a command of the terminal
    "search": "It may have been deleted.",
    "list": "It may have been deleted.",
    "jobs": "The line at the top right says what is under way.",
    "models": "Improve lists the versions that can answer.",
    "promote": "Improve lists the versions that can answer.",
    "rollback": "Go back to another version in Improve.",
}


def remedy(text: str) -> str:
    """What helps a person in a browser, where `text` advises the command line."""
    named = _COMMAND.search(text)
    return _IN_THE_BROWSER.get(named[1], text) if named else text


def asks(query: str) -> bool:
    """Whether anything is asked: blanks and punctuation alone are no question."""
    return any(unicodedata.category(letter)[0] in "LMNS" for letter in query)


def count(number: int) -> str:
    """1284 -> "1,284"."""
    return f"{number:,}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """(1, "page") -> "1 page"; (1284, "page") -> "1,284 pages"."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def ordinal(rank: int) -> str:
    """1 -> "1st", 12 -> "12th"."""
    if rank % 100 in (11, 12, 13):
        return f"{count(rank)}th"
    return count(rank) + {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")


def clock(seconds: float) -> str:
    """A place in a video: 42.9 -> "0:42", 724 -> "12:04", 3723 -> "1:02:03"."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def span(start_s: float, end_s: float) -> str:
    """Like “0:42–0:58”; one clock where both ends show the same second."""
    start, end = clock(start_s), clock(end_s)
    return start if start == end else f"{start}–{end}"


def time_left(seconds: float | None) -> str:
    """None -> "" ; 4 -> "a few seconds left"; 70 -> "1 min left"; 4000 -> "1 h 7 min left"."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"{int(round(seconds / 5) * 5)} s left"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min left"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min left" if rest else f"{hours} h left"


def took(seconds: float) -> str:
    """.038 -> "38 ms"; 1.24 -> "1.2 s"."""
    return f"{max(1, round(seconds * 1000))} ms" if seconds < 0.9995 else f"{seconds:.1f} s"


def size(number: int) -> str:
    """Bytes in decimal units: 3_100_000_000 -> "3.1 GB"."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            return f"{value:.1f} {unit}" if unit != "bytes" and value < 10 else f"{value:,.0f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def percent(score: float) -> int:
    """A chance 0–1 as whole percent; never 100, for nobody knows that."""
    return min(99, max(0, round(score * 100)))


def fit(score: float) -> str:
    """The phrase beside the percent."""
    for least, phrase in ((0.85, "Strong match"), (0.6, "Good match"), (0.4, "Possible"), (0.2, "Weak")):
        if score >= least:
            return phrase
    return "Very weak"


def where(kind: Kind, page: int | None, start_s: float | None) -> str:
    """Like “page 5”, "picture", "moment at 0:42"."""
    if kind is Kind.PAGE:
        return f"page {count(page or 1)}"
    if kind is Kind.MOMENT:
        return f"moment at {clock(start_s or 0.0)}"
    return "picture"


def citation(document: str, place: str, text: str = "") -> str:
    """Like “crew-handbook.pdf, page 5”, with what stands there before it: “The ovens …” (crew-handbook.pdf, page 5)."""
    source = document if place == "picture" else f"{document}, {place}"
    quoted = " ".join(text.split())
    return f"“{quoted}” ({source})" if quoted else source


def where_in_document(page: PageInfo) -> str:
    """The page view's header: "page 5 of 31", "0:42–0:58 of …"."""
    if page.kind is Kind.PAGE:
        return f"page {count(page.number)} of {count(page.pages)}"
    if page.kind is Kind.MOMENT:
        place = span(page.start_s or 0.0, page.end_s or 0.0)
        return f"{place} · moment {count(page.number)} of {count(page.pages)}"
    return "picture"


def why_line(hit: Hit) -> str:
    """Like “words 2nd · meaning 1st · picture 3rd · still reading its text”."""
    words = "subtitles" if hit.source == "subtitles" else "words"
    ranks = ((words, hit.why.words), ("meaning", hit.why.meaning), ("picture", hit.why.picture),
             ("reranked", hit.why.reranked))  # fmt: skip
    parts = [f"{name} {ordinal(rank)}" for name, rank in ranks if rank is not None]
    parts += ["the page you named"] * hit.why.named + ["word for word"] * hit.why.side_by_side
    if hit.pending == "text":
        parts.append("still reading its text")
    elif hit.pending == "meaning":
        parts.append("not yet read by meaning")
    return " · ".join(parts)


def why_rows(why: Why, searched: int, terms: tuple[str, ...]) -> list[tuple[str, str]]:
    """The page view's panel: (stage, sentence) pairs."""
    rows: list[tuple[str, str]] = []
    if why.words is not None:
        found = f" ({', '.join(terms[:6])})" if terms else ""
        rows.append(("Words", f"{ordinal(why.words)} of {count(searched)} by full text{found}"))
    meant = [
        f"{ordinal(rank)} by {name}" for name, rank in (("passage", why.meaning), ("picture", why.picture)) if rank
    ]
    if meant:
        rows.append(("Meaning", ", ".join(meant)))
    if why.reranked is not None:
        rows.append(("Reranked", ordinal(why.reranked)))
    also = ["your question names it by its number"] * why.named + [
        "its words stand there side by side"
    ] * why.side_by_side
    if also:
        rows.append(("Also", ", and ".join(also)))
    return rows


def searched(pages: int, seconds: float, only: Kind | None) -> str:
    """Like “1,284 pages and moments searched in 38 ms”."""
    nouns = {Kind.PAGE: ("page", "pages"), Kind.PICTURE: ("picture", "pictures"), Kind.MOMENT: ("moment", "moments")}
    one, many = nouns[only] if only else ("page or moment", "pages and moments")
    return f"{plural(pages, one, many)} searched in {took(seconds)}"


def still_reading(documents: int) -> str:
    """Like “2 documents are still being read: more may answer soon.”; "" for none."""
    if not documents:
        return ""
    verb = "is" if documents == 1 else "are"
    return f"{plural(documents, 'document')} {verb} still being read: more may answer soon."


def meant(query: str) -> str:
    return f"Did you mean “{query}”?"


def hint(pages: int, documents: int) -> str:
    """What the empty question box says below itself."""
    if not pages:
        return "Your files are being read. Ask as soon as the first page is in: a few seconds."
    held = f"{plural(pages, 'page or moment', 'pages and moments')} of {plural(documents, 'document')}"
    return f"{held} can be asked: a question, a few words, or what the picture shows."


def extent(document: DocumentInfo) -> str:
    """The shelf's second line: "31 pages", "12:04 · 38 moments", "picture", with " · OCR" where its text was read."""
    if document.kind is FileKind.VIDEO:
        moments = plural(document.pages, "moment")
        text = f"{clock(document.duration_s)} · {moments}" if document.duration_s else moments
    elif document.kind is FileKind.IMAGE:
        text = "picture"
    else:
        text = plural(document.pages, "page")
    if not document.pages:
        text = "not read yet"
    if document.used_ocr:
        text += " · OCR"
    return text + (" · file is gone" if document.missing else "")


def _unit(document: DocumentInfo, number: int) -> str:
    one = {FileKind.VIDEO: "moment", FileKind.IMAGE: "picture"}.get(document.kind, "page")
    return plural(number, one)


def stage_line(document: DocumentInfo) -> tuple[float, str]:
    """How far a document that is being read is: (0–1, sentence)."""
    waiting = False
    if document.stage is Stage.WORDS:
        share, waiting = 0.0, not document.pages
        text = "waiting to be read" if waiting else f"reading: {_unit(document, document.pages)} so far"
    elif document.stage is Stage.VECTORS:
        share = document.parts_embedded / document.parts if document.parts else 0.0
        waiting = not document.parts_embedded
        # people know pages, not parts; the page that is being read counts as not yet read
        done = f"{count(int(share * document.pages))} of {_unit(document, document.pages)} by meaning"
        text = f"searchable by words · {'by meaning soon' if waiting else done}"
        if document.kind is FileKind.IMAGE:
            text = "waiting to be looked at" if waiting else "looking at it"
    elif document.stage is Stage.OCR:
        share = document.ocr_done / document.ocr_pages if document.ocr_pages else 0.0
        waiting = document.ocr_done in (0, document.ocr_pages)
        unit = _unit(document, document.ocr_pages)
        if not document.ocr_done:
            text = f"searchable · the text in {unit} is read last (OCR)"
        elif waiting:
            text = f"the text in {unit} is read (OCR) · by meaning soon"
        else:
            text = f"reading the text in {count(document.ocr_done)} of {unit} (OCR)"
    else:
        share, text = 1.0, "done"
    if document.paused:
        return share, f"{text} · paused"
    left = "" if waiting else time_left(document.seconds_left)
    return share, f"{text} · {left}" if left else text


def pill(job: Job) -> tuple[int, str]:
    """The pill at the top right: (percent, "still reading 3 of 12 files, 2 min left")."""
    share = min(99, round(100 * job.done / job.total)) if job.total else 0  # it runs: it is not done
    if job.state is JobState.QUEUED:
        return 0, f"{job.title}, waiting"
    if job.kind == "train" and job.seconds_left is None:
        return 0, f"{job.title}, getting ready"  # its steps are not known yet
    left = time_left(job.seconds_left)
    return share, f"{job.title}, {left}" if left else job.title


def skipped_pages(pages: tuple[tuple[int, str], ...]) -> str:
    """Like “2 pages could not be read: 4 (damaged), 9 (damaged)”; "" for none."""
    if not pages:
        return ""
    named = ", ".join(f"{number} ({reason})" for number, reason in pages[:5])
    more = f" and {count(len(pages) - 5)} more" if len(pages) > 5 else ""
    return f"{plural(len(pages), 'page')} could not be read: {named}{more}"
