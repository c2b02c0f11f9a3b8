"""Improve in a real browser: judge by keyboard, retrain, see the verdict, promote, search, go back; and what is refused."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from retrieval.types import Label
from tests.e2e.legible import faint
from tests.ingest import samples
from tests.retrieval.taught import teach
from tests.web import Running

BIRDS = (
    "heron", "otter", "kingfisher", "lapwing", "curlew", "gannet", "puffin", "osprey", "bittern", "avocet", "plover", "dunlin",
)  # fmt: skip
RIGHT_AWAY = ("heron", "otter", "kingfisher")


@pytest.fixture
def birds(server: Running, tmp_path: Path) -> Running:
    pages = [f"The {bird} of pool {number} is counted at dawn." for number, bird in enumerate(BIRDS)]
    server.library.add([samples.pdf(tmp_path / "birds.pdf", pages)])
    return server


def judge(server: Running, birds: tuple[str, ...]) -> None:
    for bird in birds:
        server.library.labels.set(f"where is the {bird} counted", f"birds.pdf#page={BIRDS.index(bird) + 1}", True)


def ask_and_judge(page: Page, bird: str) -> None:
    page.fill("#q", f"where is the {bird} counted")
    page.press("#q", "Enter")
    expect(page).to_have_title(f"where is the {bird} counted · Folioscope")  # the title follows the answer
    page.locator(".hit", has_text=bird).first.click()
    page.keyboard.press("r")
    expect(page.locator(".hit.on [data-judge=right]")).to_have_attribute("aria-pressed", "true")


def judged(server: Running, count: int) -> list[Label]:
    """The judgements as soon as there are so many: the page shows one before the server has it."""
    end = time.monotonic() + 20
    while len(found := list(server.library.labels.list())) < count and time.monotonic() < end:
        time.sleep(0.05)
    return found


def improve(page: Page) -> None:
    page.locator(".tabs [data-tab=improve]").click()
    expect(page.locator("#tab-improve")).to_be_visible()


def test_the_whole_loop(page: Page, birds: Running) -> None:
    judge(birds, BIRDS[len(RIGHT_AWAY) :])
    page.goto(birds.address)
    for bird in RIGHT_AWAY:
        ask_and_judge(page, bird)
    expect(page.locator(".tabs [data-tab=improve] .n")).to_have_text("12")

    improve(page)
    expect(page.locator(".judged-count")).to_have_text("12 questions judged")
    expect(page.locator(".versions .on")).to_contain_text("as shipped")
    page.locator(".call summary").click()
    page.locator("[data-setting=map_steps]").fill("20")  # enough for twelve questions, and soon over
    page.locator(".call [data-act=train]").click()
    expect(page.locator(".running, .verdict").filter(visible=True)).to_be_visible()
    page.reload()
    verdict = page.locator(".verdict")
    expect(verdict).to_be_visible(timeout=240_000)
    expect(verdict.locator(".lead")).to_have_text(re.compile(r"Better|better|Worse|worse|Too few|No gain|No clear"))
    expect(verdict.locator("tbody tr").first).to_contain_text("NDCG@10")
    assert faint(page) == []
    page.reload()  # a verdict waits until somebody decides
    expect(verdict.locator(".lead")).to_be_visible()
    trained = birds.library.training.progress().verdict
    assert trained is not None

    verdict.locator("[data-act=promote]").click()
    doubt = verdict.locator(".sure")
    recommended = birds.library.models.verdict(trained)
    assert recommended is not None
    if not recommended.recommended:
        expect(doubt).to_contain_text("You can go back at any time.")
        verdict.locator("text=Keep the one in use").click()
        assert birds.library.models.current.id == "builtin"
        verdict.locator("[data-act=promote]").click()
        verdict.locator("text=Promote all the same").click()
    expect(page.locator(".toast", has_text="answers now")).to_be_visible()
    expect(page.locator(".versions .on")).to_contain_text("in use since")
    assert birds.library.models.current.id == trained

    page.locator(".tabs [data-tab=search]").click()
    page.fill("#q", "where is the gannet counted")
    page.press("#q", "Enter")
    expect(page.locator(".hit .said").first).to_contain_text("gannet")

    improve(page)
    page.locator(".versions [data-act=back-to][data-model=builtin]").click()
    expect(page.locator(".versions .on")).to_contain_text("as shipped")
    assert birds.library.models.current.id == "builtin"
    page.locator(".toast >> text=Go back").click()  # an unwanted click on it is undone as well
    expect(page.locator(".versions .on")).not_to_contain_text("as shipped")  # the row before says "in use since" too
    expect(page.locator(".versions .on")).to_contain_text("in use since")
    assert birds.library.models.current.id == trained


def test_going_back_asks_first_while_a_verdict_waits(page: Page, birds: Running) -> None:
    old = teach(birds.library, 1)
    birds.library.models.promote(old)
    birds.library.models.rollback()
    new = teach(birds.library, 2)
    improve(page)
    verdict = page.locator(".verdict [data-act=promote]")
    expect(verdict).to_be_visible()
    row = page.locator(".versions li", has_text="Model 1")
    row.locator("[data-act=back-to]").click()
    expect(row.locator(".sure")).to_contain_text("waits for your decision")
    row.locator("text=Decide first").click()
    expect(verdict).to_be_visible()
    assert birds.library.models.current.id == "builtin"
    assert birds.library.training.progress().verdict == new
    row.locator("text=Go back to this").click()
    row.locator("text=Go on all the same").click()
    expect(page.locator(".versions .on")).to_contain_text("Model 1")
    assert birds.library.models.current.id == old
    expect(page.locator(".versions li", has_text="Model 2")).to_contain_text("Use this")
    expect(verdict).to_be_hidden()


def test_too_few_is_refused_kindly(page: Page, birds: Running) -> None:
    judge(birds, BIRDS[:5])
    improve(page)
    expect(page.locator(".prospects")).to_contain_text("3 more and a retrain is possible")
    page.locator(".call [data-act=train]").click(force=True)  # it looks unready, and says why when it is pressed
    expect(page.locator(".refusal")).to_contain_text("3")
    assert birds.library.training.progress().job is None


def test_a_retrain_is_cancelled(page: Page, birds: Running) -> None:
    judge(birds, BIRDS)
    improve(page)
    page.locator(".call summary").click()
    page.locator("[data-setting=map_steps]").fill("200000")
    page.locator(".call [data-act=train]").click()
    page.locator(".running [data-act=cancel]").click()
    expect(page.locator(".call")).to_be_visible()
    expect(page.locator(".told .banner")).to_contain_text("Nothing has changed")
    page.reload()
    expect(page.locator(".told .banner")).to_contain_text("Nothing has changed")
    page.locator("[data-act=dismiss-ended]").click()
    page.reload()
    expect(page.locator(".judged-count")).to_have_text("12 questions judged")
    expect(page.locator(".told .banner")).to_have_count(0)
    assert [model.id for model in birds.library.models.list()] == ["builtin"]


def test_the_queue_by_keyboard(page: Page, birds: Running) -> None:
    page.goto(birds.address)
    for bird in BIRDS[:4]:
        page.fill("#q", f"where is the {bird} counted")
        with page.expect_response("**/api/asked"):
            page.press("#q", "Enter")
    improve(page)
    counter = page.locator(".queue .counter")
    expect(counter).to_contain_text("Question 1 of 4 that would teach most")
    asked = page.locator(".queue .lead").inner_text()
    page.keyboard.press("r")
    expect(counter).to_contain_text("Question 2 of 4")
    page.keyboard.press("w")
    expect(counter).to_contain_text("Question 3 of 4")
    page.reload()  # the same question stands there again
    expect(counter).to_contain_text("Question 3 of 4")
    page.keyboard.press("s")
    expect(counter).to_contain_text("Question 4 of 4")
    page.keyboard.press("w")
    expect(page.locator(".queue h2")).to_have_text("That is all for now")
    expect(page.locator(".judged-count")).to_have_text("1 question judged")
    labels = {label.query: label.relevant for label in judged(birds, 3)}
    assert sorted(labels.values()) == [False, False, True]
    assert labels[asked.strip("“”")] is True
    page.keyboard.press("u")  # this visit's only one: the reload began a new one
    expect(counter).to_contain_text("Question 4 of 4")
    expect(page.locator(".judged tbody tr")).to_have_count(2)
    page.locator(".judged [data-act=undo]").first.click()
    expect(page.locator(".judged tbody tr")).to_have_count(1)


def test_a_judgement_leads_to_its_answer(page: Page, birds: Running) -> None:
    judge(birds, BIRDS[:2])
    improve(page)
    page.locator(".judged a", has_text="birds.pdf, page 2").click()
    expect(page.locator("#q")).to_have_value("where is the otter counted")
    expect(page.locator(".view")).to_contain_text("page 2 of 12")
    expect(page.locator(".hit.on [data-judge=right]")).to_have_attribute("aria-pressed", "true")


def test_judgements_travel_as_files(page: Page, birds: Running, tmp_path: Path) -> None:
    judge(birds, BIRDS[:3])
    improve(page)
    page.locator("[data-act=export]").click()
    with page.expect_download() as download:
        page.locator("text=Spreadsheet (CSV)").click()
    csv = tmp_path / "saved.csv"
    download.value.save_as(csv)
    assert csv.read_text("utf-8").count("birds.pdf#page=") == 3
    for label in birds.library.labels.list():
        birds.library.labels.set(label.query, label.corpus_id, None)

    def choose(*paths: Path) -> None:
        with page.expect_file_chooser() as chooser:
            page.locator("[data-act=import]").click()
        chooser.value.set_files([str(path) for path in paths])

    page.reload()
    choose(csv)
    expect(page.locator(".importing")).to_contain_text("3 judgements would be new")
    assert birds.library.labels.list() == []
    page.locator(".importing >> text=Cancel").click()
    expect(page.locator(".importing")).to_be_hidden()
    choose(csv)
    page.locator(".importing >> text=Import 3 judgements").click()
    expect(page.locator(".toast")).to_contain_text("3 judgements imported")
    expect(page.locator(".judged tbody tr")).to_have_count(3)

    qrels, queries = tmp_path / "test.tsv", tmp_path / "queries.jsonl"
    qrels.write_text("query-id\tcorpus-id\tscore\nq1\tbirds.pdf#page=9\t1\nq1\tlost.pdf#page=1\t1\n", "utf-8")
    queries.write_text(json.dumps({"id": "q1", "text": "<b>bitterns</b>"}) + "\n", "utf-8")
    choose(qrels)
    expect(page.locator(".importing .bad")).to_contain_text("The questions are missing")
    choose(qrels, queries)
    expect(page.locator(".importing")).to_contain_text("1 judgement would be new")
    expect(page.locator(".importing")).to_contain_text("lost.pdf#page=1")
    page.locator(".importing >> text=Import it").click()
    expect(page.locator(".judged tbody tr").first).to_contain_text("<b>bitterns</b>")


def test_an_empty_library_says_where_to_begin(page: Page) -> None:
    improve(page)
    expect(page.locator(".judged-count")).to_have_text("Nothing judged yet")
    page.locator(".judgements >> text=Add documents").click()
    expect(page.locator("#tab-library")).to_be_visible()


def test_improve_on_a_phone(birds: Running, browser: Browser) -> None:
    judge(birds, BIRDS[:9])
    size = {"width": 390, "height": 844}
    phone = browser.new_context(viewport=size, has_touch=True, is_mobile=True, reduced_motion="reduce")  # type: ignore[arg-type]
    page = phone.new_page()
    hits = birds.library.search("where is the dunlin counted").hits
    birds.library.training.asked("where is the dunlin counted", [hit.page_id for hit in hits])
    page.goto(f"{birds.address}/?tab=improve")
    page.locator(".queue [data-judge=right]").wait_for()
    page.locator(".expert summary").tap()
    small = page.evaluate(
        """() => [...document.querySelectorAll('#tab-improve button, #tab-improve a, #tab-improve select, #tab-improve summary, '
            + '#tab-improve .seg label')].filter(thing => {
            const box = thing.getBoundingClientRect();
            return box.width && box.height && (box.height < 40 || box.width < 40);
        }).map(thing => thing.outerHTML)"""
    )
    assert small == []
    assert faint(page) == []
    page.locator(".theme").tap()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert faint(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".queue [data-judge=right]").tap()
    expect(page.locator(".judged-count")).to_have_text("10 questions judged")
    phone.close()
