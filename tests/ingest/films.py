"""Tiny videos with known shots, made on the spot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Frame = npt.NDArray[np.uint8]
SIZE = (160, 96)  # width, height
COLOURS = ((200, 40, 40), (40, 160, 60), (50, 60, 200), (210, 180, 40), (120, 40, 160), (230, 230, 230))


def scene(number: int, size: tuple[int, int] = SIZE, step: int = 0) -> Frame:
    """A picture of its own for each number; `step` moves something in it a little."""
    picture = Image.new("RGB", size, COLOURS[number % len(COLOURS)])
    pen = ImageDraw.Draw(picture)
    noise = np.random.default_rng(number)
    for _ in range(12):
        x, y = int(noise.integers(0, size[0])), int(noise.integers(0, size[1]))
        pen.rectangle((x, y, x + size[0] // 5, y + size[1] // 6), fill=tuple(noise.integers(0, 256, 3).tolist()))
    x = 2 * step % size[0]
    pen.ellipse((x, size[1] // 3, x + 14, size[1] // 3 + 14), fill="white")
    return np.asarray(picture)


def shots(lengths_s: Iterable[float], fps: int = 25, size: tuple[int, int] = SIZE) -> Iterator[Frame]:
    """Frames of shots so many seconds long, one after the other."""
    for number, length_s in enumerate(lengths_s):
        for step in range(round(length_s * fps)):
            yield scene(number, size, step)


def film(
    path: Path,
    frames: Iterable[Frame],
    fps: int = 25,
    *,
    codec: str = "libx264",
    turned: int = 0,
    seconds: Iterable[float] | None = None,
    options: dict[str, str] | None = None,
    sound: bool = False,
) -> Path:
    """Writes `frames` (RGB) at `fps`, or at the given `seconds`, to a file whose suffix names the container."""
    times = iter(seconds) if seconds is not None else None
    with av.open(str(path), "w", options={"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}) as out:
        stream = None
        voice = out.add_stream("aac", rate=48000) if sound else None
        for index, pixels in enumerate(frames):
            if stream is None:
                stream = out.add_stream(codec, rate=fps, options=options or {})
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.time_base = Fraction(1, 1000)
                if turned:
                    stream.set_display_rotation(turned)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = round(1000 * (next(times) if times is not None else index / fps))
            frame.time_base = Fraction(1, 1000)
            out.mux(stream.encode(frame))
        if stream is not None:
            out.mux(stream.encode())
        if voice is not None:
            for block in range(50):
                tone = np.zeros((2, 1024), np.float32)
                heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="stereo")
                heard.sample_rate, heard.pts, heard.time_base = 48000, block * 1024, Fraction(1, 48000)
                out.mux(voice.encode(heard))
            out.mux(voice.encode())
    return path
