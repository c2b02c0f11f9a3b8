from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from ingest.image import ImageReader
from ingest.types import Kind, Limits, Page, PageRef, Refused
from tests.ingest import samples

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def read(path: Path) -> Page:
    (page,) = ImageReader().read(path)
    assert isinstance(page, Page)
    return page


def drawn(path: Path, longest_px: int = 1000) -> Image.Image:
    picture = ImageReader().picture(path, PageRef(1), longest_px)
    assert picture.mode == "RGB"
    return picture


def close(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return max(abs(got - wanted) for got, wanted in zip(pixel, colour, strict=True)) < 40


@pytest.mark.parametrize(
    "form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "QOI", "HEIF", "ICO"]
)
def test_formats(tmp_path: Path, form: str) -> None:
    size = (64, 32) if form != "ICO" else (32, 32)
    path = samples.picture(tmp_path / "a", size, format=form)
    page = read(path)
    assert (page.number, page.kind, page.passages, page.wants_ocr) == (1, Kind.PICTURE, (), True)
    picture = drawn(path)
    assert picture.size == (page.width, page.height) == size
    assert close(picture.getpixel((4, 8)), BLUE)
    assert close(picture.getpixel((size[0] - 4, 8)), RED)


@pytest.mark.parametrize("mode", ["CMYK", "P", "RGBA", "YCbCr"])
def test_colour_modes(tmp_path: Path, mode: str) -> None:
    form = {"CMYK": "TIFF", "YCbCr": "JPEG"}.get(mode, "PNG")
    picture = drawn(samples.picture(tmp_path / "a", mode=mode, format=form))
    assert close(picture.getpixel((2, 2)), BLUE)
    assert close(picture.getpixel((37, 2)), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_greys(tmp_path: Path, mode: str) -> None:
    Image.new("L", (8, 8), 255).convert(mode).save(tmp_path / "a.png")
    assert drawn(tmp_path / "a.png").getpixel((3, 3)) == WHITE


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    image = Image.new("I;16", (3, 1))
    for column, value in enumerate((0, 32_896, 65_535)):
        image.putpixel((column, 0), value)
    image.save(tmp_path / "a.png")
    picture = drawn(tmp_path / "a.png")
    assert [picture.getpixel((column, 0)) for column in range(3)] == [(0, 0, 0), (128, 128, 128), WHITE]


def test_floating_point_is_stretched(tmp_path: Path) -> None:
    image = Image.new("F", (2, 1), -3.0)
    image.putpixel((1, 0), 5.0)
    image.save(tmp_path / "a.tiff")
    assert [drawn(tmp_path / "a.tiff").getpixel((column, 0)) for column in range(2)] == [(0, 0, 0), WHITE]


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 255, 255))
    image.save(tmp_path / "a.png")
    picture = drawn(tmp_path / "a.png")
    assert (picture.getpixel((0, 0)), picture.getpixel((1, 0))) == (WHITE, BLUE)
    palette = Image.new("P", (2, 1), 0)
    palette.putpalette([0, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "b.gif", transparency=0)
    assert drawn(tmp_path / "b.gif").getpixel((0, 0)) == WHITE


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (7, 0)), (3, (7, 3)), (4, (0, 3)), (5, (0, 0)), (6, (3, 0)), (7, (3, 7)), (8, (0, 7))],
)
def test_exif_orientation(tmp_path: Path, orientation: int, corner: tuple[int, int], form: str) -> None:
    """A picture of 8 × 4 whose first stored pixel is black: where it is shown."""
    image = Image.new("RGB", (8, 4), "white")
    image.putpixel((0, 0), (0, 0, 0))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image.save(tmp_path / "a.png", form, exif=exif)
    size = (8, 4) if orientation < 5 else (4, 8)
    page = read(tmp_path / "a.png")
    picture = drawn(tmp_path / "a.png")
    assert picture.size == (page.width, page.height) == size
    assert picture.getpixel(corner) == (0, 0, 0)


def test_phone_pictures_are_turned_once(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = samples.picture(tmp_path / "a.heic", (64, 32), format="HEIF", exif=exif.tobytes())
    page = read(path)
    picture = drawn(path)
    assert picture.size == (page.width, page.height) == (32, 64)
    assert close(picture.getpixel((16, 4)), BLUE)  # the stored left half is now on top


def test_animations_show_their_first_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (BLUE, RED)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    assert drawn(tmp_path / "a.gif").getpixel((3, 3)) == BLUE


def test_smaller_but_never_larger(tmp_path: Path) -> None:
    path = samples.picture(tmp_path / "a.jpg", (400, 200))
    assert drawn(path, 100).size == (100, 50)
    assert drawn(path, 5000).size == (400, 200)
    assert drawn(samples.picture(tmp_path / "thin.png", (3000, 2)), 100).size == (100, 1)


def test_a_bomb_is_never_unpacked(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"it has 3,600 million pixels, more than 200\. Save it smaller\."):
        list(ImageReader().read(samples.bomb(tmp_path / "a.png")))


def test_the_cap_can_be_set(tmp_path: Path) -> None:
    path = samples.picture(tmp_path / "a.png", (20, 20))
    assert len(list(ImageReader().read(path, Limits(max_pixels=400)))) == 1
    with pytest.raises(Refused, match="Save it smaller"):
        list(ImageReader().read(path, Limits(max_pixels=399)))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "HEIF", "JPEG2000"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_pictures_are_refused(tmp_path: Path, form: str, share: float) -> None:
    image = Image.effect_noise((64, 64), 90).convert("RGB")
    image.save(tmp_path / "a", format=form)
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "b").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Refused) as caught:
        list(ImageReader().read(tmp_path / "b"))
    assert caught.value.reason == "it is damaged and cannot be read as a picture"
    with pytest.raises(ValueError, match="cannot be drawn"):
        ImageReader().picture(tmp_path / "b", PageRef(1), 100)


def test_there_is_one_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a page 2"):
        ImageReader().picture(samples.picture(tmp_path / "a.png"), PageRef(2), 100)
