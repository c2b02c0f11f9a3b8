from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.layout import blocks, narrow, text_within
from ingest.mupdf import pymupdf
from ingest.types import Block, Box, Line, PageRef
from ingest.worker import Children
from tests.ingest import samples

ROOT = Path(__file__).resolve().parents[2]
PARAGRAPH = "The moon rose over the quiet harbour while the last ferry left for the islands in the north. " * 5


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A heading, a paragraph, a ruled table under its title, on a page of 600 × 800."""
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_text((60, 80), "Annual report of the harbour", fontsize=22)
    page.insert_textbox((60, 110, 540, 260), PARAGRAPH, fontsize=11)
    page.insert_text((60, 330), "Table 1. Ferry passengers by island", fontsize=11)
    for row in range(7):
        page.draw_line((60, 340 + 30 * row), (540, 340 + 30 * row))
    for column in range(4):
        page.draw_line((60 + 160 * column, 340), (60 + 160 * column, 520))
    for row, cells in enumerate(
        [("Island", "2023", "2024"), *((f"Isle {n}", str(n * 7), str(n * 9)) for n in range(5))]
    ):
        for column, cell in enumerate(cells):
            page.insert_text((70 + 160 * column, 360 + 30 * row), cell, fontsize=11)
    path = tmp_path_factory.mktemp("layout") / "report.pdf"
    document.save(path)
    return path


def test_regions_of_a_page(report: Path) -> None:
    found = {block.label: block for block in blocks(report, PageRef(1))}
    assert {"text", "table"} <= found.keys()
    assert found["table"].box.iou(Box(60 / 600, 340 / 800, 540 / 600, 520 / 800)) > 0.6
    assert found["table"].text.startswith("Island 2023 2024 Isle 0")
    assert found["text"].box.iou(Box(60 / 600, 110 / 800, 540 / 600, 190 / 800)) > 0.6
    assert found["text"].text.startswith("The moon rose over")


def test_regions_of_a_turned_page_are_where_they_are_shown(report: Path, tmp_path: Path) -> None:
    with pymupdf.open(report) as document:
        document[0].set_rotation(90)
        document.save(tmp_path / "turned.pdf")
    table = {block.label: block for block in blocks(tmp_path / "turned.pdf", PageRef(1))}["table"]
    assert table.box.iou(Box(1 - 520 / 800, 60 / 600, 1 - 340 / 800, 540 / 600)) > 0.6


def test_children_find_the_same_regions(report: Path) -> None:
    with Children() as pool:
        assert pool.layout(report, PageRef(1)) == blocks(report, PageRef(1))
        with pytest.raises(ValueError, match="page 2"):
            pool.layout(report, PageRef(2))


def test_a_page_without_text_has_no_regions_of_text(tmp_path: Path) -> None:
    assert all(block.text == "" for block in blocks(samples.scan(tmp_path / "scan.pdf"), PageRef(1)))


def test_a_missing_analysis_is_said(report: Path) -> None:
    """PyMuPDF itself would find nothing, and say nothing."""
    code = (
        "import sys, pathlib; sys.modules['onnxruntime'] = None\n"
        "from ingest.layout import blocks; from ingest.types import PageRef\n"
        f"try: blocks(pathlib.Path({str(report)!r}), PageRef(1))\n"
        "except ImportError as error: print('said:', error)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("said:")


TITLE = Block("section-header", Box(0.1, 0.05, 0.9, 0.09), "Annual report")
WORDS = Block("text", Box(0.1, 0.10, 0.9, 0.25), "The moon rose over the harbour")
CAPTION = Block("caption", Box(0.1, 0.37, 0.5, 0.39), "Table 1. Ferry passengers by island")
TABLE = Block("table", Box(0.1, 0.40, 0.9, 0.65), "Island 2023 2024 Isle 0")
FOOTER = Block("page-footer", Box(0.1, 0.96, 0.9, 0.98), "ferry passengers island page 7")
PAGE = [TITLE, WORDS, CAPTION, TABLE, FOOTER]


def test_a_passage_across_a_table_is_narrowed_to_the_table_with_its_caption() -> None:
    passage = Box(0.1, 0.2, 0.9, 0.6)
    assert narrow(passage, PAGE, ["passengers", "island"]) == TABLE.box.union(CAPTION.box)


def test_without_a_table_or_picture_the_passage_is_the_place() -> None:
    passage = Box(0.1, 0.08, 0.9, 0.27)
    assert narrow(passage, [TITLE, WORDS, FOOTER], ["moon"]) == passage
    assert narrow(passage, [], ["moon"]) == passage


def test_a_background_over_the_whole_page_marks_nothing() -> None:
    passage = Box(0.1, 0.08, 0.9, 0.27)
    assert narrow(passage, [Block("picture", Box(0, 0, 1, 1)), WORDS], ["moon"]) == passage


def test_of_two_tables_that_with_the_words_of_the_question() -> None:
    other = Block("table", Box(0.1, 0.70, 0.9, 0.95), "Berth length depth")
    for terms, wanted in ((["depth", "berths"], other), (["islands", "2024"], TABLE)):
        assert narrow(Box(0.1, 0.1, 0.9, 0.25), [WORDS, TABLE, other], terms) == wanted.box


def test_questions_without_words_do_no_harm() -> None:
    assert narrow(Box(0.1, 0.2, 0.9, 0.6), PAGE, []).area > 0


def test_text_within() -> None:
    lines = [
        Line("in-", Box(0.1, 0.1, 0.4, 0.2)),
        Line("side", Box(0.1, 0.2, 0.4, 0.3)),
        Line("out", Box(0.1, 0.6, 1, 0.7)),
    ]
    assert text_within(Box(0, 0, 0.5, 0.5), lines) == "inside"
