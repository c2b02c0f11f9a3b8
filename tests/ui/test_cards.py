"""No word of a person's is ever markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from retrieval.types import Box, FileKind, Hit, Kind, PageInfo, Refusal, SearchResult, Source, Why
from tests.ui.test_wording import document
from ui import cards

HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea><iframe src=javascript:alert(1)>",
    "{{7*7}} ${alert(1)} &lt;b&gt;",
    "\u202egnp.exe\x00\x1b[31m",
)
ALLOWED = {"article", "aside", "span", "img", "div", "b", "p", "mark", "i", "button", "kbd", "header", "a", "video", "dl",
           "dt", "dd"}  # fmt: skip


class Seen(HTMLParser):
    """Collects what a browser would make of markup."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data: str) -> None:
        self.text += data


def check(html: str) -> Seen:
    seen = Seen(html)
    assert set(seen.tags) <= ALLOWED
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not [value for name, value in seen.attributes if name in ("src", "href") and "javascript" in str(value)]
    sources = [value for name, value in seen.attributes if name in ("src", "poster", "href")]
    assert all(str(value).startswith(("/thumb/", "/page/", "/media/")) for value in sources)
    return seen


def hit(name: str, text: str) -> Hit:
    return Hit(
        7, name, "f" * 64, Kind.PAGE, f"{name}#page=5", 5, None, None, 0.94, True, Box(0.1, 0.2, 0.5, 0.4), text,
        Why(2, 1, 3), source=Source.TEXT, width=612, height=792, pages=9,
    )  # fmt: skip


@pytest.mark.parametrize("evil", HOSTILE)
def test_names_passages_and_questions_are_text(evil: str) -> None:
    card = check(cards.hit_card(hit(evil, f"before {evil} after"), (evil, "alert")))
    shown = evil.translate(dict.fromkeys((8238, 0, 27), "�"))
    assert shown in card.text
    page = PageInfo(7, evil, "f" * 64, evil, Kind.PAGE, 5, 9, 612, 792, None, None, FileKind.PDF, evil, 6, 8)
    assert shown in check(cards.page_view(page)).text
    moment = PageInfo(7, evil, "f" * 64, evil, Kind.MOMENT, 5, 9, 640, 360, 4.0, 8.0, FileKind.VIDEO, evil, 6, None)
    assert shown in check(cards.page_view(moment)).text
    text = PageInfo(7, evil, "f" * 64, evil, Kind.PAGE, 1, 1, 0, 0, None, None, FileKind.TEXT, evil, None, None)
    assert check(cards.page_view(text)).text.count(shown) == 2
    info = document(name=evil, names=(evil,), tags=(evil,))
    assert shown in check(cards.shelf_card(info)).text
    assert shown in check(cards.stage_row(info)).text
    assert shown in check(cards.refusal_row(Refusal(1, evil, evil, evil, 0.0))).text
    result = SearchResult(evil, [], 10, 0.01, terms=(evil,))
    assert shown in check(cards.why_panel(Why(1, None, None, None), result)).text


def test_the_questions_words_are_marked() -> None:
    html = cards.marked("Most Latinos see upward mobility; a child's upwards view", ("latino", "upward", "mobility"))
    assert html == (
        "Most <mark>Latinos</mark> see <mark>upward mobility</mark>; a child&#x27;s <mark>upwards</mark> view"
    )


def test_a_marked_word_inside_markup_stays_text() -> None:
    assert cards.marked("<b>bold</b>", ("b", "bold")) == (
        "&lt;<mark>b</mark>&gt;<mark>bold</mark>&lt;/<mark>b</mark>&gt;"
    )


def test_snippet_shows_the_stretch_with_most_words() -> None:
    text = "nothing here " * 60 + "the crimson valve leaks at dawn " + "and nothing there " * 60
    cut = cards.snippet(text, ("crimson", "valve"), 100)
    assert "crimson valve" in cut
    assert cut.startswith("…")
    assert cut.endswith("…")
    assert len(cut) <= 102
    assert cards.snippet("short\n text", ("x",)) == "short text"


def test_a_place_that_is_nearly_the_page_is_not_marked() -> None:
    assert "box" in cards.thumb(1, 612, 792, Box(0.1, 0.1, 0.9, 0.5))
    assert "box" not in cards.thumb(1, 612, 792, Box(0.1, 0.05, 0.9, 0.95))
    assert "box" not in cards.thumb(
        1, 100, 1000, Box(0.1, 0.1, 0.2, 0.2)
    )  # the frame crops it: the place would be wrong


def test_the_original_opens_at_the_place() -> None:
    page = PageInfo(
        7, "a.pdf", "f" * 64, "a.pdf#page=5", Kind.PAGE, 5, 9, 1, 1, None, None, FileKind.PDF, "", None, None
    )
    assert cards.file_link(page) == f"/media/{'f' * 64}#page=5"
    moment = PageInfo(7, "a.mp4", "f" * 64, "x", Kind.MOMENT, 5, 9, 1, 1, 42.0, 58.0, FileKind.VIDEO, "", None, None)
    assert cards.file_link(moment) == f"/media/{'f' * 64}#t=42.0"


def test_judgement_shows_beside_the_colour() -> None:
    html = cards.judge_buttons(True)
    assert html.count('aria-pressed="true"') == 1
    assert "✓" in html
    assert "✗" in html


def test_the_small_picture_stands_in_until_the_large_one_has_come() -> None:
    page = PageInfo(7, "a.pdf", "f" * 64, "a.pdf#page=5", Kind.PAGE, 5, 9, 612, 792, None, None, FileKind.PDF, "", 6, 8)
    assert "background-image:url(/thumb/7)" in cards.page_view(page)
