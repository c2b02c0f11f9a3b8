from __future__ import annotations

from pathlib import Path

import pytest

from ingest.mupdf import pymupdf
from ingest.pdf import PdfReader
from ingest.types import Box, Kind, Limits, Page, PageError, PageRef, Refused, Source
from tests.ingest import samples


def only(path: Path) -> Page:
    (page,) = PdfReader().read(path)
    assert isinstance(page, Page)
    return page


def near(box: Box | None, x0: float, y0: float, x1: float, y1: float) -> bool:
    assert box is not None
    return max(abs(box.x0 - x0), abs(box.y0 - y0), abs(box.x1 - x1), abs(box.y1 - y1)) < 0.02


def test_text_and_its_place(tmp_path: Path) -> None:
    page = only(samples.pdf(tmp_path / "a.pdf", ["Hello world"]))
    assert (page.number, page.kind, page.width, page.height, page.wants_ocr) == (1, Kind.PAGE, 200, 400, False)
    (passage,) = page.passages
    assert (passage.text, passage.source) == ("Hello world", Source.TEXT)
    assert near(passage.box, 0.10, 0.07, 0.35, 0.107)  # drawn from (20, 40) on, 50 points wide, 10 high


@pytest.mark.parametrize(
    ("rotation", "size", "box"),
    [
        (90, (400, 200), (1 - 0.107, 0.10, 1 - 0.07, 0.35)),
        (180, (200, 400), (1 - 0.35, 1 - 0.107, 0.90, 1 - 0.07)),
        (270, (400, 200), (0.07, 1 - 0.35, 0.107, 0.90)),
    ],
)
def test_boxes_are_on_the_page_as_it_is_shown(
    tmp_path: Path, rotation: int, size: tuple[int, int], box: tuple[float, float, float, float]
) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["Hello world"], rotation)
    page = only(path)
    assert (page.width, page.height) == size
    assert near(page.passages[0].box, *box)
    drawn = PdfReader().picture(path, page.ref, 400)
    assert drawn.size == size
    inked = drawn.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert inked is not None
    x0, y0, x1, y1 = box  # the ink lies in the box
    assert x0 * size[0] - 3 <= inked[0] < inked[2] <= x1 * size[0] + 3
    assert y0 * size[1] - 3 <= inked[1] < inked[3] <= y1 * size[1] + 3


def test_what_is_cropped_away_is_not_there(tmp_path: Path) -> None:
    document = pymupdf.open()
    page = document.new_page(width=200, height=400)
    page.insert_text((20, 140), "kept", fontsize=10)
    page.insert_text((20, 390), "cut away", fontsize=10)
    page.set_cropbox(pymupdf.Rect(0, 100, 200, 300))
    document.save(tmp_path / "a.pdf")
    found = only(tmp_path / "a.pdf")
    assert (found.width, found.height) == (200, 200)
    assert [one.text for one in found.passages] == ["kept"]
    assert near(found.passages[0].box, 0.10, 0.145, 0.2, 0.215)


def test_pages_are_numbered_and_stream(tmp_path: Path) -> None:
    pages = PdfReader().read(samples.pdf(tmp_path / "a.pdf", ["one", "", "three"]))
    first = next(pages)
    assert isinstance(first, Page) and first.passages[0].text == "one"
    assert [page.number for page in pages] == [2, 3]


def test_reading_from_the_middle(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["one", "two", "three"])
    assert [page.number for page in PdfReader().read(path, start=3)] == [3]
    assert list(PdfReader().read(path, start=4)) == []


def test_a_scan_wants_ocr_and_an_empty_page_does_not(tmp_path: Path) -> None:
    assert only(samples.scan(tmp_path / "scan.pdf")).wants_ocr
    assert not only(samples.pdf(tmp_path / "empty.pdf", [""])).wants_ocr
    document = pymupdf.open()
    document.new_page().draw_rect((0, 0, 600, 900), color=(1, 1, 1), fill=(1, 1, 1))
    document.save(tmp_path / "white.pdf")
    assert not only(tmp_path / "white.pdf").wants_ocr
    document[0].draw_line((10, 10), (300, 300))
    document.save(tmp_path / "drawing.pdf")
    assert only(tmp_path / "drawing.pdf").wants_ocr


def test_a_page_number_on_a_scan_is_no_text_layer(tmp_path: Path) -> None:
    with pymupdf.open(samples.scan(tmp_path / "scan.pdf")) as document:
        document[0].insert_text((180, 290), "- 12 -")
        document.save(tmp_path / "numbered.pdf")
    page = only(tmp_path / "numbered.pdf")
    assert page.wants_ocr
    assert [one.text for one in page.passages] == ["- 12 -"]


def test_filled_in_forms_can_be_found(tmp_path: Path) -> None:
    document = pymupdf.open()
    field = pymupdf.Widget()
    field.field_type, field.field_name = pymupdf.PDF_WIDGET_TYPE_TEXT, "name"
    field.field_value, field.rect = "Ada Lovelace, countess", pymupdf.Rect(50, 50, 250, 80)
    document.new_page().add_widget(field)
    document.save(tmp_path / "form.pdf")
    assert only(tmp_path / "form.pdf").passages[0].text == "Ada Lovelace, countess"


