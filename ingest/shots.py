"""Where one shot of a video ends and the next begins, decided on small frames as they come.

Three eyes: PySceneDetect's adaptive detector (hard cuts; F1 .92 on BBC's films), its histogram detector (fades, which
the first cannot see), and one for slides and screen recordings, where little changes and then stands still.
"""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, HistogramDetector

Bytes = npt.NDArray[np.uint8]

RATE = 5  # frames looked at per second
LOOK_AHEAD = 2  # frames that the adaptive detector wants to see behind a cut
HISTOGRAM = 0.5  # PySceneDetect's .2 is meant for every frame; between frames .2 s apart pans change that much
STILL = 0.8  # mean change of grey levels between neighbours, of 255: nothing moves
NEW_SLIDE = 4.0  # mean change since the slide came, of 255: two lines of text on an empty page
SLIDE_PX = (64, 36)


class Shots:
    """Feed it one small BGR frame (height, width, 3) every 1 / RATE s; it names cuts up to LOOK_AHEAD frames late."""

    def __init__(self, min_s: float = 1.0) -> None:
        self._adaptive = AdaptiveDetector(min_scene_len=min_s)
        self._histogram = HistogramDetector(threshold=HISTOGRAM, min_scene_len=min_s)
        self._slides = _Slides()

    def cuts(self, second: float, small: Bytes) -> list[float]:
        """Seconds of frames fed before, or of this one, that begin a new shot."""
        moment = FrameTimecode(float(second), Fraction(RATE))
        found = self._adaptive.process_frame(moment, small) + self._histogram.process_frame(moment, small)
        seconds = [float(one.seconds) for one in found]
        return [*seconds, second] if self._slides.changed(small) else seconds


class _Slides:
    """Sees another slide: a picture that stands still and differs from the one that stood still before."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.int16] | None = None
        self._slide: npt.NDArray[np.int16] | None = None

    def changed(self, small: Bytes) -> bool:
        grey = cv2.resize(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), SLIDE_PX, interpolation=cv2.INTER_AREA)
        now = grey.astype(np.int16)
        still = self._before is not None and _change(now, self._before) < STILL
        self._before = now
        if not still:
            return False
        changed = self._slide is not None and _change(now, self._slide) > NEW_SLIDE
        if changed or self._slide is None:
            self._slide = now
        return changed


def _change(one: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> float:
    return float(np.abs(one - other).mean())
