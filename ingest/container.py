"""Opens a video file, and nothing but that file: the container is decided by its first bytes, never by its name, so that
no playlist is ever followed, and only the `file` protocol is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from ingest.types import Refused

AGAIN = "Open it in another program and save it as MP4."
QUARTER_TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}

_SIGNATURES = (
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"OggS", "ogg"),
    (0, b"FLV\x01", "flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\x00\x00\x01\xb3", "mpegvideo"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "mxf"),
    (0, b".RMF", "rm"),
    (0, b"YUV4MPEG2 ", "yuv4mpegpipe"),
    (8, b"AVI ", "avi"),
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (4, b"free", "mov"),
    (4, b"skip", "mov"),
    (4, b"pnot", "mov"),
    (0, b"\x47", "mpegts"),
    (4, b"\x47", "mpegts"),
)


def container_format(path: Path) -> str:
    """FFmpeg's name of the container by the file's first bytes; raises Refused."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise Refused(f"it cannot be opened ({error.strerror})", "Check that it is still there.") from None
    for offset, mark, name in _SIGNATURES:
        if head[offset:].startswith(mark):
            return name
    raise Refused("this kind of video is not supported", AGAIN)


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its first real video stream, decoding in one thread; raises Refused."""
    options = {"protocol_whitelist": "file", "enable_drefs": "0", "use_absolute_path": "0"}
    name = container_format(path)
    try:
        # "file:" keeps a name such as "http:x.mp4" from being an address
        container = av.open(f"file:{path.absolute()}", format=name, options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Refused("it is incomplete or damaged, or no video", AGAIN) from error
    with container:
        stream = next((one for one in container.streams.video if not _is_cover(one)), None)
        if stream is None:
            raise Refused("it has sound, and no pictures", "Only PDFs, pictures and videos can be added.")
        if stream.codec_context is None or stream.codec_context.codec is None:
            raise Refused("its pictures are in a format that cannot be read", AGAIN)
        stream.codec_context.thread_count = 1
        yield container, stream


def seconds_of(container: InputContainer, stream: VideoStream) -> float | None:
    """Length in seconds as the file claims it, or None."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration and container.duration > 0 else None


def first_s(container: InputContainer) -> float:
    """The second that players show as 0:00: streams that were cut from a broadcast start somewhere."""
    return container.start_time / av.time_base if container.start_time else 0.0


def upright_size(frame: VideoFrame, stream: VideoStream, longest_px: int | None = None) -> tuple[int, int, int]:
    """(width, height, quarter turns counter-clockwise still to make): of square pixels, before turning.

    With `longest_px` it is scaled down so that neither side is longer.
    """
    aspect = stream.sample_aspect_ratio or Fraction(1)
    width = frame.width * float(aspect) if 0.1 < aspect < 10 else float(frame.width)
    height = float(frame.height)
    scale = min(1.0, longest_px / max(width, height)) if longest_px else 1.0
    turns = round(frame.rotation / 90) % 4 if math.isfinite(frame.rotation) else 0
    return max(2, round(width * scale)), max(2, round(height * scale)), turns


def as_picture(frame: VideoFrame, turns: int = 0) -> Image.Image:
    """A frame as RGB picture, turned upright."""
    picture: Image.Image = frame.to_image()
    return picture.transpose(QUARTER_TURNS[turns]) if turns else picture


def _is_cover(stream: VideoStream) -> bool:
    """A still picture that music carries along."""
    return bool(stream.disposition & Disposition.attached_pic)
