"""OCR: literal text on generated pictures, and rapidocr itself as the slow reference."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.ocr import Ocr
from ingest.types import Box, Line


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr()


def drawn(size: tuple[int, int], *texts: tuple[int, int, str], px: float = 30) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for x, y, text in texts:
        pen.text((x, y), text, fill="black", font=ImageFont.load_default(px))
    return picture


def test_reads_literal_text_with_its_place(ocr: Ocr) -> None:
    picture = drawn((800, 400), (40, 50, "Pump station KX-417"), (40, 300, "Pressure 6.5 bar"))
    first, second = ocr.read(picture)
    assert (first.text, second.text) == ("Pump station KX-417", "Pressure 6.5 bar")
    assert first.score > 0.9
    pen = ImageDraw.Draw(picture)
    left, top, right, bottom = pen.textbbox((40, 50), "Pump station KX-417", font=ImageFont.load_default(30))
    assert first.box.x0 == pytest.approx(left / 800, abs=0.02)
    assert first.box.x1 == pytest.approx(right / 800, abs=0.02)
    assert first.box.y0 == pytest.approx(top / 400, abs=0.04)
    assert first.box.y1 == pytest.approx(bottom / 400, abs=0.04)


def test_row_by_row_where_there_are_no_columns(ocr: Ocr) -> None:
    lines = ocr.read(drawn((800, 300), (450, 40, "12 %"), (40, 40, "North"), (40, 180, "South"), (450, 181, "34 %")))
    assert [line.text.replace(" ", "") for line in lines] == ["North", "12%", "South", "34%"]


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270])
def test_turned_text_is_read(ocr: Ocr, turn: Image.Transpose) -> None:
    (line,) = ocr.read(drawn((600, 300), (60, 120, "Temperature in degrees")).transpose(turn))
    assert line.text == "Temperature in degrees"
    assert line.box.y1 - line.box.y0 > line.box.x1 - line.box.x0


def test_a_narrow_banner_is_read(ocr: Ocr) -> None:
    assert [line.text for line in ocr.read(drawn((1000, 44), (20, 4, "Limited offer on winter tyres")))] == [
        "Limited offer on winter tyres"
    ]


def test_small_print_of_a_large_page_is_found(ocr: Ocr) -> None:
    rows = [
        (80, 60 + 22 * row, f"Item {row:02d} of the general conditions of delivery and payment") for row in range(8)
    ]
    lines = ocr.read(drawn((1224, 1584), *rows, px=15))
    assert [line.text[:7] for line in lines] == [f"Item {row:02d}" for row in range(8)]


def test_a_very_large_picture_is_scaled_down(ocr: Ocr) -> None:
    (line,) = ocr.read(drawn((6000, 1200), (300, 500, "Nightingale"), px=200))
    assert line.text == "Nightingale"
    assert line.box.x0 == pytest.approx(300 / 6000, abs=0.03)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (7, 7), (8, 8), (3000, 9), (640, 480)])
@pytest.mark.parametrize("colour", ["white", "black", "#cc3344"])
def test_blank_pictures_of_any_size_have_no_text(ocr: Ocr, size: tuple[int, int], colour: str) -> None:
    assert ocr.read(Image.new("RGB", size, colour)) == []


def test_noise_has_no_text(ocr: Ocr) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    assert ocr.read(Image.fromarray(noise)) == []


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_other_modes_are_converted(ocr: Ocr, mode: str) -> None:
    assert [line.text for line in ocr.read(drawn((400, 120), (30, 40, "Orchid")).convert(mode))] == ["Orchid"]


def test_two_readings_agree(ocr: Ocr) -> None:
    picture = drawn((500, 200), (30, 40, "Repeatable 123"))
    assert ocr.read(picture) == ocr.read(picture) == Ocr(threads=2).read(picture)


def reference(picture: Image.Image) -> list[Line]:
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1})
    found = engine(np.asarray(picture)[:, :, ::-1])
    width, height = picture.size
    boxes = [(b.min(axis=0), b.max(axis=0)) for b in found.boxes]
    return [
        Line(text, Box(low[0] / width, low[1] / height, high[0] / width, high[1] / height), score)
        for text, score, (low, high) in zip(found.txts, found.scores, boxes, strict=True)
    ]


@pytest.fixture
def without_its_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "rapidocr" and name not in before]:
        del sys.modules[name]


@pytest.mark.usefixtures("without_its_modules")
def test_agrees_with_rapidocr(ocr: Ocr) -> None:
    words = "valve rotor 17 shaft bearing 230 V output of the Mergel line, revised in 2024".split()
    texts = [(60 + 420 * (i % 2), 40 + 55 * (i // 2), " ".join(words[i : i + 3])) for i in range(len(words) - 2)]
    picture = drawn((900, 560), *texts, px=26)
    ours, theirs = ocr.read(picture), reference(picture)
    assert sorted(line.text for line in ours) == sorted(line.text for line in theirs)
    for line in theirs:
        assert max(line.box.iou(other.box) for other in ours if other.text == line.text) > 0.75
