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
