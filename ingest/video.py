"""Videos: one linear decode gives moments, each with its span, one key frame and what is said in it.

Memory stays flat whatever the length: small frames go to the detectors and are forgotten, a shot keeps a few frames of at
most 960 px, and a moment is handed on as soon as the next one has begun.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from ingest.container import AGAIN, as_picture, first_s, opened, seconds_of, upright_size
from ingest.moments import MIN_S, PIECE_S, Moment, Shot, candidate, merged
from ingest.shots import LOOK_AHEAD, RATE, Bytes, Shots
from ingest.subtitles import MAX_CUE_S, Cue, beside, plain, spoken, without_repeats
from ingest.types import Kind, Limits, Page, PageError, PageRef, Refused

KEY_PX = 960
KEY_QUALITY = 85
LOOK_PX = 192  # width or height, whichever is longer, of the frames that the detectors see
FAST_FPS = 20  # from here on frames that no other frame needs are not decoded: half of most videos
MAX_ERRORS = 250  # broken packets in a row; a scratch is shorter
AHEAD_S = 12.0  # second try: transport streams without an index may land behind the asked second
EARLY_S = 2.0  # an end so much before the promised one is worth a word
TEXT_SUBTITLES = frozenset({"subrip", "srt", "mov_text", "ass", "ssa", "webvtt", "text"})


class VideoReader:
    """Reads what FFmpeg decodes, from the file alone."""

    def read(self, path: Path, limits: Limits) -> Iterator[Page | PageError]:
        """Moments in order; raises Refused for what is no video, is too long, or has no frame that can be decoded."""
        with opened(path) as (container, stream):
            length = seconds_of(container, stream)
            if length and length > limits.max_seconds:
                raise _too_long(limits)
            if stream.codec_context.width * stream.codec_context.height > limits.max_pixels:
                raise Refused(f"its pictures have more than {limits.max_pixels:,} pixels", "Save it smaller.")
            playing = _Playing(container, stream, length, limits, beside(path))
            number = 0
            # moments no shorter than this never exceed the cap on their number
            min_s = max(MIN_S, (length or 0.0) / limits.max_pages)
            for moment in merged(_moments(playing, min_s), min_s):
                number += 1
                yield _page(number, moment, playing)
            if number == 0:
                raise Refused("none of its pictures can be decoded", AGAIN)
            if playing.broken and length and playing.end_s < length - EARLY_S:
                yield PageError(number + 1, f"it breaks off after {playing.end_s:.0f} of {length:.0f} seconds")

    def picture(self, path: Path, page: PageRef, longest_px: int) -> Image.Image:
        """The frame that stands at `page.key_s`; raises ValueError when it cannot be decoded."""
        if page.key_s is None:
            raise ValueError("a moment is named by the second of its key frame")
        for ahead_s in (0.0, AHEAD_S, None):
            try:
                with opened(path) as (container, stream):
                    frame = _frame_at(container, stream, page.key_s, ahead_s)
                    if frame is None:
                        continue
                    width, height, turns = upright_size(frame, stream, longest_px)
                    return as_picture(VideoReformatter().reformat(frame, width, height, "rgb24"), turns)
            except Refused as error:
                raise ValueError(str(error)) from error
            except av.error.FFmpegError:
                continue  # this container cannot seek there
        raise ValueError(f"no frame can be decoded at {page.key_s:.1f} s")


@dataclass
class _Playing:
    """One pass through a video: its frames, and what came to light on the way."""

    container: InputContainer
    stream: VideoStream
    length_s: float | None
    limits: Limits
    cues: list[Cue]
    end_s: float = field(default=0.0, init=False)
    broken: bool = field(default=False, init=False)
    size: tuple[int, int] = field(default=(0, 0), init=False)  # width, height in pixels, upright

    def frames(self) -> Iterator[tuple[float, VideoFrame]]:
        """About RATE frames a second, with their seconds, ever later. Raises Refused past the cap on the length."""
        rate = self.stream.average_rate or self.stream.guessed_rate
        if rate and rate >= FAST_FPS:
            self.stream.codec_context.skip_frame = "NONREF"
        start, step = first_s(self.container), 1 / float(rate) if rate else 0.04
        due = before = -math.inf
        for index, frame in enumerate(self._decoded()):
            second = index * step if frame.time is None else frame.time - start
            if second <= before or (self.length_s and second > self.length_s + 60):
                continue  # a clock that jumps
            if second > self.limits.max_seconds:
                raise _too_long(self.limits)
            before = second
            lasts = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else step
            self.end_s = second + lasts
            if second >= due:
                due = (math.floor(second * RATE + 0.01) + 1) / RATE - 0.01
                width, height, turns = upright_size(frame, self.stream)
                self.size = (height, width) if turns % 2 else (width, height)
                yield max(0.0, second), frame
        if self.length_s and abs(self.length_s - self.end_s) < 1.0:
            self.end_s = self.length_s

    def _decoded(self) -> Iterator[VideoFrame]:
        """All frames; broken packets are stepped over. Cues of a subtitle stream are collected by the way."""
        texts = None if self.cues else _text_stream(self.container)
        errors = 0
        try:
            for packet in self.container.demux(*filter(None, (self.stream, texts))):
                if texts is not None and packet.stream.index == texts.index:
                    self.cues.extend(_cues(texts, packet, first_s(self.container)))
                    continue
                try:
                    frames = packet.decode()
                except (av.error.FFmpegError, ValueError):
                    self.broken = True
                    errors += 1
                    if errors > MAX_ERRORS:
                        return
                    continue
                for frame in frames:
                    errors = 0
                    if isinstance(frame, VideoFrame):
                        yield frame
        except av.error.FFmpegError:  # the container itself breaks off
            self.broken = True
        if self.length_s and self.end_s < self.length_s - EARLY_S:
            self.broken = True


def _moments(playing: _Playing, min_s: float) -> Iterator[Moment]:
    """Moments as the detectors see them, one after the other without gaps."""
    shots, cuts, shot = Shots(min_s), set[float](), Shot(0.0)
    look, shrink = VideoReformatter(), VideoReformatter()
    waiting: deque[tuple[float, VideoFrame, Bytes]] = deque()

    def settle(second: float, frame: VideoFrame, small: Bytes) -> Iterator[Moment]:
        nonlocal shot
        length = second - shot.start_s
        if (second in cuts and length >= min_s) or length >= PIECE_S:
            closed = shot.moment(second)
            if closed is not None:
                yield closed
                shot = Shot(second)
        cuts.difference_update([cut for cut in cuts if cut <= second])
        if shot.wants():
            width, height, turns = upright_size(frame, playing.stream, KEY_PX)
            shot.keep(candidate(second, shrink.reformat(frame, width, height, "yuv420p"), turns, small))

    for second, frame in playing.frames():
        width, height, _ = upright_size(frame, playing.stream, LOOK_PX)
        small: Bytes = look.reformat(frame, width, height, "bgr24").to_ndarray().astype(np.uint8, copy=False)
        cuts.update(shots.cuts(second, small))
        waiting.append((second, frame, small))
        if len(waiting) > LOOK_AHEAD:
            yield from settle(*waiting.popleft())
    for last in waiting:
        yield from settle(*last)
    closed = shot.moment(max(playing.end_s, shot.start_s))
    if closed is not None:
        yield closed


def _page(number: int, moment: Moment, playing: _Playing) -> Page:
    key = moment.key
    picture = as_picture(key.frame, key.turns)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=KEY_QUALITY)
    return Page(
        number,
        Kind.MOMENT,
        *playing.size,
        passages=spoken(playing.cues, moment.start_s, moment.end_s),
        wants_ocr=True,
        start_s=round(moment.start_s, 3),
        end_s=round(moment.end_s, 3),
        key_s=round(key.second, 3),
        picture=buffer.getvalue(),
    )


def _frame_at(
    container: InputContainer, stream: VideoStream, second: float, ahead_s: float | None
) -> VideoFrame | None:
    """The last frame that begins at `second` or before it, when decoding starts `ahead_s` sooner (None: at the start)."""
    wanted = second + first_s(container) + 2e-3  # seconds are rounded to milliseconds
    if ahead_s is not None:
        container.seek(int(max(0.0, wanted - ahead_s) * av.time_base), backward=True)
    found = None
    for packet in container.demux(stream):
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
        except (av.error.FFmpegError, ValueError):
            continue
        for frame in frames:
            if frame.time is not None and frame.time > wanted:
                return found
            found = frame
    return found


def _text_stream(container: InputContainer) -> SubtitleStream | None:
    """The stream of subtitles to read: text, not pictures; English before others."""
    found = [
        one
        for one in container.streams.subtitles
        if one.codec_context is not None and one.codec_context.name in TEXT_SUBTITLES
    ]
    return min(found, key=lambda one: (not (one.language or "en").startswith("en"), one.index), default=None)


def _cues(stream: SubtitleStream, packet: av.Packet[Any], start: float) -> list[Cue]:
    if packet.pts is None or not packet.size:
        return []
    try:
        decoded = stream.codec_context.decode2(packet)
    except (av.error.FFmpegError, ValueError):
        return []
    rects = [rect for rect in decoded or () if isinstance(rect, AssSubtitle)]
    # an ASS event is ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text
    events = [(rect.ass or rect.text).decode("utf-8", "replace").split(",", 8)[-1] for rect in rects]
    text = plain(" ".join(events))
    begin = float(packet.pts * packet.time_base) - start
    lasts = float((packet.duration or 0) * packet.time_base) or 3.0
    return without_repeats([Cue(begin, begin + min(lasts, MAX_CUE_S), text)]) if text else []


def _too_long(limits: Limits) -> Refused:
    hours = limits.max_seconds / 3600
    return Refused(f"it is longer than {hours:.3g} hours", "Cut it into parts, or raise max_seconds.")
