"""One suite for every reader: what `ingest.types.Reader` promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.readers import reader_for
from ingest.sniff import sniff
from ingest.types import FileKind, Limits, Page, PageRef, Reader, Refused
from tests.ingest import samples
from tests.ingest.films import film, shots


def a_film(path: Path) -> Path:
    film(path, shots([2.0, 2.0]))
    return path


MAKERS: dict[str, tuple[FileKind, Callable[[Path], Path], str]] = {
    "pdf": (FileKind.PDF, lambda path: samples.pdf(path, ["one", "", "three"]), "a.pdf"),
    "scanned": (FileKind.PDF, samples.scan, "a.pdf"),
    "scan": (FileKind.SCAN, samples.tiff, "a.tif"),
    "picture": (FileKind.IMAGE, lambda path: samples.picture(path, (60, 40)), "a.png"),
    "video": (FileKind.VIDEO, a_film, "a.mp4"),
}


@pytest.fixture(scope="module", params=MAKERS)
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[FileKind, Path, Reader]:
    kind, make, name = MAKERS[request.param]
    return kind, make(tmp_path_factory.mktemp(request.param) / name), reader_for(kind)


def test_its_kind_is_known_by_its_bytes(sample: tuple[FileKind, Path, Reader]) -> None:
    kind, path, _ = sample
    assert sniff(path) is kind


def test_pages(sample: tuple[FileKind, Path, Reader]) -> None:
    kind, path, reader = sample
    pages = list(reader.read(path, Limits()))
    assert [page.number for page in pages] == list(range(1, len(pages) + 1)) != []
    for page in pages:
        assert isinstance(page, Page)
        assert page.kind is kind.page_kind
        assert page.width > 0 and page.height > 0
        for passage in page.passages:
            assert passage.text.strip()
            if passage.box is not None:
                assert 0 <= passage.box.x0 < passage.box.x1 <= 1 and 0 <= passage.box.y0 < passage.box.y1 <= 1
        is_moment = kind is FileKind.VIDEO
        assert (page.start_s is not None, page.end_s is not None, page.key_s is not None) == (is_moment,) * 3
        assert (page.picture is not None) == is_moment


def test_reading_twice_gives_the_same(sample: tuple[FileKind, Path, Reader]) -> None:
    kind, path, reader = sample
    assert list(reader.read(path, Limits())) == list(reader_for(kind).read(path, Limits()))


def test_pictures_fit_and_have_the_shape_of_the_page(sample: tuple[FileKind, Path, Reader]) -> None:
    _, path, reader = sample
    for page in reader.read(path, Limits()):
        assert isinstance(page, Page)
        drawn = reader.picture(path, page.ref, 50)
        assert drawn.mode == "RGB" and max(drawn.size) == 50
        assert drawn.width / drawn.height == pytest.approx(page.width / page.height, rel=0.05)


def test_no_such_page(sample: tuple[FileKind, Path, Reader]) -> None:
    _, path, reader = sample
    with pytest.raises(ValueError):
        reader.picture(path, PageRef(99), 50)


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"This is no such file at all. " * 50], ids=["empty", "zeros", "text"]
)
def test_what_is_nothing_of_the_kind_is_refused(
    sample: tuple[FileKind, Path, Reader], content: bytes, tmp_path: Path
) -> None:
    _, _, reader = sample
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(Refused) as caught:
        list(reader.read(tmp_path / "a", Limits()))
    assert caught.value.reason and caught.value.remedy
    with pytest.raises(ValueError):
        reader.picture(tmp_path / "a", PageRef(1, 0.0), 50)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow warns, and goes on
def test_half_a_file_is_refused_or_read_as_far_as_it_goes(
    sample: tuple[FileKind, Path, Reader], tmp_path: Path
) -> None:
    kind, path, reader = sample
    whole = path.read_bytes()
    (tmp_path / path.name).write_bytes(whole[: len(whole) // 2])
    try:
        pages = list(reader.read(tmp_path / path.name, Limits()))
    except Refused as refusal:
        assert refusal.reason and refusal.remedy
    else:
        assert [page.number for page in pages] == list(range(1, len(pages) + 1))
        assert kind is not FileKind.IMAGE  # half a picture would be shown as if it were whole


def test_a_file_that_is_gone_is_refused(sample: tuple[FileKind, Path, Reader], tmp_path: Path) -> None:
    _, _, reader = sample
    with pytest.raises(Refused):
        list(reader.read(tmp_path / "gone", Limits()))


def test_texts_have_no_reader() -> None:
    with pytest.raises(ValueError, match="no file"):
        reader_for(FileKind.TEXT)
