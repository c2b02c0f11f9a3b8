from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from ingest.readers import reader_for
from ingest.scan import ScanReader
from ingest.sniff import sniff
from ingest.types import FileKind, Kind, Limits, Page, PageError, PageRef, Refused
from ingest.worker import Children
from tests.ingest import samples

COLOURS = ((255, 0, 0), (0, 0, 255), (0, 128, 0))
DAMAGED = "it is damaged and cannot be read as a picture"


def scan(path: Path, pages: Sequence[Image.Image], **save: object) -> Path:
    pages[0].save(path, "TIFF", save_all=True, append_images=list(pages[1:]), **save)
    return path


def coloured(path: Path, **save: object) -> Path:
    return scan(path, [Image.new("RGB", (80 + number, 100), colour) for number, colour in enumerate(COLOURS)], **save)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
def test_every_page_is_read_and_drawn(tmp_path: Path, compression: str | None) -> None:
    path = coloured(tmp_path / "a.jpg", compression=compression)
    assert sniff(path) is FileKind.SCAN
    found = list(ScanReader().read(path))
    assert found == [Page(number, Kind.PAGE, 79 + number, 100, wants_ocr=True) for number in (1, 2, 3)]
    assert list(ScanReader().read(path, start=3)) == found[2:]
    for number, colour in enumerate(COLOURS, 1):
        picture = ScanReader().picture(path, PageRef(number), 50)
        assert (picture.mode, max(picture.size)) == ("RGB", 50)
        pixel = picture.getpixel((20, 20))
        assert isinstance(pixel, tuple)
        assert max(abs(got - wanted) for got, wanted in zip(pixel, colour, strict=True)) < 10


