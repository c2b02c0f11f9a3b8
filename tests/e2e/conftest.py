"""A real Chromium and a running Folioscope. Without a Chromium these tests fail and say how to get one: they never skip."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright

from tests.web import Running, running

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = (
    "No Chromium was found for the browser tests. On Debian or Ubuntu: apt-get install -y chromium fonts-dejavu-core. "
    "Elsewhere: python -m playwright install --with-deps chromium. Or set FOLIOSCOPE_CHROMIUM to its path."
)
WAIT_MS = 60_000  # for the slowest machines; a passing test waits for nothing
expect.set_options(timeout=WAIT_MS)


def launch(playwright: Playwright) -> Browser:
    """The Chromium named by FOLIOSCOPE_CHROMIUM, on the path, or playwright's own."""
    named = os.environ.get("FOLIOSCOPE_CHROMIUM") or next(
        (path for name in NAMES if (path := shutil.which(name))), None
    )
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has no sandbox to be in
    try:
        return playwright.chromium.launch(executable_path=named, args=flags)
    except Error as error:
        pytest.fail(f"{REMEDY}\n{error}", pytrace=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as it:
        yield it


class Watched:
    """A page whose every request stays at home and whose scripts never complain: checked when the test ends."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self._asked(request.url, address))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}") or dialog.dismiss())

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.strangers.append(url)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1360, "height": 900})
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, server: Running) -> Iterator[Page]:
    watched = Watched(context, server.address)
    watched.page.goto(server.address)
    watched.page.wait_for_selector("body.ready")
    yield watched.page
    assert watched.strangers == []
    assert watched.complaints == []
