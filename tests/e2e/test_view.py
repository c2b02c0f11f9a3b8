"""The page view in a real browser: the marked place on pages of every colour, leafing, judging and citing."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pymupdf
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.ingest import samples
from tests.web import Running


def poster(path: Path, ground: tuple[float, float, float], ink: tuple[float, float, float]) -> Path:
    """A PDF of one coloured page with a sentence in the middle of it."""
    with pymupdf.open() as document:
        page = document.new_page(width=400, height=400)
        page.draw_rect(page.rect, fill=ground, color=ground)
        page.insert_text((60, 200), "The lantern hangs above the harbour.", fontsize=14, color=ink)
        document.save(path)
    return path


def _light(colour: tuple[int, ...]) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (p / 255 for p in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ground", "ink"), [((1, 1, 1), (0, 0, 0)), ((0.1, 0.05, 0.2), (1, 1, 1))])
def test_the_marked_place_stands_out_from_any_page(
    page: Page, server: Running, tmp_path: Path, scheme: str, ground: tuple[float, ...], ink: tuple[float, ...]
) -> None:
    server.library.add([poster(tmp_path / "poster.pdf", ground, ink)])  # type: ignore[arg-type]
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{server.address}/?q=lantern+harbour")
    page.locator(".hit").first.click()
    mark = page.locator(".view .box")
    expect(page.locator(".view img.large")).to_have_js_property("complete", True)
    expect(mark).to_be_visible()
    shown = Image.open(BytesIO(mark.screenshot())).convert("RGB")
    edge = _light(shown.getpixel((1, shown.height // 2)))
    paper = _light(tuple(round(255 * part) for part in ground))
    assert (max(edge, paper) + 0.05) / (min(edge, paper) + 0.05) >= 3  # as WCAG asks of what is no text


def book(path: Path) -> Path:
    """Page 3 answers "herons", the pages around it do not."""
    pages = [f"Chapter {number}: otters and reeds." for number in range(1, 15)]
    pages[2] = "Herons stand in the water."
    return samples.pdf(path, pages)


def test_leafing_on_leaves_the_list_alone_and_the_page_can_be_judged(
    page: Page, server: Running, tmp_path: Path
) -> None:
    server.library.add([book(tmp_path / "book.pdf")])
    page.goto(f"{server.address}/?q=herons+in+water")
    page.locator(".hit", has_text="page 3").first.click()
    expect(page.locator(".keys")).to_contain_text("← → pages")
    expect(page.locator(".view .rate")).to_be_hidden()  # its card is in sight
    shown = page.locator(".hit:visible").count()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".view")).to_contain_text("page 4 of 14")
    assert page.locator(".hit:visible").count() == shown
    if not page.locator(".hit.on").count():
        expect(page.locator(".view .rate")).to_be_visible()
    page.keyboard.press("r")
    right = page.locator(".view [data-judge=right]")
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".toast")).to_contain_text("Kept as right")
    page.keyboard.press("ArrowRight")
    expect(right).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("ArrowLeft")
    expect(right).to_have_attribute("aria-pressed", "true")
    judged = [(label.corpus_id, label.relevant) for label in server.library.labels.list()]
    assert judged == [("book.pdf#page=4", True)]
    right.dispatch_event("click")  # once more takes it back
    expect(right).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit.on")).to_have_count(1)


def test_on_a_phone_the_open_page_is_judged(server: Running, tmp_path: Path, browser: Browser) -> None:
    server.library.add([book(tmp_path / "book.pdf")])
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(f"{server.address}/?q=herons+in+water")
    page.locator(".hit", has_text="page 3").first.tap()
    page.locator(".view [data-judge=right]").tap()
    expect(page.locator(".view [data-judge=right]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".toast")).to_contain_text("Kept as right")
    assert [label.corpus_id for label in server.library.labels.list()] == ["book.pdf#page=3"]
    page.locator(".view .close").tap()
    expect(page.locator(".hit.on [data-judge=right]")).to_have_attribute("aria-pressed", "true")
    phone.close()


def test_a_citation_is_copied(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([book(tmp_path / "book.pdf")])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server.address}/?q=herons+in+water")
    page.locator(".hit", has_text="page 3").first.click()
    page.locator(".view [data-act=cite]").click()
    expect(page.locator(".toast")).to_contain_text("Citation copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "“Herons stand in the water.” (book.pdf, page 3)"


def test_filters_that_leave_nothing_lead_back_to_everything(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([book(tmp_path / "book.pdf")])
    page.goto(f"{server.address}/?q=herons&kind=moment")
    expect(page.locator(".notices")).to_contain_text("Nothing is left to search with these filters.")
    page.locator("[data-act=everywhere]").click()
    expect(page.locator(".hit").first).to_contain_text("Herons")
    assert "kind=" not in page.url


def test_a_phone_shows_every_button_of_a_document_whole(server: Running, tmp_path: Path, browser: Browser) -> None:
    server.library.add([book(tmp_path / "book.pdf")])
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(f"{server.address}/?tab=library")
    page.locator(".doc").first.tap()
    expect(page.locator("dialog[open] .actions")).to_contain_text("Open file")
    cut = page.evaluate(
        """() => [...document.querySelectorAll('dialog[open] .actions .btn')]
            .filter(button => button.scrollWidth > button.clientWidth).map(button => button.innerText)"""
    )
    assert cut == []
    expect(page.locator("dialog[open] .actions a")).to_have_attribute("target", "_blank")
    phone.close()