def test_one_page_is_a_picture(tmp_path: Path) -> None:
    assert sniff(samples.picture(tmp_path / "a", format="TIFF")) is FileKind.IMAGE
    Image.new("RGB", (8, 8)).save(tmp_path / "b", "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])
    assert sniff(tmp_path / "b") is FileKind.IMAGE


@pytest.mark.parametrize("kind", [1, 4, 5])
def test_smaller_copies_and_masks_are_no_pages(tmp_path: Path, kind: int) -> None:
    def page(colour: str, kind: int) -> Image.Image:
        image = Image.new("RGB", (40, 40), colour)
        image.encoderinfo = {"tiffinfo": TiffImagePlugin.ImageFileDirectory_v2()}
        image.encoderinfo["tiffinfo"][ExifTags.Base.NewSubfileType] = kind
        return image

    copied = scan(tmp_path / "a", [page("red", 0), page("white", kind)])
    assert sniff(copied) is FileKind.IMAGE
    two = scan(tmp_path / "b", [page("red", 2), page("white", kind), page("blue", 2)])
    assert sniff(two) is FileKind.SCAN
    assert [page.number for page in ScanReader().read(two)] == [1, 2]
    assert ScanReader().picture(two, PageRef(2), 40).getpixel((3, 3)) == (0, 0, 255)


def test_a_coarse_fax_is_not_squashed(tmp_path: Path) -> None:
    """1728 × 1143 dots at 204 × 98 an inch are a page of 8.5 × 11.7 inches."""
    sheets = [Image.new("1", (1728, 1143), 1) for _ in range(2)]
    path = scan(tmp_path / "fax", sheets, compression="group4", x_resolution=204.0, y_resolution=98.0)
    page, _ = ScanReader().read(path)
    assert isinstance(page, Page)
    assert (page.width, page.height) == (1728, 2379)
    assert ScanReader().picture(path, page.ref, 5000).size == (1728, 2379)
    assert ScanReader().picture(path, page.ref, 238).size == (173, 238)
    assert ScanReader().pixels(path, page.ref, 144) == round(2379 * 144 / 204)


@pytest.mark.parametrize("dots", [(1.0, 1.0), (300.0, 1.0), (0.0, 0.0)])
def test_dots_that_cannot_be_are_not_believed(tmp_path: Path, dots: tuple[float, float]) -> None:
    path = coloured(tmp_path / "a", x_resolution=dots[0], y_resolution=dots[1])
    page, *_ = ScanReader().read(path)
    assert isinstance(page, Page)
    assert (page.width, page.height) == (80, 100)
    assert ScanReader().pixels(path, page.ref, 144) in (100, 48)


def test_centimetres(tmp_path: Path) -> None:
    path = coloured(tmp_path / "a", resolution_unit=3, x_resolution=100.0, y_resolution=100.0)
    assert ScanReader().pixels(path, PageRef(1), 127) == 50


def test_a_page_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = coloured(tmp_path / "a", exif=exif, x_resolution=200.0, y_resolution=100.0)
    page, *_ = ScanReader().read(path)
    assert isinstance(page, Page)
    assert (page.width, page.height) == ScanReader().picture(path, page.ref, 1000).size == (200, 80)


def broken(path: Path, number: int) -> Path:
    """A scan of three pages of noise whose page `number` says that its data lie behind the file's end."""
    sheets = [Image.effect_noise((64, 64), 90) for _ in range(3)]
    whole = scan(path, sheets)
    with Image.open(whole) as image:
        image.seek(number - 1)
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        offset = image.tag_v2[ExifTags.Base.StripOffsets][0]
    data = bytearray(whole.read_bytes())
    at = data.find(offset.to_bytes(4, "little"), 0)
    entry = data.find(
        (ExifTags.Base.StripOffsets).to_bytes(2, "little") + b"\x04\x00\x01\x00\x00\x00" + offset.to_bytes(4, "little")
    )
    assert at >= 0 and entry >= 0
    data[entry + 8 : entry + 12] = (len(data) + 100).to_bytes(4, "little")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_broken_page_is_named_and_the_others_are_read(tmp_path: Path, number: int) -> None:
    path = broken(tmp_path / "a", number)
    found = list(ScanReader().read(path))
    assert [page.number for page in found] == [1, 2, 3]
    assert found[number - 1] == PageError(number, DAMAGED)
    assert sum(isinstance(page, Page) for page in found) == 2
    with pytest.raises(ValueError, match=f"page {number} cannot be drawn"):
        ScanReader().picture(path, PageRef(number), 100)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow warns, and goes on
def test_a_cut_file_keeps_the_pages_before_the_cut(tmp_path: Path) -> None:
    whole = scan(tmp_path / "a", [Image.effect_noise((64, 64), 90) for _ in range(4)]).read_bytes()
    (tmp_path / "b").write_bytes(whole[: len(whole) * 5 // 8])
    found = list(ScanReader().read(tmp_path / "b"))
    assert [page.number for page in found if isinstance(page, Page)][:2] == [1, 2]


def test_caps(tmp_path: Path) -> None:
    path = coloured(tmp_path / "a")
    with pytest.raises(Refused, match=r"it has more than 2 pages\. Split it, or raise max_pages\."):
        list(ScanReader().read(path, Limits(max_pages=2)))
    first, second, third = ScanReader().read(path, Limits(max_pages=3, max_pixels=8_100))
    assert isinstance(first, Page) and isinstance(second, Page)
    assert isinstance(third, PageError) and "million pixels" in third.reason


@pytest.mark.parametrize("number", [0, 4])
def test_there_is_no_such_page(tmp_path: Path, number: int) -> None:
    path = coloured(tmp_path / "a")
    with pytest.raises(ValueError, match="cannot be drawn"):
        reader_for(FileKind.SCAN).picture(path, PageRef(number), 100)


def test_the_text_of_every_page_is_read(tmp_path: Path) -> None:
    path = samples.tiff(tmp_path / "a.tif")
    with Children() as children:
        assert [page.number for page in children.read(path)] == [1, 2]
        read = [children.ocr(path, FileKind.SCAN, PageRef(number)) for number in (1, 2)]
    assert [lines[0].text.replace(" ", "") for lines in read] == ["INVOICE4711", "RECEIPT2290"]
