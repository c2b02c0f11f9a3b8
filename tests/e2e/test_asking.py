"""Asking in a real browser: the keys of the question box, and what happens when nothing can answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.ingest import samples
from tests.web import Running

PAGES = ("Herons stand still in the reeds.", "Otters swim at dusk.", "Kingfishers dive.")


@pytest.fixture
def birds(server: Running, tmp_path: Path) -> Running:
    server.library.add([samples.pdf(tmp_path / "birds.pdf", PAGES)])
    return server


def test_escape_leaves_the_question_box_and_keeps_the_answers(page: Page, birds: Running) -> None:
    page.goto(f"{birds.address}/?q=herons")
    box = page.locator("#q")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    box.fill("herons and")
    box.press("Escape")
    expect(box).not_to_be_focused()
    expect(box).to_have_value("herons")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    assert "q=herons" in page.url
    page.locator(".hit").first.click()
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator(".view")).to_be_visible()
    page.keyboard.press("Escape")  # the second one means the page
    expect(page.locator(".view")).to_be_hidden()
    expect(box).to_have_value("herons")
    box.fill("")
    box.press("Enter")
    expect(page.locator(".hit")).to_have_count(0)
    expect(page.locator(".idle")).to_be_visible()
    box.fill("swimming")  # nothing is asked yet: what was typed stays
    box.press("Escape")
    expect(box).to_have_value("swimming")
    expect(box).not_to_be_focused()


def test_the_cross_of_the_question_box_clears_it(page: Page, birds: Running) -> None:
    page.goto(f"{birds.address}/?q=herons")
    box = page.locator("#q")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    box.click()  # the cross is drawn where the pointer or the caret is
    place = box.bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + place["width"] - 12, place["y"] + place["height"] / 2)
    expect(box).to_have_value("")
    expect(page.locator(".hit")).to_have_count(0)
    assert "q=" not in page.url


def test_escape_closes_the_dialog_that_finds_the_right_page(page: Page, birds: Running) -> None:
    page.goto(f"{birds.address}/?q=herons")
    page.locator(".hits [data-act=teach]").click()
    words = page.locator(".teach-dialog input")
    expect(words).to_be_focused()
    expect(page.locator(".teach-dialog .found .hit").first).to_be_visible()
    words.press("Escape")
    expect(page.locator(".teach-dialog[open]")).to_have_count(0)
    expect(page.locator(".hit").first).to_contain_text("Herons")
