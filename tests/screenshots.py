"""Pictures of the app with the samples, for docs/screens: python -m tests.screenshots OUT [improve]  (needs a Chromium)

`improve`: those of that tab alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import folioscope_samples
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
IMPROVE = "/?tab=improve"
ASKED = (
    "who signed the permit for berth 14",
    "when do the riders leave the yard?",
    "tightening torque of the cradle bolts",
    "how warm is the dough in the morning",
    "a red bicycle in front of a wall",
    "what was decided in week 38",
)
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


def first_minutes(camera: Camera) -> None:
    """An empty library, the samples on their way."""
    with camera.at("/") as page:
        page.wait_for_selector(".hello:not([hidden])")
        camera.take(page, "first")
        page.click("[data-act=samples]")
        page.wait_for_selector(".asking:not([hidden])")
        page.fill("#q", "tightening torque of the cradle bolts")
        page.press("#q", "Enter")
        page.wait_for_selector(".hit")
        page.screenshot(path=camera.out / "waiting.png")
        page.click(".tabs [data-tab=library]")
        page.wait_for_selector("#tab-library .reading")
        page.wait_for_timeout(1500)
        page.screenshot(path=camera.out / "reading.png")


def search_screens(camera: Camera, library: Library, folder: Path) -> None:
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
    (folder / "empty.pdf").touch()
    samples.pdf(folder / "locked.pdf", encryption=5, user_pw="secret", owner_pw="secret")
    samples.office(folder / "minutes.docx")
    with camera.at("/?tab=library") as page:
        with page.expect_file_chooser() as chooser:
            page.locator("#tab-library [data-act=choose]").click()
        chooser.value.set_files([str(folder / name) for name in ("empty.pdf", "locked.pdf", "minutes.docx")])
        page.wait_for_function("document.querySelectorAll('#tab-library .refused').length >= 3")
        camera.take(page, "error")


def judged() -> list[tuple[str, str]]:
    """(question, corpus id) of the samples' judgements."""
    folder = folioscope_samples.judged()
    lines = (folder / "queries.jsonl").read_text("utf-8").splitlines()
    texts = {row["id"]: row["text"] for row in map(json.loads, lines)}
    rows = [line.split("\t") for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]]
    return [(texts[query], corpus_id) for query, corpus_id, _ in rows]


def improve_screens(camera: Camera, library: Library) -> None:
    """Judge some, look; judge all, retrain, look on; the verdict."""
    known = judged()
    for query, corpus_id in known[:24]:
        library.labels.set(query, corpus_id, True)
    library.labels.set(known[0][0], "crew-handbook.pdf#page=2", False)
    with camera.at("/") as page:
        for query in ASKED:
            page.fill("#q", query)
            with page.expect_response("**/api/asked"):
                page.press("#q", "Enter")
        page.locator(".hits [data-act=teach]").click()
        page.wait_for_selector(".teach-dialog .preview img")
        camera.take(page, "teach")
    queue = ".queue .pic.large img"
    camera.shot("improve", IMPROVE, queue)
    camera.shot("improve-dark", IMPROVE, queue, dark=True)
    camera.shot("phone-improve", IMPROVE, queue, PHONE)
    for query, corpus_id in known:
        library.labels.set(query, corpus_id, True)
    with camera.at(IMPROVE) as page:
        page.click(".call [data-act=train]")
        page.wait_for_selector(".running .now:has-text('Learning'), .running .now:has-text('General questions')")
        page.screenshot(path=camera.out / "training.png")  # at once: learning takes some seconds
        page.wait_for_selector(".verdict .lead")
    camera.shot("verdict", IMPROVE, ".verdict .plot")
    camera.shot("verdict-dark", IMPROVE, ".verdict .plot", dark=True)
    camera.shot("phone-verdict", IMPROVE, ".verdict .plot", PHONE)


def main(out: Path, only: str = "") -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as (address, library),
        sync_playwright() as player,
    ):
        camera = Camera(launch(player), address, out)
        if only == "improve":
            library.add([folioscope_samples.folder()], copy=True)
        else:
            first_minutes(camera)
        library.prepare()
        for job in library.jobs.list():
            library.jobs.wait(job.id)
        if not only:
            search_screens(camera, library, Path(folder))
        improve_screens(camera, library)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
