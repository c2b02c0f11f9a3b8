"""Subtitles: literal files, files beside a video, streams inside it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.subtitles.subtitle import SubtitleSet

from ingest.subtitles import Cue, beside, parse, spoken
from ingest.types import Limits, Page, Passage, Source
from ingest.video import VideoReader
from tests.ingest.films import film, shots

SRT = """1
00:00:00,500 --> 00:00:01,800
<i>Mind the</i> gap &amp; the {\\an8}doors

2
00:00:02,000 --> 00:00:04,000
- Which doors?
- The blue ones.
"""

VTT = """WEBVTT - a title

NOTE nobody reads this

intro
00:01.000 --> 00:02.500 align:start position:0%
<v Ann>Good <00:01.500><c>morning</c>

01:00:00.000 --> 01:00:01.000
late
"""


def test_subrip() -> None:
    assert parse(SRT) == [
        Cue(0.5, 1.8, "Mind the gap & the doors"),
        Cue(2.0, 4.0, "- Which doors? - The blue ones."),
    ]
    assert parse(SRT.replace("\n", "\r\n")) == parse(SRT)


def test_webvtt() -> None:
    assert parse(VTT) == [Cue(1.0, 2.5, "Good morning"), Cue(3600.0, 3601.0, "late")]


def test_rolling_captions_say_every_word_once() -> None:
    rolling = "\n\n".join(
        f"00:00:0{at}.000 --> 00:00:0{at + 1}.000\n{text}"
        for at, text in enumerate(["so this is the pump", "so this is the pump\nthat we built", "that we built"])
    )
    assert [cue.text for cue in parse(rolling)] == ["so this is the pump", "that we built"]


@pytest.mark.parametrize(
    "text", ["", "no times here", "00:00:05,000 --> 00:00:01,000\nbackwards", "1\n00:00 --> x\ny", SRT[:20]]
)
def test_nonsense_has_no_cues(text: str) -> None:
    assert parse(text) == []


def test_a_cue_without_an_end_does_not_cover_the_film() -> None:
    assert parse("00:00:01,000 --> 99:00:00,000\nhello") == [Cue(1.0, 61.0, "hello")]


def test_what_is_said_in_a_span() -> None:
    cues = parse(SRT)
    assert spoken(cues, 0, 2) == (Passage("Mind the gap & the doors", None, Source.SUBTITLES),)
    assert spoken(cues, 1.7, 3) == (Passage("- Which doors? - The blue ones.", None, Source.SUBTITLES),)
    assert spoken(cues, 5, 9) == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [("film.srt", 1), ("film.SRT", 1), ("film.vtt", 1), ("film.en.srt", 1), ("film.mp4.srt", 1), ("film2.srt", 0)],
)
def test_a_file_beside_the_video(tmp_path: Path, name: str, said: int) -> None:
    (tmp_path / name).write_text("00:00:01,000 --> 00:00:02,000\nhello")
    assert len(beside(tmp_path / "film.mp4")) == said


def test_the_plain_name_goes_before_english_and_that_before_others(tmp_path: Path) -> None:
    video = tmp_path / "film.mp4"
    for name in ("film.de.srt", "film.en.srt", "film.srt"):
        (tmp_path / name).write_text(f"00:00:01,000 --> 00:00:02,000\n{name}")
    assert beside(video)[0].text == "film.srt"
    (tmp_path / "film.srt").unlink()
    assert beside(video)[0].text == "film.en.srt"
    (tmp_path / "film.en.srt").unlink()
    assert beside(video)[0].text == "film.de.srt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "film.srt").write_text("00:00:01,000 --> 00:00:02,000\nGruß", encoding=encoding)
    assert beside(tmp_path / "film.mp4") == [Cue(1.0, 2.0, "Gruß")]


def test_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "film.srt").mkdir()
    assert beside(tmp_path / "film.mp4") == []
    assert beside(tmp_path / "missing" / "film.mp4") == []


def said(path: Path) -> list[list[str]]:
    pages = [page for page in VideoReader().read(path, Limits()) if isinstance(page, Page)]
    return [[passage.text for passage in page.passages] for page in pages]


EXPECTED = [["Mind the gap & the doors"], ["- Which doors? - The blue ones."]]


def test_moments_carry_what_is_said(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", shots([2, 3]))
    (tmp_path / "film.srt").write_text(SRT)
    assert said(path) == EXPECTED


ASS = """[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.50,0:00:01.80,Default,,0,0,0,,{\\i1}Mind the{\\i0} gap & the doors
Dialogue: 0,0:00:02.00,0:00:04.00,Default,,0,0,0,,- Which doors?\\N- The blue ones.
"""


@pytest.mark.parametrize(("name", "text"), [("other.srt", SRT), ("other.ass", ASS)])
def test_streams_inside_the_video(tmp_path: Path, name: str, text: str) -> None:
    plain, path, subtitles = film(tmp_path / "plain.mp4", shots([2, 3])), tmp_path / "film.mkv", tmp_path / name
    subtitles.write_text(text)
    with av.open(str(plain)) as video, av.open(str(subtitles)) as texts, av.open(str(path), "w") as out:
        pictures = out.add_stream_from_template(video.streams.video[0])
        words = out.add_stream_from_template(texts.streams.subtitles[0])
        packets = [(packet, words) for packet in texts.demux() if packet.size]
        packets += [(packet, pictures) for packet in video.demux() if packet.size]
        for packet, stream in sorted(packets, key=lambda pair: float(pair[0].dts * pair[0].time_base)):
            packet.stream = stream
            out.mux(packet)
    assert said(path) == EXPECTED


def test_streams_inside_an_mp4(tmp_path: Path) -> None:
    plain, path = film(tmp_path / "plain.mp4", shots([2, 3])), tmp_path / "film.mp4"
    with av.open(str(plain)) as video, av.open(str(path), "w") as out:
        pictures = out.add_stream_from_template(video.streams.video[0])
        words = out.add_stream("mov_text")
        words.codec_context.subtitle_header = ASS.split("Dialogue")[0].encode()
        for start_ms, end_ms, text in ((500, 1800, "Mind the gap & the doors"), (2000, 4000, "The blue ones.")):
            event = f"0,0,Default,,0,0,0,,{text}".encode()
            made = words.codec_context.encode_subtitle(SubtitleSet.create(event, 0, end_ms - start_ms))
            made.stream, made.time_base = words, Fraction(1, 1000)
            made.pts = made.dts = start_ms
            made.duration = end_ms - start_ms
            out.mux(made)
        for packet in video.demux():
            if packet.size:
                packet.stream = pictures
                out.mux(packet)
    assert said(path) == [["Mind the gap & the doors"], ["The blue ones."]]
