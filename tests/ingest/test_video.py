"""Videos become moments: literal shot boundaries on videos made here."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.types import Kind, Limits, Page, PageError, PageRef, Refused
from ingest.video import VideoReader
from tests.ingest.films import Frame, film, scene, shots

LIMITS = Limits()


def moments(path: Path, limits: Limits = LIMITS) -> list[Page]:
    pages = list(VideoReader().read(path, limits))
    assert all(isinstance(page, Page) for page in pages), pages
    return [page for page in pages if isinstance(page, Page)]


def spans(pages: list[Page]) -> list[tuple[float, float]]:
    return [(page.start_s or 0.0, page.end_s or 0.0) for page in pages]


def difference(one: Frame | Image.Image, other: Frame | Image.Image) -> float:
    return float(np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).mean())


def shown(page: Page) -> Image.Image:
    assert page.picture is not None
    return Image.open(io.BytesIO(page.picture))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.webm", "libvpx-vp9"), ("a.avi", "mpeg4"), ("a.ts", "libx264")],
)
def test_hard_cuts_are_found_to_the_frame(tmp_path: Path, name: str, codec: str) -> None:
    path = film(tmp_path / name, shots([2, 3, 1.6, 4]), codec=codec)
    found = moments(path)
    assert spans(found) == [pytest.approx(span, abs=0.05) for span in [(0, 2), (2, 5), (5, 6.6), (6.6, 10.6)]]
    assert [page.number for page in found] == [1, 2, 3, 4]
    for number, page in enumerate(found):
        assert page.kind is Kind.MOMENT and page.wants_ocr and page.passages == ()
        assert page.start_s is not None and page.key_s is not None and page.end_s is not None
        assert page.start_s <= page.key_s < page.end_s
        assert (page.width, page.height) == (160, 96) == shown(page).size
        assert difference(shown(page), scene(number, step=round((page.key_s - page.start_s) * 25))) < 12
        again = VideoReader().picture(path, page.ref, 960)
        assert again.size == (160, 96) and difference(again, shown(page)) < 5


def test_the_picture_is_made_smaller_on_request(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", shots([1]))
    assert VideoReader().picture(path, PageRef(1, 0.4), 80).size == (80, 48)
    with pytest.raises(ValueError, match="key frame"):
        VideoReader().picture(path, PageRef(1), 80)


def test_key_frames_are_at_most_960_px(tmp_path: Path) -> None:
    (page,) = moments(film(tmp_path / "a.mp4", shots([1], fps=5, size=(1920, 1080)), fps=5))
    assert (page.width, page.height) == (1920, 1080)
    assert shown(page).size == (960, 540)


def test_a_long_take_has_a_moment_every_half_minute(tmp_path: Path) -> None:
    found = moments(film(tmp_path / "a.mp4", shots([70], fps=5), fps=5))
    assert spans(found) == [(0, 29), (29, 58), (58, 70)]


def test_slides_that_stand_for_minutes_in_one_frame(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [scene(0), scene(1), scene(1)], seconds=[0, 50, 99])
    found = moments(path)
    assert spans(found)[:2] == [(0, 25), (25, 50)]
    assert all(end - start <= 30 for start, end in spans(found))
    assert all(end == start for (_, end), (start, _) in pairwise(spans(found)))
    assert difference(VideoReader().picture(path, found[1].ref, 960), scene(0)) < 12
    assert difference(VideoReader().picture(path, found[3].ref, 960), scene(1)) < 12


def slides(*texts: list[str]) -> list[Frame]:
    from PIL import ImageDraw, ImageFont

    frames: list[Frame] = []
    for rows in texts:
        picture = Image.new("RGB", (320, 180), "white")
        for row, text in enumerate(rows):
            ImageDraw.Draw(picture).text((20, 20 + 30 * row), text, fill="black", font=ImageFont.load_default(20))
        frames += [np.asarray(picture)] * 40
    return frames


def test_another_slide_is_another_moment(tmp_path: Path) -> None:
    frames = slides(["Goals for the year", "Sell more pumps"], ["Where we stand", "Two plants, 40 people", "Late"])
    found = moments(film(tmp_path / "a.mp4", frames, fps=10))
    assert spans(found) == [(0, pytest.approx(4, abs=0.5)), (pytest.approx(4, abs=0.5), 8)]


def test_the_same_picture_again_is_merged(tmp_path: Path) -> None:
    flash = np.full((96, 160, 3), 255, np.uint8)
    frames = [scene(0)] * 50 + [flash] * 4 + [scene(0)] * 50
    assert spans(moments(film(tmp_path / "a.mp4", frames))) == [(0, pytest.approx(4.16, abs=0.05))]


def test_fades_are_seen_and_black_is_no_moment(tmp_path: Path) -> None:
    out = [(scene(0) * (1 - step / 25)).astype(np.uint8) for step in range(26)]
    into = [(scene(1) * (step / 25)).astype(np.uint8) for step in range(26)]
    black = [np.zeros((96, 160, 3), np.uint8)] * 38
    found = moments(film(tmp_path / "a.mp4", [scene(0)] * 75 + out + black + into + [scene(1)] * 75))
    keys = [shown(page) for page in found]
    assert all(np.asarray(key).mean() > 20 for key in keys)
    assert difference(keys[0], scene(0)) < 15
    assert min(difference(key, scene(1)) for key in keys) < 15


@pytest.mark.parametrize(("turned", "turn"), [(90, Image.Transpose.ROTATE_90), (-90, Image.Transpose.ROTATE_270)])
def test_phone_videos_stand_upright(tmp_path: Path, turned: int, turn: Image.Transpose) -> None:
    path = film(tmp_path / "a.mp4", [scene(3)] * 30, turned=turned)
    (page,) = moments(path)
    upright = Image.fromarray(scene(3)).transpose(turn)
    assert (page.width, page.height) == (96, 160)
    assert difference(shown(page), upright) < 12
    assert difference(VideoReader().picture(path, page.ref, 960), upright) < 12


def test_variable_frame_rate(tmp_path: Path) -> None:
    frames = list(shots([2, 2], fps=10))
    uneven = [step / 10 + (0.03 if step % 3 else 0.0) for step in range(len(frames))]
    found = moments(film(tmp_path / "a.mp4", frames, fps=10, seconds=uneven))
    assert [page.start_s for page in found] == [0, pytest.approx(2.03, abs=0.05)]


def test_a_cut_off_file_keeps_what_was_read(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mp4", shots([2, 3, 1.6, 4])).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) * 6 // 10])
    *kept, last = VideoReader().read(path, LIMITS)
    assert isinstance(kept[0], Page) and kept[0].end_s == 2
    assert isinstance(last, PageError) and last.number == len(kept) + 1 and "breaks off" in last.reason


def test_scratched_in_the_middle_it_goes_on(tmp_path: Path) -> None:
    data = bytearray(film(tmp_path / "a.avi", shots([2, 3, 2]), codec="mpeg4").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    path = tmp_path / "scratched.avi"
    path.write_bytes(data)
    found = [page for page in VideoReader().read(path, LIMITS) if isinstance(page, Page)]
    assert found[0].start_s == 0 and found[-1].end_s == pytest.approx(7, abs=0.3)


@pytest.mark.parametrize("keep", [0.02, 0.0])
def test_without_any_picture_it_is_refused(tmp_path: Path, keep: float) -> None:
    whole = film(tmp_path / "a.mkv", shots([2])).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: max(40, int(len(whole) * keep))])
    with pytest.raises(Refused):
        list(VideoReader().read(path, LIMITS))


def test_junk_behind_a_signature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "junk.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 20)
    with pytest.raises(Refused, match="damaged"):
        list(VideoReader().read(path, LIMITS))
    with pytest.raises(ValueError, match="damaged"):
        VideoReader().picture(path, PageRef(1, 0.0), 100)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no pictures"):
        list(VideoReader().read(film(tmp_path / "a.mp4", [], sound=True), LIMITS))


def test_over_the_caps_it_is_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", shots([5], fps=5), fps=5)
    with pytest.raises(Refused, match="max_seconds"):
        list(VideoReader().read(path, Limits(max_seconds=4)))
    with pytest.raises(Refused, match="pixels"):
        list(VideoReader().read(path, Limits(max_pixels=10_000)))


def test_the_cap_on_moments_makes_them_longer(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", shots([1.2] * 5))
    assert len(moments(path)) == 5
    assert len(moments(path, Limits(max_pages=2))) <= 2


def test_playlists_open_no_other_file(tmp_path: Path) -> None:
    film(tmp_path / "secret.mp4", shots([1]))
    for name, text in (
        ("a.m3u8", "#EXTM3U\n#EXTINF:1,\nsecret.mp4\n"),
        ("a.mp4", "ffconcat version 1.0\nfile secret.mp4\n"),
    ):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(Refused):
            list(VideoReader().read(path, LIMITS))


def test_a_name_like_an_address_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / "a.mp4", shots([1])).rename(tmp_path / "http:localhost.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(moments(Path(path.name))) == 1


def test_it_streams(tmp_path: Path) -> None:
    pages = VideoReader().read(film(tmp_path / "a.mp4", shots([2] * 4)), LIMITS)
    first = next(pages)
    assert isinstance(first, Page) and first.end_s == 2
    pages.close()  # type: ignore[attr-defined]
