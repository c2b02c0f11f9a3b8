"""Damaged files of every kind: what comes out is pages, named errors or a refusal, never another exception."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ingest.readers import reader_for
from ingest.sniff import sniff
from ingest.types import FileKind, Limits, Page, Refused
from tests.ingest import samples

FORMS = [
    "PNG",
    "JPEG",
    "GIF",
    "WEBP",
    "BMP",
    "TIFF",
    "PPM",
    "AVIF",
    "JPEG2000",
    "HEIF",
    "ICO",
    "QOI",
    "SGI",
    "PCX",
    "DDS",
]
LIMITS = Limits(max_pixels=4_000_000)


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, left out or doubled; the header oftener than the rest."""
    data = bytearray(whole)
    for _ in range(chance.choice([1, 3, 10, 40])):
        at = chance.randrange(chance.choice([64, len(data)])) % len(data)
        match chance.randrange(4):
            case 0 | 1:
                data[at] = chance.choice([0, 127, 128, 255, chance.randrange(256)])
            case 2:
                del data[at : min(at + chance.randrange(1, 50), len(data) - 20)]
            case _:
                data[at:at] = data[: chance.randrange(1, 30)]
    return bytes(data)


def outcome(path: Path) -> str:
    """Reads a file as a child does, and draws what it finds."""
    try:
        kind = sniff(path, LIMITS)
        if kind is FileKind.VIDEO:
            return "video"
        reader = reader_for(kind)
        for page in reader.read(path, LIMITS):
            if isinstance(page, Page):
                assert all(passage.text for passage in page.passages)
                assert reader.picture(path, page.ref, 50).mode == "RGB"
    except Refused as refusal:
        assert refusal.reason and refusal.remedy
        return "refused"
    except ValueError as error:
        assert "cannot be drawn" in str(error)
        return "not drawn"
    return "read"


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it mends
@pytest.mark.parametrize("form", FORMS)
def test_damaged_pictures(tmp_path: Path, form: str) -> None:
    whole = BytesIO()
    Image.effect_noise((48, 40), 80).convert("RGB").save(whole, form)
    chance = random.Random(form)
    seen = set()
    for _ in range(60):
        (tmp_path / "a").write_bytes(damaged(whole.getvalue(), chance))
        seen.add(outcome(tmp_path / "a"))
    assert "refused" in seen


@pytest.mark.filterwarnings("ignore")
def test_damaged_scans(tmp_path: Path) -> None:
    chance = random.Random(5)
    saves: list[dict[str, object]] = [{}, {"compression": "tiff_lzw"}, {"compression": None}]
    wholes = [samples.tiff(tmp_path / "a", **save).read_bytes() for save in saves]
    seen = set()
    for _ in range(150):
        (tmp_path / "a").write_bytes(damaged(chance.choice(wholes), chance))
        seen.add(outcome(tmp_path / "a"))
    assert {"read", "refused"} <= seen


def test_damaged_documents(tmp_path: Path) -> None:
    chance = random.Random(7)
    wholes = [samples.pdf(tmp_path / "a", ["Hello world"] * 3).read_bytes(), samples.scan(tmp_path / "a").read_bytes()]
    seen = set()
    for _ in range(200):
        (tmp_path / "a").write_bytes(damaged(chance.choice(wholes), chance))
        seen.add(outcome(tmp_path / "a"))
    assert {"read", "refused"} <= seen
