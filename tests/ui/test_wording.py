from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.types import DocumentInfo, FileKind, Hit, Job, JobState, Kind, Source, Stage, Why
from ui import wording


def document(**changes: object) -> DocumentInfo:
    values: dict[str, object] = {
        "id": "a" * 64, "name": "report.pdf", "names": ("report.pdf",), "kind": FileKind.PDF, "tags": (), "pages": 190,
        "stage": Stage.DONE, "paused": False, "added": 0.0, "size_bytes": 10, "deleted": None, "duration_s": None,
        "missing": False, "used_ocr": False, "parts": 380, "parts_embedded": 236, "ocr_pages": 32, "ocr_done": 4,
        "skipped_pages": (), "cover_page_id": 1, "seconds_left": None,
    }  # fmt: skip
    return DocumentInfo(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rank", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"),
     (112, "112th"), (1203, "1,203rd")],
)  # fmt: skip
def test_ordinal(rank: int, said: str) -> None:
    assert wording.ordinal(rank) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (42.9, "0:42"), (724, "12:04"), (3723, "1:02:03"), (-1, "0:00")]
)
def test_clock(seconds: float, said: str) -> None:
    assert wording.clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (4, "a few seconds left"), (31, "30 s left"), (54, "55 s left"), (70, "1 min left"),
     (3540, "59 min left"), (3600, "1 h left"), (4020, "1 h 7 min left")],
)  # fmt: skip
def test_time_left(seconds: float | None, said: str) -> None:
    assert wording.time_left(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_400, "12 kB"), (999_600, "1.0 MB"),
     (3_100_000_000, "3.1 GB"), (42_000_000_000, "42 GB")],
)  # fmt: skip
def test_size(number: int, said: str) -> None:
    assert wording.size(number) == said


def test_a_chance_is_never_certain() -> None:
    assert wording.percent(1.0) == 99
    assert wording.percent(-0.1) == 0
    assert [wording.fit(score) for score in (0.94, 0.71, 0.46, 0.31, 0.07)] == [
        "Strong match", "Good match", "Possible", "Weak", "Very weak",
    ]  # fmt: skip


def test_searched_counts_and_times() -> None:
    assert wording.searched(1284, 0.038, None) == "1,284 pages and moments searched in 38 ms"
    assert wording.searched(1, 1.24, Kind.PICTURE) == "1 picture searched in 1.2 s"


def test_why_line_names_what_is_on_its_way() -> None:
    hit = Hit(
        1, "a.png", "x", Kind.PICTURE, "a.png", None, None, None, 0.3, True, None, None, Why(picture=6), pending="text"
    )
    assert wording.why_line(hit) == "picture 6th · still reading its text"
    spoken = Hit(
        1, "a.mp4", "x", Kind.MOMENT, "a.mp4#t=1.0,2.0", None, 1.0, 2.0, 0.3, True, None, "hi", Why(words=9),
        source=Source.SUBTITLES,
    )  # fmt: skip
    assert wording.why_line(spoken) == "subtitles 9th"


def test_what_no_rank_shows_is_told() -> None:
    why = Why(words=160, side_by_side=True, named=True)
    hit = Hit(1, "a.pdf", "x", Kind.PAGE, "a.pdf#page=2", 2, None, None, 0.9, True, None, "hi", why)
    assert wording.why_line(hit) == "words 160th · the page you named · word for word"
    assert wording.why_rows(why, 200, ("page",))[-1] == (
        "Also", "your question names it by its number, and its words stand there side by side",
    )  # fmt: skip
    assert [stage for stage, _ in wording.why_rows(Why(words=1), 200, ())] == ["Words"]


def test_stage_lines() -> None:
    reading = document(stage=Stage.VECTORS, seconds_left=70.0)
    assert wording.stage_line(reading) == (236 / 380, "searchable by words · 118 of 190 pages by meaning · 1 min left")
    scan = document(stage=Stage.OCR, seconds_left=70.0)
    assert wording.stage_line(scan) == (4 / 32, "reading the text in 4 of 32 pages (OCR) · 1 min left")
    untouched = document(stage=Stage.OCR, ocr_done=0, seconds_left=70.0)  # others are read before it
    assert wording.stage_line(untouched) == (0, "searchable · the text in 32 pages is read last (OCR)")
    read = document(stage=Stage.OCR, ocr_done=32, seconds_left=4.0)
    assert wording.stage_line(read) == (1, "the text in 32 pages is read (OCR) · by meaning soon")
    assert wording.stage_line(document(stage=Stage.WORDS, pages=0))[1] == "waiting to be read"
    assert wording.stage_line(document(stage=Stage.OCR, paused=True))[1].endswith("· paused")


def test_a_citation_names_the_place_and_what_stands_there() -> None:
    assert wording.citation("a.pdf", "page 5") == "a.pdf, page 5"
    assert wording.citation("red.png", "picture") == "red.png"
    assert wording.citation("a.pdf", "page 5", "The ovens\n are hot.") == "“The ovens are hot.” (a.pdf, page 5)"


def test_extent() -> None:
    assert wording.extent(document()) == "190 pages"
    assert wording.extent(document(pages=1, used_ocr=True)) == "1 page · OCR"
    assert wording.extent(document(kind=FileKind.VIDEO, pages=38, duration_s=724.0)) == "12:04 · 38 moments"
    assert wording.extent(document(kind=FileKind.SCAN, pages=4, used_ocr=True)) == "4 pages · OCR"
    assert wording.extent(document(kind=FileKind.IMAGE, missing=True)) == "picture · file is gone"


def test_blanks_and_punctuation_ask_nothing() -> None:
    assert [wording.asks(query) for query in ("", "  ", "???", "…!", "c", "7", "é", "犬", "☕", "a?")] == [
        False
    ] * 4 + [True] * 6


def test_pill() -> None:
    job = Job(1, "ingest", JobState.RUNNING, "still reading 3 of 12 files", 41, 100, 120.0, None, 0.0, None)
    assert wording.pill(job) == (41, "still reading 3 of 12 files, 2 min left")
    assert wording.pill(replace(job, done=100))[0] == 99, "what runs is not done"


def test_skipped_pages_are_named_and_counted() -> None:
    assert wording.skipped_pages(()) == ""
    assert wording.skipped_pages(((4, "damaged"),)) == "1 page could not be read: 4 (damaged)"
    many = tuple((number, "damaged") for number in range(1, 8))
    assert wording.skipped_pages(many).startswith("7 pages could not be read: 1 (damaged)")
    assert wording.skipped_pages(many).endswith("and 2 more")


def test_no_remedy_of_the_browser_is_a_command() -> None:
    assert wording.remedy("`folioscope list` shows the names.") == "It may have been deleted."
    assert wording.remedy("It can be promoted when it is through; `folioscope jobs` shows the progress.").startswith(
        "The line"
    )
    assert wording.remedy("Add the file again.") == "Add the file again."
    assert wording.remedy("") == ""
    source = "".join(path.read_text("utf-8") for path in (Path(__file__).parents[2] / "retrieval").rglob("*.py"))
    named = set(re.findall(r'"[^"\n]*`folioscope (\w+)`[^"\n]*"', source))
    assert named and all("`" not in wording.remedy(f"`folioscope {command}` helps.") for command in named)
