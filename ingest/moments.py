"""Frames and cuts become moments: a stretch of a video and the one frame that shows it best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

Bytes = npt.NDArray[np.uint8]

MIN_S = 1.0
MAX_S = 30.0
PIECE_S = 29.0  # a long take is cut here: a rest of less than MIN_S still fits
CANDIDATES = 16  # frames kept of the running shot, at most 960 px each
DARK = 16  # mean grey level
FLAT = 4.0  # standard deviation of grey levels: an empty wall
SAME_MEAN, SAME_MOST = 3.0, 40  # grey levels by which two small pictures of the same scene differ
GLANCE_PX = (32, 18)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame that may stand for its shot."""

    second: float
    frame: VideoFrame  # small, YUV
    turns: int  # quarter turns counter-clockwise that it still needs
    sharpness: float  # variance of the Laplacian
    brightness: float  # mean grey level, 0–255
    contrast: float  # standard deviation of grey levels
    glance: npt.NDArray[np.int16]  # grey, GLANCE_PX

    @property
    def empty(self) -> bool:
        """Black, white or one colour: shows nothing."""
        return self.brightness < DARK or self.contrast < FLAT

    def looks_like(self, other: Candidate) -> bool:
        difference = np.abs(self.glance - other.glance)
        return float(difference.mean()) < SAME_MEAN and int(difference.max()) < SAME_MOST


def candidate(second: float, frame: VideoFrame, turns: int, small: Bytes) -> Candidate:
    """Measures a frame by its small BGR copy (height, width, 3)."""
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    glance = cv2.resize(grey, GLANCE_PX, interpolation=cv2.INTER_AREA).astype(np.int16)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    return Candidate(second, frame, turns, sharpness, float(grey.mean()), float(grey.std()), glance)


@dataclass(frozen=True, slots=True)
class Moment:
    start_s: float
    end_s: float
    key: Candidate

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    def joined(self, later: Moment) -> Moment:
        """Both as one; the longer one's frame stands for it, unless that shows nothing."""
        mine = (not self.key.empty, self.length_s) >= (not later.key.empty, later.length_s)
        return Moment(self.start_s, later.end_s, (self if mine else later).key)

    def pieces(self) -> Iterator[Moment]:
        """Equal parts of at most MAX_S (a video may show one frame for minutes)."""
        count = max(1, math.ceil(self.length_s / MAX_S - 1e-6))
        if count == 1:
            yield self
            return
        edges = [self.start_s + self.length_s * part / count for part in range(count + 1)]
        for start_s, end_s in itertools.pairwise(edges):
            # the key frame is looked up as "the last one until then"
            key_s = min(max(self.key.second, start_s), end_s - 0.05)
            yield Moment(start_s, end_s, replace(self.key, second=key_s))


class Shot:
    """The running shot: a bounded number of frames, evenly over its length."""

    def __init__(self, start_s: float) -> None:
        self.start_s = start_s
        self._kept: list[Candidate] = []
        self._every = 2  # looked-at frames from one candidate to the next
        self._seen = 0

    def wants(self) -> bool:
        """Whether the next frame is to be kept; ask once for each frame."""
        self._seen += 1
        return self._seen == 1 or self._seen % self._every == 0

    def keep(self, one: Candidate) -> None:
        self._kept.append(one)
        if len(self._kept) > CANDIDATES:
            self._kept = self._kept[1::2]
            self._every *= 2

    def moment(self, end_s: float) -> Moment | None:
        """The shot until `end_s`; None when no frame of it was kept."""
        if not self._kept:
            return None
        middle, half = (self.start_s + end_s) / 2, max((end_s - self.start_s) / 2, 1e-3)

        def fitness(one: Candidate) -> tuple[bool, float]:
            return not one.empty, math.log1p(one.sharpness) - abs(one.second - middle) / half

        return Moment(self.start_s, end_s, max(self._kept, key=fitness))


def merged(moments: Iterator[Moment], min_s: float = MIN_S) -> Iterator[Moment]:
    """Joins neighbours that look the same, and what is too short or shows nothing to the one before it."""
    held: Moment | None = None
    for moment in moments:
        if held is None:
            held = moment
            continue
        weak = moment.length_s < min_s or moment.key.empty or held.length_s < min_s or held.key.empty
        fits = moment.end_s - held.start_s <= MAX_S
        if (fits and (weak or held.key.looks_like(moment.key))) or held.length_s < min_s or moment.length_s < min_s / 2:
            held = held.joined(moment)
        else:
            yield from held.pieces()
            held = moment
    if held is not None:
        yield from held.pieces()
