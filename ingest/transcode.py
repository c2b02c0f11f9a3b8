"""The child process behind `ingest.playable`: `python -m ingest.transcode REQUEST`, one JSON request, one JSON answer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from ingest.container import container_format, first_s, opened, upright_size
from ingest.jail import isolate, limit_cpu, limit_memory
from ingest.types import DEFAULT_LIMITS, Refused

LONGEST_PX = 1280
MOST_FPS = 30
SOUND_HZ = 48_000
CPU_S = 1200.0
MILLISECOND = Fraction(1, 1000)
X264 = {"preset": "veryfast", "crf": "25"}

VIDEO_CODECS = frozenset({"h264", "vp8", "vp9", "av1", "libdav1d"})
AUDIO_CODECS = frozenset({"aac", "mp3", "mp3float", "opus", "vorbis", "flac"})
WEBM_CODECS = VIDEO_CODECS - {"h264"} | {"opus", "vorbis"}
H264_PIXELS = frozenset({"yuv420p", "yuvj420p"})


def needs_copy(path: Path) -> bool:
    """See `ingest.playable`; raises Refused."""
    name = container_format(path)
    with opened(path) as (container, stream):
        codec = stream.codec_context.name
        sounds = {one.codec_context.name for one in container.streams.audio if one.codec_context is not None}
        if codec not in VIDEO_CODECS or not sounds <= AUDIO_CODECS:
            return True
        if codec == "h264" and stream.codec_context.pix_fmt not in H264_PIXELS:
            return True
        # other Matroska files play in some browsers; WebM is what all of them know
        return not (name == "mov" or (name == "matroska" and {codec, *sounds} <= WEBM_CODECS))


def copy(path: Path, out: Path, start_s: float, seconds: float) -> None:
    """See `ingest.playable`; raises Refused, ValueError."""
    with (
        opened(path) as (container, source),
        av.open(f"file:{out}", "w", format="mp4", options={"movflags": "+faststart"}) as made,
    ):
        source.codec_context.thread_count = 0  # somebody is waiting
        voice = next((one for one in container.streams.audio if one.codec_context is not None), None)
        copying = _Copying(made, source, voice is not None)
        begin = start_s + first_s(container)
        for at, frame in _between(container, source, voice, begin, begin + seconds):
            if isinstance(frame, VideoFrame):
                copying.picture(max(0.0, at - begin), frame)
            else:
                copying.sound(at - begin, frame)
        copying.close()


class _Copying:
    """Encodes frames as they come. The file's head wants to know all streams, so sounds wait for the first picture."""

    def __init__(self, made: OutputContainer, source: VideoStream, has_sound: bool) -> None:
        self._made, self._source = made, source
        self._sounds: AudioStream | None = made.add_stream("aac", rate=SOUND_HZ, layout="stereo") if has_sound else None
        self._pictures: VideoStream | None = None
        self._shrink, self._last_ms = VideoReformatter(), -1000
        self._resampler = av.AudioResampler("fltp", "stereo", SOUND_HZ, frame_size=1024)
        self._early: list[AudioFrame] = []

    def picture(self, second: float, frame: VideoFrame) -> None:
        now_ms = round(second * 1000)
        if now_ms < self._last_ms + 1000 // MOST_FPS - 5:
            return
        if self._pictures is None:
            self._pictures = self._begun(frame)
        stream = self._pictures
        small = self._shrink.reformat(frame, stream.width, stream.height, "yuv420p")
        small.pts, small.time_base, self._last_ms = now_ms, MILLISECOND, now_ms
        self._made.mux(stream.encode(small))

    def sound(self, second: float, frame: AudioFrame) -> None:
        if self._sounds is None or second < 0:
            return
        frame.pts, frame.time_base = round(second * frame.sample_rate), Fraction(1, frame.sample_rate)
        for block in self._resampler.resample(frame):
            if self._pictures is None:
                self._early.append(block)
            else:
                self._made.mux(self._sounds.encode(block))

    def close(self) -> None:
        if self._pictures is None:
            raise ValueError("nothing of this video can be read there")
        self._made.mux(self._pictures.encode())
        if self._sounds is not None:
            self._made.mux(self._sounds.encode())

    def _begun(self, frame: VideoFrame) -> VideoStream:
        width, height, turns = upright_size(frame, self._source, LONGEST_PX)
        stream = self._made.add_stream("libx264", rate=MOST_FPS, options=X264)
        stream.width, stream.height, stream.pix_fmt = max(2, width // 2 * 2), max(2, height // 2 * 2), "yuv420p"
        stream.codec_context.time_base = MILLISECOND
        if turns:
            stream.set_display_rotation(90 * turns)
        if self._sounds is not None:
            for block in self._early:
                self._made.mux(self._sounds.encode(block))
        return stream


def _between(
    container: InputContainer, source: VideoStream, voice: AudioStream | None, begin: float, end: float
) -> Iterator[tuple[float, VideoFrame | AudioFrame]]:
    """Frames between two seconds of the container's clock, and the picture that stands at the first of them."""
    try:
        container.seek(int(max(0.0, begin) * av.time_base), backward=True)
    except av.error.FFmpegError:
        pass  # a container that cannot seek is read from its beginning
    standing: tuple[float, VideoFrame] | None = None
    for packet in container.demux([source] if voice is None else [source, voice]):
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            continue
        for frame in frames:
            if not isinstance(frame, (VideoFrame, AudioFrame)) or frame.time is None:
                continue
            at = frame.time
            if at >= end:
                if isinstance(frame, VideoFrame):
                    if standing is not None:
                        yield standing
                    return
                continue
            if isinstance(frame, VideoFrame) and at < begin:
                standing = at, frame
                continue
            if isinstance(frame, VideoFrame) and standing is not None:
                if at > begin:
                    yield standing
                standing = None
            yield at, frame
    if standing is not None:
        yield standing


def main() -> None:
    request = json.loads(sys.argv[1])
    answer_to = os.dup(1)
    os.dup2(2, 1)
    isolate()
    limit_memory(DEFAULT_LIMITS.memory_bytes)
    limit_cpu(CPU_S)
    answer: dict[str, object] = {}
    try:
        if request["do"] == "probe":
            answer["needs_copy"] = needs_copy(Path(request["path"]))
        else:
            copy(Path(request["path"]), Path(request["out"]), request["start_s"], request["seconds"])
    except Refused as refusal:
        answer["error"] = str(refusal)
    except (ValueError, OSError, MemoryError) as error:
        answer["error"] = f"this video cannot be read: {error}"
    os.write(answer_to, json.dumps(answer).encode("ascii"))


if __name__ == "__main__":
    main()
