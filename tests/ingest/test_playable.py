"""What browsers cannot play gets a copy of the asked minute."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from ingest.playable import make_copy, needs_copy
from ingest.types import Limits, Page
from ingest.video import VideoReader
from tests.ingest.films import film, shots

QUIET = {"x265-params": "log-level=none"}


@pytest.mark.parametrize(
    ("name", "codec", "needed"),
    [
        ("a.mp4", "libx264", False),
        ("a.webm", "libvpx-vp9", False),
        ("a.mkv", "libx264", True),
        ("a.avi", "mpeg4", True),
        ("a.mp4", "mpeg4", True),
        ("a.mp4", "libx265", True),
    ],
)
def test_which_files_need_a_copy(tmp_path: Path, name: str, codec: str, needed: bool) -> None:
    path = film(tmp_path / name, shots([0.4]), codec=codec, options=QUIET if codec == "libx265" else None)
    assert needs_copy(path) is needed


def test_the_copy_is_the_asked_part_and_plays(tmp_path: Path) -> None:
    path, out = film(tmp_path / "a.mkv", shots([3, 3, 3, 3]), codec="mpeg4", sound=True), tmp_path / "copy.mp4"
    make_copy(path, out, 4.0, 4.0)
    assert not needs_copy(out)
    found = [page for page in VideoReader().read(out, Limits()) if isinstance(page, Page)]
    assert [(page.start_s, page.end_s) for page in found] == [
        (0, pytest.approx(2, abs=0.1)),
        (pytest.approx(2, abs=0.1), pytest.approx(4, abs=0.1)),
    ]
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays before it is loaded
    assert [entry.name for entry in tmp_path.iterdir() if "part" in entry.name] == []


def test_sound_comes_along(tmp_path: Path) -> None:
    path, out = film(tmp_path / "a.mkv", shots([1]), codec="mpeg4", sound=True), tmp_path / "copy.mp4"
    make_copy(path, out, 0.0)
    with av.open(str(out)) as made:
        assert made.streams.audio[0].codec_context.name == "aac"
        assert sum(frame.samples for frame in made.decode(audio=0)) / 48_000 == pytest.approx(
            50 * 1024 / 48_000, abs=0.1
        )


def test_large_and_turned_pictures(tmp_path: Path) -> None:
    path, out = (
        film(tmp_path / "a.avi", shots([0.4], fps=5, size=(1920, 1080)), fps=5, codec="mpeg4"),
        tmp_path / "c.mp4",
    )
    make_copy(path, out, 0.0)
    with av.open(str(out)) as made:
        assert (made.streams.video[0].width, made.streams.video[0].height) == (1280, 720)
    turned = film(tmp_path / "t.mp4", shots([0.4]), codec="mpeg4", turned=90)
    make_copy(turned, out, 0.0)
    (page,) = VideoReader().read(out, Limits())
    assert isinstance(page, Page) and (page.width, page.height) == (96, 160)


def test_junk_makes_no_copy(tmp_path: Path) -> None:
    path, out = tmp_path / "junk.mp4", tmp_path / "copy.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 20)
    with pytest.raises(ValueError, match="damaged"):
        needs_copy(path)
    with pytest.raises(ValueError, match="damaged"):
        make_copy(path, out, 0.0)
    assert list(tmp_path.iterdir()) == [path]
