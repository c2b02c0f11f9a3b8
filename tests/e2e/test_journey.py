"""What a person does, in a real browser: drop, ask, look, watch, judge, delete, undo."""

from __future__ import annotations

import re
from pathlib import Path

import av
import numpy as np
from playwright.sync_api import Page, expect

from tests.ingest import samples
from tests.web import Running

EVIL = "<img src=x onerror=alert(1)>"


def film(path: Path, seconds: int = 12) -> Path:
    """A film of three plain scenes that browsers play."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(seconds * 10):
            colour = ((200, 30, 30), (30, 30, 200), (30, 160, 60))[number * 3 // (seconds * 10)]
            picture = np.full((120, 160, 3), colour, dtype=np.uint8)
            picture[10:40, 10 + number % 100 : 40 + number % 100] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def drop(page: Page, *paths: Path) -> None:
    tab = "#tab-library" if "tab=library" in page.url else "#tab-search"
    with page.expect_file_chooser() as chooser:
        page.locator(f"{tab} [data-act=choose]").click()
    chooser.value.set_files([str(path) for path in paths])


def ask(page: Page, question: str) -> None:
    page.fill("#q", question)
    page.press("#q", "Enter")


def finished(page: Page) -> None:
    expect(page.locator(".job")).to_be_hidden(timeout=60_000)  # reading text in pictures takes seconds
    expect(page.locator(".files .reading")).to_have_count(0)


def test_drop_ask_look_judge_delete_undo(page: Page, server: Running, tmp_path: Path) -> None:
    pages = ["The crimson valve of unit K-77 leaks at dawn."] + [f"Minutes of meeting {n}." for n in range(2, 40)]
    expect(page.locator(".hello h1")).to_have_text("Find the page, or the moment.")
    drop(page, samples.pdf(tmp_path / "valve.pdf", pages), samples.picture(tmp_path / "red.png", size=(300, 200)))
    expect(page.locator("#q")).to_be_visible()
    ask(page, "crimson valve")  # while it is still being read: the answer comes by itself

    card = page.locator(".hit", has_text="valve.pdf").first
    expect(card).to_contain_text("crimson valve")
    expect(card.locator("mark").first).to_have_text("crimson valve")
    expect(page.locator(".summary")).to_have_text(
        re.compile(r"^\d+ pages? (and|or) moments? searched in \d+(\.\d)? m?s$")
    )

    card.click()
    view = page.locator(".view")
    expect(view).to_contain_text("valve.pdf")
    expect(view.locator("img.large")).to_have_js_property("complete", True)
    assert view.locator("img.large").evaluate("image => image.naturalWidth") > 300
    assert "hit=valve.pdf%23page%3D1" in page.url

    page.locator(".view [aria-label='Next page']").click()
    expect(view).to_contain_text("page 2 of 39")
    page.go_back()
    page.reload()
    expect(page.locator(".hit.on")).to_contain_text("crimson valve")

    page.keyboard.press("r")
    right = page.locator(".hit.on [data-judge=right]")
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".toast")).to_contain_text("right")
    assert [label.relevant for label in server.library.labels.list()] == [True]
    page.locator(".toast >> text=Undo").last.click()
    expect(right).to_have_attribute("aria-pressed", "false")

    page.locator(".tabs [data-tab=library]").click()
    finished(page)
    page.locator(".doc", has_text="valve.pdf").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("#new-tag").fill("plant")
    dialog.locator("#new-tag").press("Enter")
    expect(dialog.locator(".tag")).to_contain_text("plant")
    dialog.locator("[data-act=delete]").click()
    expect(page.locator(".doc", has_text="valve.pdf")).to_have_count(0)
    expect(page.locator(".kinds")).to_contain_text("Bin 1")
    page.locator(".toast >> text=Undo").last.click()
    expect(page.locator(".doc", has_text="valve.pdf")).to_be_visible()
    expect(page.locator(".doc .tag")).to_have_text("plant")

    page.locator(".doc", has_text="valve.pdf").click()
    page.locator("[data-act=delete-for-good]").click()
    page.locator("dialog[open] >> text=Keep it").click()
    page.locator("[data-act=delete-for-good]").click()
    page.locator("dialog[open] .full").click()
    expect(page.locator(".doc")).to_have_count(1)
    assert server.library.documents.counts()["deleted"] == 0


def test_a_moment_plays_at_its_second(page: Page, tmp_path: Path) -> None:
    drop(page, film(tmp_path / "scenes.mp4"))
    expect(page.locator("#q")).to_be_visible()
    page.locator(".chips [data-kind=moment]").click()
    last = page.locator(".hit", has_text=re.compile("moment at 0:0[4-9]")).first
    for _ in range(120):  # its moments answer one after the other
        ask(page, "green scene")
        page.wait_for_timeout(500)
        if last.count():
            break
    if page.locator("[data-act=weaker]").count():
        page.locator("[data-act=weaker]").click()
    start = int(re.search(r"moment at 0:0(\d)", last.inner_text())[1])  # type: ignore[index]
    last.click()
    video = page.locator(".view video")
    expect(video).to_be_visible()
    page.wait_for_function("start => document.querySelector('.view video')?.currentTime >= start", arg=start)
    assert video.evaluate("video => video.currentTime") < start + 6
    assert video.evaluate("video => video.error") is None
    expect(page.locator(".view .open")).to_have_attribute("href", re.compile(rf"^/media/[0-9a-f]+#t={start}"))


def test_a_sent_link_opens_the_page_and_back_leads_back(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add([samples.pdf(tmp_path / "100% #1.pdf", ("Herons stand still.", "Otters swim."))])
    page.goto(f"{server.address}/?q=otters&hit=100%2525%20%25231.pdf%23page%3D2")
    expect(page.locator(".view")).to_contain_text("page 2 of 2")
    expect(page.locator("#q")).to_have_value("otters")
    ask(page, "herons")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    page.go_back()
    expect(page.locator("#q")).to_have_value("otters")
    expect(page.locator(".view")).to_contain_text("page 2 of 2")
    expect(page).to_have_title("otters · Folioscope")  # the title follows the answer


def test_hostile_names_and_words_are_shown_and_never_run(page: Page, server: Running, tmp_path: Path) -> None:
    server.library.add(
        [samples.pdf(tmp_path / f"{EVIL}.pdf", (f"crimson {EVIL} </p><script>alert(2)</script>",))], tags=[EVIL]
    )
    page.goto(f"{server.address}/?q=crimson+{EVIL}&tag={EVIL}")
    expect(page.locator(".hit .where b").first).to_have_text(f"{EVIL}.pdf")
    page.locator(".hit").first.click()
    expect(page.locator(".view .title b")).to_have_text(f"{EVIL}.pdf")
    page.locator(".tabs [data-tab=library]").click()
    page.locator(".doc").first.click()
    expect(page.locator("dialog h2")).to_have_text(f"{EVIL}.pdf")
    page.locator("dialog [data-act=delete]").click()
    expect(page.locator(".toast")).to_contain_text(EVIL)
    page.fill("#filter", EVIL)
    expect(page.locator(".shelf-note")).to_contain_text("Nothing here yet")
    assert page.locator("img[src=x]").count() == 0


def test_a_refused_file_says_why_until_dismissed(page: Page, tmp_path: Path) -> None:
    page.locator(".tabs [data-tab=library]").click()
    drop(page, samples.office(tmp_path / "plan.docx"))
    row = page.locator("#tab-library .refused")
    expect(row).to_contain_text("plan.docx")
    expect(row).to_contain_text("PDF")
    page.reload()
    expect(row).to_contain_text("plan.docx")
    row.locator("[data-act=dismiss]").click()
    expect(row).to_have_count(0)


def test_several_refused_files_are_dismissed_at_once(page: Page, tmp_path: Path) -> None:
    page.locator(".tabs [data-tab=library]").click()
    drop(page, samples.office(tmp_path / "plan.docx"), samples.office(tmp_path / "sums.xlsx", "xl/workbook.xml"))
    expect(page.locator("#tab-library .files")).to_contain_text("2 files were not added")
    page.locator("#tab-library [data-act=dismiss-all]").click()
    expect(page.locator("#tab-library .files")).to_be_hidden()


def test_a_phone_opens_the_page_full_screen(server: Running, tmp_path: Path, browser) -> None:  # type: ignore[no-untyped-def]
    server.library.add([samples.pdf(tmp_path / "valve.pdf", ("The crimson valve leaks.", "Otters swim."))])
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(f"{server.address}/?q=crimson+valve")
    page.locator(".hit").first.tap()
    view = page.locator(".view")
    expect(view).to_be_visible()
    assert view.evaluate("view => view.getBoundingClientRect().height") == 844
    page.go_back()
    expect(view).to_be_hidden()
    expect(page.locator(".hit").first).to_be_visible()
    small = page.evaluate(
        """() => [...document.querySelectorAll('.folio button, .folio a, .folio select')].filter(thing => {
            const box = thing.getBoundingClientRect();
            return box.width && box.height && box.height < 40 && !thing.matches('.skip');
        }).map(thing => thing.outerHTML)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