@pytest.mark.parametrize("cut", [20, 200])
def test_damaged_files_are_refused(tmp_path: Path, cut: int) -> None:
    whole = samples.pdf(tmp_path / "a.pdf").read_bytes()
    (tmp_path / "cut.pdf").write_bytes(whole[:cut])
    with pytest.raises(Refused) as caught:
        list(PdfReader().read(tmp_path / "cut.pdf"))
    assert caught.value.reason.startswith("it is damaged")
    assert "new PDF" in caught.value.remedy or "again" in caught.value.remedy


def test_half_a_file_is_said_to_be_incomplete(tmp_path: Path) -> None:
    """Most programs write the list of pages last."""
    catalogue = b"1 0 obj\n<</Type/Catalog/Pages 9 0 R>>\nendobj\n"
    (tmp_path / "half.pdf").write_bytes(b"%PDF-1.4\n" + catalogue + b"2 0 obj\n<</Length 90>>\nstream\nBT (Still he")
    with pytest.raises(Refused, match="damaged, or was not downloaded completely"):
        list(PdfReader().read(tmp_path / "half.pdf"))


def test_without_a_cross_reference_table_it_is_repaired(tmp_path: Path) -> None:
    whole = samples.pdf(tmp_path / "a.pdf", ["Still here"]).read_bytes()
    (tmp_path / "cut.pdf").write_bytes(whole[: whole.rindex(b"xref")])
    assert only(tmp_path / "cut.pdf").passages[0].text == "Still here"


def test_passwords(tmp_path: Path) -> None:
    locked = samples.pdf(
        tmp_path / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="o"
    )
    with pytest.raises(Refused) as caught:
        list(PdfReader().read(locked))
    assert caught.value.reason == "it is locked with a password"
    assert caught.value.remedy == "Save an unlocked copy and drop it again."
    protected = samples.pdf(
        tmp_path / "protected.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="", owner_pw="o", permissions=0
    )
    assert only(protected).passages[0].text == "Hello world"


def test_too_many_pages(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["x"] * 4)
    assert len(list(PdfReader().read(path, Limits(max_pages=4)))) == 4
    with pytest.raises(Refused, match=r"it has 4 pages, more than 3\. Split it, or raise max_pages\."):
        list(PdfReader().read(path, Limits(max_pages=3)))


def test_an_unreadable_page_is_named_and_shifts_nothing(tmp_path: Path) -> None:
    with pymupdf.open(samples.pdf(tmp_path / "a.pdf", ["one", "two", "three"])) as document:
        kids = document.xref_get_key(document.pdf_catalog(), "Pages")[1].split()[0]
        second = document[1].xref
        document.update_object(second, f"<< /Type /Page /Parent {kids} 0 R /MediaBox [0 0 0 0] /Rotate (x) >>")
        document.xref_set_key(second, "Contents", "9999 0 R")
        document.save(tmp_path / "bad.pdf")
    found = list(PdfReader().read(tmp_path / "bad.pdf"))
    assert [page.number for page in found] == [1, 2, 3]
    assert [isinstance(page, PageError) for page in found].count(False) >= 2
    assert isinstance(found[2], Page) and found[2].passages[0].text == "three"


def test_a_text_layer_of_nonsense_is_not_believed(tmp_path: Path) -> None:
    """Fonts without a table of characters: what a reader would copy out of them is U+FFFD."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((50, 50), "\ufffd" * 40 + "\ue001" * 20, fontname="helv")
    font = pymupdf.Font("cjk")
    writer = pymupdf.TextWriter(page.rect)
    writer.append((50, 100), "".join(chr(0xE000 + i) for i in range(60)), font=font)
    writer.write_text(page)
    document.save(tmp_path / "a.pdf")
    found = only(tmp_path / "a.pdf")
    assert found.passages == ()
    assert found.wants_ocr


def test_pictures(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["one"])
    reader = PdfReader()
    for longest in (1, 33, 400, 1001):
        drawn = reader.picture(path, PageRef(1), longest)
        assert (drawn.mode, max(drawn.size)) == ("RGB", longest)
    assert reader.picture(path, PageRef(1), 400).getpixel((0, 0)) == (255, 255, 255)
    assert reader.pixels(path, PageRef(1), 144) == 800


@pytest.mark.parametrize("number", [0, -1, 2])
def test_there_is_no_such_page(tmp_path: Path, number: int) -> None:
    path = samples.pdf(tmp_path / "a.pdf")
    with pytest.raises(ValueError, match=f"page {number}"):
        PdfReader().picture(path, PageRef(number), 100)
    with pytest.raises(ValueError, match=f"page {number}"):
        PdfReader().pixels(path, PageRef(number), 144)


def test_a_document_that_changed_is_opened_again(tmp_path: Path) -> None:
    reader = PdfReader()
    samples.pdf(tmp_path / "a.pdf", ["old text"])
    assert len(list(reader.read(tmp_path / "a.pdf"))) == 1
    samples.pdf(tmp_path / "b.pdf", ["new text", "and more"]).replace(tmp_path / "a.pdf")
    assert len(list(reader.read(tmp_path / "a.pdf"))) == 2
