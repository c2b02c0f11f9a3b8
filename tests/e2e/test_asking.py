"""Asking in a real browser: the keys of the question box, and what happens when nothing can answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ingest import samples
from tests.web import Running

PAGES = ("Herons stand still in the reeds.", "Otters swim at dusk.", "Kingfishers dive.")
# where the line lies, and its Undo: at once, for it goes after some seconds
LOOK_AND_UNDO = """() => {
    const toasts = [...document.querySelectorAll(".toast")], box = (what) => what.getBoundingClientRect();
    if (!toasts.length) return null;
    const { bottom, left } = box(toasts[0]), said = toasts.map((toast) => toast.querySelector("span").textContent);
    toasts[0].querySelector(".link").click();
    return [said, bottom, left, box(document.querySelector(".top")).bottom, box(document.querySelector(".tabs")).right];
}"""


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


def test_one_line_tells_of_judgements_and_covers_none_of_their_buttons(page: Page, birds: Running) -> None:
    page.goto(f"{birds.address}/?q=herons+otters+kingfishers")
    expect(page.locator(".hit")).to_have_count(3)
    page.locator(".hit").first.click()
    for _ in range(3):
        page.keyboard.press("r")
        expect(page.locator(".hit.on [data-judge=right]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("ArrowDown")
    said, bottom, left, bar, tabs = page.wait_for_function(LOOK_AND_UNDO).json_value()
    assert said == ["Kept as right for this question"]
    assert bottom <= bar and left > tabs
    toast = page.locator(".toast")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text("taken back")
    with page.expect_response("**/api/judge"):
        page.keyboard.press("u")
    expect(page.locator("#tab-search .hit [data-judge=right][aria-pressed=true]")).to_have_count(1)
    assert [label.relevant for label in birds.library.labels.list()] == [True]


def test_a_phone_shows_find_beside_a_long_name(server: Running, tmp_path: Path, browser: Browser) -> None:
    name = f"{'the annual report of the harbour office ' * 3}.pdf"
    server.library.add([samples.pdf(tmp_path / name, PAGES)])
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(f"{server.address}/?q=herons")
    page.locator(".hits [data-act=teach]").tap()
    dialog = page.locator(".teach-dialog")
    dialog.locator("select").select_option(name)
    for box in (dialog.get_by_role("button", name="Find").bounding_box(), dialog.locator("select").bounding_box()):
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        assert box["width"] >= 40 and box["height"] >= 40
    assert page.evaluate("document.querySelector('.teach-dialog .found').scrollWidth") <= 390
    phone.close()


def test_a_link_to_what_is_gone_leads_on(page: Page, birds: Running) -> None:
    page.goto(f"{birds.address}/?hit=NOPE.pdf%23page%3D999")
    notice = page.locator(".notices .wrong")
    expect(notice).to_contain_text("There is no page NOPE.pdf#page=999. It may have been deleted.")
    expect(page.locator(".idle .hint")).to_be_visible()
    notice.locator("a").click()
    expect(page.locator(".doc")).to_have_count(1)

    page.goto(f"{birds.address}/?q=herons&hit=NOPE.pdf")
    expect(notice).to_contain_text("There is no page NOPE.pdf. It may have been deleted.")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    assert "NOPE" not in page.url

    page.goto(f"{birds.address}/?q=herons&document=gone.pdf")
    expect(notice).to_contain_text("There is no document named gone.pdf. It may have been deleted.")
    notice.get_by_role("button", name="Search everything").click()
    expect(page.locator(".hit").first).to_contain_text("Herons")
    expect(notice).to_have_count(0)

    page.goto(f"{birds.address}/?tab=library&doc=zzz")
    expect(page.locator(".toast")).to_contain_text("There is no document named zzz. It may have been deleted.")
    expect(page.locator(".doc")).to_have_count(1)


def test_what_nobody_answered_is_asked_again(page: Page, birds: Running) -> None:
    page.goto(birds.address)
    expect(page.locator("#q")).to_be_focused()
    page.route("**/api/**", lambda route: route.abort())
    page.fill("#q", "herons")
    page.press("#q", "Enter")
    notice = page.locator(".notices .wrong")
    expect(notice).to_contain_text("Folioscope does not answer")
    notice.get_by_role("button", name="Ask again").click()
    expect(notice).to_contain_text("Folioscope does not answer")
    page.unroute("**/api/**")
    expect(page.locator(".hit").first).to_contain_text("Herons")
    expect(notice).to_have_count(0)


def test_another_tab_shows_what_was_judged_here(page: Page, birds: Running) -> None:
    page.goto(f"{birds.address}/?q=herons+otters")
    first, second = (page.locator(f".hit[data-id$='page={number}'] [data-judge=right]") for number in (1, 2))
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".toast")).to_be_visible()
    birds.library.labels.set("herons otters", "birds.pdf#page=1", True)
    birds.library.labels.set("herons otters", "birds.pdf#page=2", None)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as coming back to a tab does
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(second).to_have_attribute("aria-pressed", "false")
    birds.library.labels.set("herons otters", "birds.pdf#page=1", False)
    page.press("#q", "Enter")  # asking again tells, too
    expect(page.locator(".hit [data-judge=wrong][aria-pressed=true]")).to_have_count(1)
