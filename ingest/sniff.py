"""What a file is, by its first bytes; never by its name."""

from __future__ import annotations

import os
import stat
import struct
from itertools import count
from pathlib import Path

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from ingest.types import DEFAULT_LIMITS, FileKind, Limits, Refused

HEAD = 4096  # bytes looked at; PDF readers allow junk before %PDF in the first 1024
EDGE = 65_536  # bytes at either end of a zip archive in which its member names are looked for

AS_PDF = "Save it as PDF and drop that."
ONLY = "Only PDFs, pictures and videos can be added."

# Pillow knows these, but hands them to other programs, holds no picture in them, or takes almost any bytes for one.
NOT_PICTURES = frozenset({"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "IPTC", "TGA", "SPIDER", "MCIDAS", "XVTHUMB"})
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})
SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})
VIDEO_STARTS = (
    b"FLV\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF: WMV
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",  # MPEG video
    b"\x06\x0e\x2b\x34\x02\x05\x01\x01",  # MXF
    b".RMF",  # RealMedia
    b"YUV4MPEG2 ",
)
PICTURE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
QUICKTIME_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
NOT_A_PAGE = 0b101  # of a TIFF's NewSubfileType: a copy in lower resolution, a mask
# What Pillow and its plugins raise on files that lie about themselves.
PILLOW_ERRORS = (
    OSError,
    ValueError,
    RuntimeError,
    SyntaxError,
    LookupError,
    TypeError,
    OverflowError,
    EOFError,
    struct.error,
)
LEFTOVERS = frozenset({"thumbs.db", "desktop.ini", "icon\r"})

# (offset, bytes, what it is) of files that people are likely to drop and that cannot be read
STRANGERS = (
    (0, b"ID3", "it is a sound recording"),
    (0, b"fLaC", "it is a sound recording"),
    (0, b"\xff\xfb", "it is a sound recording"),
    (0, b"\xff\xf3", "it is a sound recording"),
    (0, b"\xff\xf1", "it is a sound recording"),
    (8, b"WAVE", "it is a sound recording"),
    (0, b"\x7fELF", "it is a program"),
    (0, b"MZ", "it is a program"),
    (0, b"SQLite format 3\x00", "it is a database"),
)
ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh", b"\xfd7zXZ\x00")


def is_supported_name(path: Path) -> bool:
    """False for what systems and programs leave behind in folders (`.DS_Store`, `Thumbs.db`, `~$lock.docx`, hidden
    files). It says nothing about the content: `sniff` decides that by the bytes."""
    name = path.name
    return not (name.startswith((".", "~$")) or name.casefold() in LEFTOVERS)


def sniff(path: Path, limits: Limits = DEFAULT_LIMITS) -> FileKind:
    """The kind of a file. Raises Refused, with a reason and a remedy for people, when it cannot be added."""
    head = _head(path, limits)
    for recognise in (_pdf, _video, _picture):
        kind = recognise(head, path)
        if kind is not None:
            return kind
    raise _stranger(head, path)


def readable_picture_formats() -> tuple[str, ...]:
    """Names of the formats that Pillow may open: all that it decodes by itself from a real signature."""
    Image.init()
    return tuple(sorted(set(Image.ID) - NOT_PICTURES))


def scan_frames(image: Image.Image, most: int) -> list[int]:
    """Where in a TIFF its pages are, up to `most` of them; none in other files. Smaller copies and masks are left out.

    A broken entry ends the list: what comes after it cannot be found.
    """
    found: list[int] = []
    if not isinstance(image, TiffImageFile):
        return found
    for frame in count():
        try:
            image.seek(frame)
        except PILLOW_ERRORS:  # EOFError: that was all
            break
        if not _is_copy(image):
            found.append(frame)
        if len(found) == most:
            break
    return found


def _is_copy(image: TiffImageFile) -> bool:
    kind = image.tag_v2.get(ExifTags.Base.NewSubfileType, 0)
    return isinstance(kind, int) and bool(kind & NOT_A_PAGE)


def _head(path: Path, limits: Limits) -> bytes:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise Refused("it is a folder", "Add the files in it.")
        if not stat.S_ISREG(found.st_mode):  # opening a pipe or a device could wait for ever
            raise Refused("it is not an ordinary file", ONLY)
        if found.st_size == 0:
            raise Refused("it is empty", "Save or download it again.")
        if found.st_size > limits.max_bytes:
            raise Refused(
                f"it is larger than {_size(limits.max_bytes)}", "Split it or save it smaller, or raise max_bytes."
            )
        with path.open("rb") as file:
            return file.read(HEAD)
    except FileNotFoundError:
        raise Refused("it is not there", "Check the path.") from None
    except OSError as error:
        raise Refused(f"it cannot be opened ({error.strerror or error})", "Check that you may read it.") from None


