"""Pictures of the app with the samples, for docs/screens: python -m tests.screenshots OUT  (needs a Chromium)"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from retrieval.library import Library
from tests.e2e.conftest import launch
from tests.ingest import samples
from tests.web import free_port

DESKTOP = {"width": 1360, "height": 900}
SETTLE_MS = 6000
SEEN = """() => [...document.images].every(image => {
    const box = image.getBoundingClientRect();
    return image.complete || !box.width || box.top > innerHeight || box.bottom < 0;
})"""
PHONE = {"width": 390, "height": 844}
PAGE = "/?q=tightening+torque+of+the+cradle+bolts"
MOMENT = "/?q=when+do+the+riders+leave+the+yard%3F"
NOTHING = "/?q=recipe+for+a+chocolate+fountain+on+the+moon"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Library]]:
    """The real thing: the built-in model and a worker of its own."""
    from ui.server import build_server

    with Library(folder / "library") as library:
        port = free_port()
        config = uvicorn.Config(
            build_server(library), port=port, log_level="error", ws="none", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", library
        server.should_exit = True
        thread.join()


class Camera:
    def __init__(self, browser: Browser, address: str, out: Path) -> None:
        self.browser, self.address, self.out = browser, address, out

    @contextmanager
    def at(self, path: str, size: dict[str, int] = DESKTOP, dark: bool = False) -> Iterator[Page]:
        phone = size is PHONE
        scheme = "dark" if dark else "light"
        context = self.browser.new_context(viewport=size, color_scheme=scheme, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(300_000)
        page.goto(self.address + path)
        page.wait_for_selector("body.ready")
        yield page
        context.close()

    def take(self, page: Page, name: str) -> None:
        page.wait_for_function(SEEN)
        page.wait_for_timeout(SETTLE_MS)  # the marked place comes after the page
        page.screenshot(path=self.out / f"{name}.png")
        print(name, flush=True)

    def shot(self, name: str, path: str, wait: str, size: dict[str, int] = DESKTOP, dark: bool = False) -> None:
        with self.at(path, size, dark) as page:
            page.wait_for_selector(wait)
            if size is DESKTOP and "q=" in path and not page.locator(".view").is_visible() and "nothing" not in name:
                page.locator(".hit").first.click()  # nothing fits well enough to be opened by itself
                page.wait_for_selector(".view img.large, .view video")
            self.take(page, name)


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as (address, library),
        sync_playwright() as player,
    ):
        camera = Camera(launch(player), address, out)
        with camera.at("/") as page:
            page.wait_for_selector(".hello:not([hidden])")
            camera.take(page, "first")
            page.click("[data-act=samples]")
            page.wait_for_selector(".asking:not([hidden])")
            page.fill("#q", "tightening torque of the cradle bolts")
            page.press("#q", "Enter")
            page.wait_for_selector(".hit")
            page.screenshot(path=out / "waiting.png")
            page.click(".tabs [data-tab=library]")
            page.wait_for_selector("#tab-library .reading")
            page.wait_for_timeout(1500)
            page.screenshot(path=out / "reading.png")
        library.prepare()
        for job in library.jobs.list():
            library.jobs.wait(job.id)
        camera.shot("search", PAGE, ".hit")
        camera.shot("search-dark", PAGE, ".hit", dark=True)
        camera.shot("moment", MOMENT, ".hit")
        camera.shot("nothing", NOTHING, ".notice-nothing")
        camera.shot("library", "/?tab=library", ".doc")
        camera.shot("library-dark", "/?tab=library", ".doc", dark=True)
        camera.shot("phone-search", PAGE, ".hit", PHONE)
        camera.shot("phone-library", "/?tab=library", ".doc", PHONE)
        with camera.at(PAGE, PHONE) as page:
            page.locator(".hit").first.tap()
            page.wait_for_selector(".view img.large")
            camera.take(page, "phone-page")
        with camera.at("/?tab=library") as page:
            page.locator(".doc").first.click()
            page.wait_for_selector("dialog[open] .cover img")
            camera.take(page, "document")
        bad = Path(folder)
        (bad / "empty.pdf").touch()
        samples.pdf(bad / "locked.pdf", encryption=5, user_pw="secret", owner_pw="secret")
        samples.office(bad / "minutes.docx")
        with camera.at("/?tab=library") as page:
            with page.expect_file_chooser() as chooser:
                page.locator("#tab-library [data-act=choose]").click()
            chooser.value.set_files([str(bad / name) for name in ("empty.pdf", "locked.pdf", "minutes.docx")])
            page.wait_for_function("document.querySelectorAll('#tab-library .refused').length >= 3")
            camera.take(page, "error")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
