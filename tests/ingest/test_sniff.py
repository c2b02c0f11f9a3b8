from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from ingest.sniff import is_supported_name, sniff
from ingest.types import FileKind, Limits, Refused
from tests.ingest import samples

AS_PDF = "Save it as PDF and drop that."


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_pdf_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    assert sniff(samples.pdf(tmp_path / "holiday.jpg")) is FileKind.PDF
    real = samples.pdf(tmp_path / "a.pdf").read_bytes()
    assert sniff(written(tmp_path / "junk.pdf", b"\r\n" * 200 + real)) is FileKind.PDF


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "ICO", "AVIF", "JPEG2000", "QOI"])
def test_pictures_are_known_by_their_bytes(tmp_path: Path, form: str) -> None:
    assert sniff(samples.picture(tmp_path / "report.docx", format=form)) is FileKind.IMAGE


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"avif"])
def test_phone_pictures_share_their_container_with_videos(tmp_path: Path, brand: bytes) -> None:
    assert sniff(written(tmp_path / "IMG_1", b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1")) is FileKind.IMAGE


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
        b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
        b"\0\0\0\x08wide\0\0\0\0mdat",
        b"\x1aE\xdf\xa3\x93B\x82\x88matroska",
        b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\x82\x84webm",
        b"RIFF\0\0\1\0AVI LIST",
        b"FLV\x01\x05\0\0\0\x09",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9",
        b"\0\0\1\xba\x44\0\4\0",
        (b"G" + bytes(187)) * 6,
        (bytes(4) + b"G" + bytes(187)) * 6,
        b"OggS\0\2" + bytes(22) + b"\x80theora",
    ],
)
def test_videos_are_known_by_their_containers(tmp_path: Path, head: bytes) -> None:
    assert sniff(written(tmp_path / "clip.txt", head)) is FileKind.VIDEO


@pytest.mark.parametrize(
    ("data", "reason", "remedy"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "it is an Office file", AS_PDF),
        (b"{\\rtf1 hello}", "it is an Office file", AS_PDF),
        (b"ID3\x04\0\0", "it is a sound recording", "Only PDFs, pictures and videos can be added."),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "it is a sound recording", "Only PDFs, pictures and videos can be added."),
        (b"RIFF\0\0\1\0WAVEfmt ", "it is a sound recording", "Only PDFs, pictures and videos can be added."),
        (b"The free software of today", "it is plain text", "Print it to PDF and drop that."),
        (b"<!DOCTYPE html><p>hi", "it is a web page", "Print it to PDF and drop that."),
        (b"<?xml version='1.0'?><svg/>", "it is a vector drawing (SVG)", "Save it as PDF or PNG and drop that."),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "it is a PostScript file", AS_PDF),
        (b"\x1f\x8b\x08\0", "it is an archive", "Unpack it and drop what is inside."),
        (b"\x7fELF\2\1", "it is a program", "Only PDFs, pictures and videos can be added."),
        (bytes(range(1, 250)), "this kind of file is not supported", "Only PDFs, pictures and videos can be added."),
    ],
)
def test_everything_else_is_refused_by_its_right_name(tmp_path: Path, data: bytes, reason: str, remedy: str) -> None:
    with pytest.raises(Refused) as caught:
        sniff(written(tmp_path / "a.pdf", data))
    assert (caught.value.reason, caught.value.remedy) == (reason, remedy)


@pytest.mark.parametrize("member", ["[Content_Types].xml", "xl/workbook.xml", "ppt/slides/slide1.xml"])
def test_office_files_are_refused_under_any_name(tmp_path: Path, member: str) -> None:
    with pytest.raises(Refused, match=r"it is an Office file\. Save it as PDF and drop that\."):
        sniff(samples.office(tmp_path / "slides.pdf", member))


def test_other_archives_are_not_office(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.pdf", "%PDF-1.7 not to be taken for one")
    with pytest.raises(Refused, match="it is an archive"):
        sniff(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    with pytest.raises(Refused, match="it is an e-book"):
        sniff(tmp_path / "a.epub")


def test_what_is_no_ordinary_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    for path, reason in (("pipe", "not an ordinary file"), (".", "it is a folder"), ("none", "it is not there")):
        with pytest.raises(Refused, match=reason):
            sniff(tmp_path / path)


def test_empty_and_oversized_files(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it is empty"):
        sniff(written(tmp_path / "a.pdf", b""))
    with pytest.raises(Refused, match=r"it is larger than 1 MB\. .* raise max_bytes"):
        sniff(written(tmp_path / "b.pdf", b"%PDF-" + bytes(1024**2)), Limits(max_bytes=1024**2))


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a"])
def test_broken_pictures_are_still_pictures(tmp_path: Path, start: bytes) -> None:
    """So that they are refused as damaged pictures, by the reader."""
    assert sniff(written(tmp_path / "a.png", start + b"\0\1")) is FileKind.IMAGE


def test_leftovers_in_folders() -> None:
    names = [".DS_Store", "._a.pdf", "Thumbs.db", "~$report.docx", "a.pdf", "README"]
    assert [is_supported_name(Path("x") / name) for name in names] == [False, False, False, False, True, True]