def _pdf(head: bytes, path: Path) -> FileKind | None:
    return FileKind.PDF if b"%PDF-" in head[:1024] and not _is_zip(head) else None


def _video(head: bytes, path: Path) -> FileKind | None:
    brand, box = head[8:12], head[4:8]
    if box == b"ftyp":
        return None if brand in HEIF_BRANDS | AVIF_BRANDS | SOUND_BRANDS else FileKind.VIDEO
    known = (
        (box in QUICKTIME_ATOMS and not _is_text(head))  # QuickTime of before 2001 has no ftyp
        or (head.startswith(b"\x1aE\xdf\xa3") and b"B\x82" in head[:64])  # Matroska, WebM: EBML with a DocType
        or (head.startswith(b"RIFF") and brand == b"AVI ")
        or (head.startswith(b"OggS") and b"theora" in head[:256])
        or head.startswith(VIDEO_STARTS)
        or _is_transport_stream(head)
    )
    return FileKind.VIDEO if known else None


def _is_transport_stream(head: bytes) -> bool:
    """MPEG-TS: a sync byte every 188 bytes; every 192, from the fifth on, on discs and in cameras."""
    for start, step in ((0, 188), (4, 192)):
        marks = head[start::step]
        if len(marks) >= 5 and set(marks) == {0x47}:
            return True
    return False


def _picture(head: bytes, path: Path) -> FileKind | None:
    if head[4:8] == b"ftyp":
        return FileKind.IMAGE if head[8:12] in HEIF_BRANDS | AVIF_BRANDS else None
    if _is_text(head) and not head.startswith((b"P1", b"P2", b"P3", b"#define", b"/* XPM */")):
        return None
    is_raw = head[8:10] == b"CR"  # a camera's TIFF: one picture in several sizes
    try:
        with Image.open(path, formats=readable_picture_formats()) as image:
            return FileKind.SCAN if not is_raw and len(scan_frames(image, 2)) > 1 else FileKind.IMAGE
    except Image.DecompressionBombError:
        return FileKind.IMAGE  # the reader compares its size with Limits.max_pixels
    except PILLOW_ERRORS:
        # a file with a picture's signature is a broken picture, and the reader says so
        return FileKind.IMAGE if head.startswith(PICTURE_STARTS) else None


def _stranger(head: bytes, path: Path) -> Refused:
    """Names what cannot be added as exactly as its bytes allow."""
    if head.startswith((b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf")):
        return Refused("it is an Office file", AS_PDF)
    if _is_zip(head):
        names = _zip_names(path)
        if any(mark in names for mark in (b"[Content_Types].xml", b"word/", b"ppt/", b"xl/", b"opendocument", b".iwa")):
            return Refused("it is an Office file", AS_PDF)
        if b"application/epub+zip" in names:
            return Refused("it is an e-book", AS_PDF)
    if head.startswith(ARCHIVES) or head[257:262] == b"ustar":
        return Refused("it is an archive", "Unpack it and drop what is inside.")
    for offset, mark, reason in STRANGERS:
        if head[offset:].startswith(mark):
            return Refused(reason, ONLY)
    if head[8:12] in SOUND_BRANDS or head.startswith(b"OggS"):
        return Refused("it is a sound recording", ONLY)
    if head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return Refused("it is a PostScript file", AS_PDF)
    if _is_text(head):
        lowered = head.lower()
        if b"<svg" in lowered:
            return Refused("it is a vector drawing (SVG)", "Save it as PDF or PNG and drop that.")
        if b"<html" in lowered or b"<!doctype html" in lowered:
            return Refused("it is a web page", "Print it to PDF and drop that.")
        return Refused("it is plain text", "Print it to PDF and drop that.")
    return Refused("this kind of file is not supported", ONLY)


def _is_zip(head: bytes) -> bool:
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _zip_names(path: Path) -> bytes:
    """Both ends of an archive, where member names stand unpacked; parsing the archive itself could be dear."""
    with path.open("rb") as file:
        first = file.read(EDGE)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - EDGE))
        return first + file.read()


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and len(head) == HEAD  # only the cut at the end broke a letter
    return True


def _size(count: int) -> str:
    return f"{count / 1024**3:.3g} GB" if count >= 1024**3 else f"{count / 1024**2:.3g} MB"
