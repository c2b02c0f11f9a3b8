"""The Library in a real browser: the shelf as it fills."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.ingest import samples
from tests.web import Running


def birds(tmp_path: Path) -> Path:
    return samples.pdf(tmp_path / "birds.pdf", ("Herons stand still in the reeds.", "Otters swim at dusk."))


def test_what_was_read_while_search_was_shown_stands_on_the_shelf(page: Page, server: Running, tmp_path: Path) -> None:
    expect(page.locator(".hello")).to_be_visible()
    with page.expect_response("**/api/library*"):  # the start page draws the rows of files
        server.library.add([birds(tmp_path)])
    expect(page.locator(".idle .hint")).to_contain_text("2 pages")
    expect(page.locator(".job")).to_be_hidden()
    page.locator(".tabs [data-tab=library]").click()
    expect(page.locator(".doc")).to_have_count(1)
    expect(page.locator(".kinds")).to_contain_text("All 1")
    expect(page.locator(".total")).to_contain_text("2 pages and moments")


def test_the_address_keeps_how_the_shelf_is_filtered(page: Page, server: Running, tmp_path: Path) -> None:
    pictures = [samples.picture(tmp_path / f"{name}.png", size=(60, 40 + len(name))) for name in ("red", "blue")]
    server.library.add([birds(tmp_path), *pictures])
    page.goto(f"{server.address}/?tab=library")
    page.locator(".kinds [data-kind=image]").click()
    page.locator("#order").select_option("name")
    page.fill("#filter", "r")
    names = page.locator(".doc b")
    expect(names).to_have_text(["red.png"])
    page.reload()
    expect(names).to_have_text(["red.png"])
    expect(page.locator("#filter")).to_have_value("r")
    expect(page.locator("#order")).to_have_value("name")
    expect(page.locator(".kinds .on")).to_contain_text("Pictures")
    page.locator(".doc").click()
    expect(page.locator("dialog[open] h2")).to_have_text("red.png")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator(".tabs [data-tab=search]").click()
    expect(page.locator("#q")).to_be_visible()
    assert page.url == f"{server.address}/"
    page.locator(".tabs [data-tab=library]").click()  # as it was left
    expect(names).to_have_text(["red.png"])
    assert "kind=image" in page.url
    page.fill("#filter", "")
    expect(names).to_have_text(["blue.png", "red.png"])
    page.go_back()
    expect(page.locator("#q")).to_be_visible()
    page.go_back()
    expect(names).to_have_text(["red.png"])  # the filter of that time
    expect(page.locator("#filter")).to_have_value("r")
    server.library.documents.remove(["birds.pdf"])
    page.goto(f"{server.address}/?tab=library&bin=1")
    expect(names).to_have_text(["birds.pdf"])
