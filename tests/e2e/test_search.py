"""Search and Library in a real browser, beside the journey: the missing page, keys, zoom, dropped files, pause."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.e2e.test_journey import drop
from tests.ingest import samples
from tests.web import Running

DROP = """async ([name, data]) => {
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type: "application/pdf" }));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
        document.querySelector("main").dispatchEvent(event);
        if (kind === "dragover") await new Promise(done => setTimeout(done, 50));
        if (kind === "dragover" && !document.body.classList.contains("dropping")) throw new Error("nothing says drop here");
    }
}"""


def birds(tmp_path: Path) -> Path:
    return samples.pdf(
        tmp_path / "birds.pdf", ("Herons stand still in the reeds.", "Otters swim at dusk.", "Kingfishers dive.")
    )


def scans(tmp_path: Path, count: int = 12) -> Path:
    """A PDF of pages that are only pictures of words."""
    pages = [Image.new("RGB", (800, 600), "white") for _ in range(count)]
    for number, page in enumerate(pages):
        ImageDraw.Draw(page).text((60, 200), f"INVOICE {number} of the harbour office", fill="black", font_size=32)
    pages[0].save(tmp_path / "scans.pdf", save_all=True, append_images=pages[1:])
    return tmp_path / "scans.pdf"


def test_what_was_asked_can_be_asked_again(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([birds(tmp_path)])
    page.goto(server.address)
    lately = page.get_by_role("group", name="Asked lately")
    expect(page.locator(".idle .hint")).to_contain_text("3 pages")
    expect(lately).to_have_count(0)
    for question in ("herons", "<b>otters</b>"):
        page.locator("#q").fill(question)
        page.locator("#q").press("Enter")
        expect(page).to_have_title(f"{question} · Folioscope")
    page.goto(server.address)
    expect(lately.locator(".chip")).to_have_text(["<b>otters</b>", "herons"])
    lately.locator(".chip").last.click()
    expect(page).to_have_title("herons · Folioscope")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    page.locator("#q").fill("")
    page.locator("#q").press("Enter")
    expect(lately.locator(".chip").first).to_have_text("herons")


def test_a_slip_of_the_pen_is_offered_back(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([birds(tmp_path)])
    page.goto(f"{server.address}/?q=kingfisshers")
    page.locator(".notice-nothing").get_by_role("button", name="kingfishers").click()
    expect(page).to_have_title("kingfishers · Folioscope")
    expect(page.locator(".hit").first).to_contain_text("Kingfishers dive")
    expect(page.locator(".notice-nothing")).to_have_count(0)


def test_the_missing_page_is_found_and_taught(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([birds(tmp_path)])
    page.goto(f"{server.address}/?q=herons")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    page.locator(".hits [data-act=teach]").click()
    dialog = page.locator(".teach-dialog[open]")
    expect(dialog).to_contain_text("for “herons”")
    dialog.locator("input").fill("otters swim")
    dialog.locator("input").press("Enter")
    expect(dialog.locator(".found .hit").first).to_contain_text("page 2")
    expect(dialog.locator(".preview")).to_contain_text("birds.pdf · page 2 of 3")
    dialog.locator(".preview [aria-label=Next]").click()
    expect(dialog.locator(".preview")).to_contain_text("page 3 of 3")
    dialog.locator("[data-act=this-is-it]").click()
    expect(page.locator(".toast")).to_contain_text("Kept as right for this question")
    expect(dialog).to_have_count(0)
    judged = [(label.query, label.corpus_id, label.relevant) for label in server.library.labels.list()]
    assert judged == [("herons", "birds.pdf#page=3", True)]
    page.locator(".hits [data-act=teach]").click()  # leafing through a document without any words finds it again
    dialog.locator("input").fill("")
    dialog.locator("select").select_option("birds.pdf")
    expect(dialog.locator(".preview")).to_contain_text("page 1 of 3")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_u_takes_judgements_back_one_by_one(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([birds(tmp_path)])
    page.goto(f"{server.address}/?q=herons+otters")
    page.locator(".hit").first.click()
    page.keyboard.press("r")
    right = page.locator(".hit.on [data-judge=right]")
    wrong = page.locator(".hit.on [data-judge=wrong]")
    expect(right).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("w")
    expect(wrong).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("u")
    expect(right).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("u")
    expect(right).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".toast").last).to_contain_text("taken back")
    assert server.library.labels.list() == []


def test_zoom_and_escape(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([birds(tmp_path)])
    page.goto(f"{server.address}/?q=herons")
    page.locator(".hit").first.click()
    picture = page.locator(".view img.large")
    expect(picture).to_have_js_property("complete", True)
    wide, sharp = picture.evaluate("image => [image.clientWidth, image.naturalWidth]")
    page.keyboard.press("z")
    expect(page.locator(".view .zoom")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("wide => document.querySelector('.view img.large').clientWidth > 1.8 * wide", arg=wide)
    larger = "sharp => document.querySelector('.view img.large').naturalWidth > 1.8 * sharp"
    page.wait_for_function(larger, arg=sharp)  # drawn anew, not only stretched
    page.keyboard.press("Escape")
    expect(page.locator(".view .zoom")).to_have_text("Zoom")
    expect(picture).to_be_visible()
    picture.click()
    expect(page.locator(".view .zoom")).to_have_text("Fit")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".view")).to_be_hidden()
    assert "hit=" not in page.url
    page.keyboard.press("ArrowDown")
    expect(page.locator(".view")).to_be_visible()


def test_a_file_is_dropped_anywhere(page: Page, server: Running, tmp_path: Path) -> None:
    data = birds(tmp_path).read_bytes()
    page.evaluate(DROP, ["birds.pdf", base64.b64encode(data).decode()])
    expect(page.locator(".toast", has_text="1 file is being read")).to_be_visible()
    expect(page.locator("#q")).to_be_visible()
    assert not page.evaluate("document.body.classList.contains('dropping')")
    page.fill("#q", "otters")
    page.press("#q", "Enter")
    expect(page.locator(".hit").first).to_contain_text("birds.pdf")
    assert [document.name for document in server.library.documents.list()] == ["birds.pdf"]


def test_a_large_drop_is_stopped(page: Page, server: Running, tmp_path: Path) -> None:
    page.locator(".tabs [data-tab=library]").click()
    page.route("**/api/upload/**", lambda route: (time.sleep(0.2), route.continue_()))
    drop(page, *(samples.pdf(tmp_path / f"{n}.pdf", (f"Bird {n} stands still.",) * 20) for n in range(60)))
    line = page.locator("#tab-library .all-files")
    expect(line).to_contain_text("still to be sent")
    expect(page.locator("#tab-library .files .reading").first).to_be_visible()
    stop = line.get_by_role("button", name="Stop all")
    stop.focus()
    page.wait_for_timeout(1500)  # the rows change meanwhile
    page.keyboard.press("Enter")
    toast = page.locator(".toast", has_text="Stopped:")
    expect(toast).to_be_visible()
    stayed = server.library.documents.list()
    out = 60 - len(stayed)
    assert out > 20
    expect(toast).to_contain_text(f"{out} files left out")
    expect(page.locator("#tab-library .sending")).to_have_count(0)
    assert not list((server.library.path / "uploads").rglob("upload*"))
    assert server.library.documents.unfinished()[0] == 0
    if server.library.documents.unfinished()[1] > 1:
        line.get_by_role("button", name="Go on with all").click()
    expect(line).to_be_hidden()


def test_a_large_file_is_stopped_on_its_way(page: Page, server: Running, tmp_path: Path) -> None:
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    path = tmp_path / "large.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(9_000_000))
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", slow)
    page.locator(".tabs [data-tab=library]").click()
    drop(page, path)
    expect(page.locator("#tab-library .sending")).to_contain_text(re.compile("on its way · [1-9]"))
    page.locator("#tab-library").get_by_role("button", name="Stop all").click()
    expect(page.locator(".toast")).to_contain_text("Stopped: nothing was read yet, 1 file left out")
    expect(page.locator("#tab-library .all-files")).to_be_hidden()
    assert server.library.documents.list() == [] and server.library.documents.refusals() == []
    assert not list((server.library.path / "uploads").rglob("upload*"))


def test_a_file_that_did_not_arrive_can_be_sent_again(page: Page, server: Running, tmp_path: Path) -> None:
    page.route("**/api/upload/**", lambda route: route.abort())
    path = birds(tmp_path)
    drop(page, path)
    toast = page.locator(".toast", has_text="birds.pdf not sent: The connection broke.")
    expect(toast).to_be_visible()
    assert page.locator(".toast", has_text="the Library says why").count() == 0
    page.unroute("**/api/upload/**")
    toast.get_by_role("button", name="Try again").click()
    expect(page.locator(".toast", has_text="1 file is being read")).to_be_visible()
    server.library.documents.remove(["birds.pdf"])
    page.goto(f"{server.address}/?tab=library")
    drop(page, path)
    expect(page.locator(".toast")).to_have_text(re.compile("birds.pdf is back from the bin"))


def test_reading_pauses_and_goes_on(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([birds(tmp_path), scans(tmp_path)], wait=False)
    page.locator(".tabs [data-tab=library]").click()
    row = page.locator("#tab-library .reading", has_text="scans.pdf")
    row.locator("[data-act=pause]").click()
    expect(row.locator("[data-act=resume]")).to_be_visible()
    expect(row).to_contain_text("paused")
    page.reload()
    expect(row).to_contain_text("paused")
    row.locator("[data-act=resume]").click()
    expect(row).to_have_count(0, timeout=180_000)  # reading pictures takes a while
    expect(page.locator(".doc")).to_have_count(2)
    expect(page.locator(".kinds")).to_contain_text(re.compile("All 2"))
