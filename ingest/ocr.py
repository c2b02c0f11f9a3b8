"""Text in pictures: where it stands and what it says.

The models are the PP-OCRv6 detector and recogniser that the `rapidocr` wheel carries, run through ONNX Runtime
directly: nothing is downloaded, and `rapidocr` itself (with its logging and its network code) is never imported. The
detector goes first; the recogniser, which takes four fifths of the time, sees only the lines that the detector found,
each at its own width (its cost is proportional to the width, so padding lines to a common one would double it).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
from PIL import Image

from ingest import engines
from ingest.order import reading_order
from ingest.types import Box, Line

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

LONGEST_PX = 2000  # larger pictures are scaled down: text that is too small then is small print
DETECT_PX = 1600  # longest side that the detector gets (1,280 loses small print); lines are cut from the larger picture
SHORTEST_PX = 736  # smaller pictures are scaled up before the detector: on charts of 400 px it finds 1 % more words
GLANCE_PX = 224  # first look, at this shortest side: where the detector sees nothing, there is no text (most photos)
GLANCE_RATIO = 0.4  # but never smaller than this: a page of small print is a grey wall then
GLANCE_PROBABILITY = 0.3
MIN_PX = 8  # no letter fits into less
PROBABILITY = 0.3  # of a pixel to belong to text
BOX_SCORE = 0.5  # mean probability inside a box
UNCLIP = 1.6  # the detector marks the core of a line; its box is that much larger
MAX_LINES = 1000
LINE_PX = 48  # height at which the recogniser reads
MIN_LINE_PX = 64  # narrower crops are padded: single digits are read worse without some room
SURE_SCORE = 0.8
MIN_SCORE = 0.6  # below: strokes of a drawing, leaves and fences taken for letters; so are single symbols at any score


class Ocr:
    """Reads the text in pictures. The models (31 MB) are loaded on the first call; one call at a time."""

    ENGINE = engines.OCR
    """Key for caches: changes whenever the same picture may give other lines."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._detector: _Net | None = None
        self._recogniser: _Net | None = None
        self._characters: list[str] = []

    def read(self, picture: Image.Image) -> list[Line]:
        """Lines of text in reading order, with scores ≥ `MIN_SCORE`; an empty list when there is no text."""
        rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
        if min(rgb.size) < MIN_PX:
            return []
        if max(rgb.size) > LONGEST_PX:
            rgb = rgb.copy()
            rgb.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.BICUBIC)
        bgr: Bytes = np.ascontiguousarray(np.asarray(rgb)[:, :, ::-1])  # (height, width, 3)
        if self._detector is None:
            self._detector = _Net("PP-OCRv6_det_small.onnx", self._threads)
        height, width = bgr.shape[:2]
        lines = []
        for corners in self._find(bgr):
            text, score = self._read_line(_cut(bgr, corners))
            if score >= MIN_SCORE and (len(text) > 1 or (text.isascii() and text.isalnum())):
                low, high = corners.min(axis=0), corners.max(axis=0)
                box = Box(*_clamped(low[0] / width, low[1] / height, high[0] / width, high[1] / height))
                lines.append(Line(text, box, round(score, 3)))
        return reading_order(lines)

    def _find(self, bgr: Bytes) -> Iterator[Floats]:
        """Corners (4, 2) in pixels of the lines that the detector sees: clockwise from top left."""
        height, width = bgr.shape[:2]
        shortest, whole = min(height, width), DETECT_PX / max(height, width)
        glance = max(GLANCE_RATIO, min(GLANCE_PX / shortest, whole))
        if self._probabilities(bgr, glance).max() < GLANCE_PROBABILITY:
            return
        seen = self._probabilities(bgr, max(min(1.0, whole), min(SHORTEST_PX / shortest, 2 * whole)))
        mask = cv2.dilate((seen > PROBABILITY).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        scale = np.array([width / seen.shape[1], height / seen.shape[0]], np.float32)
        for contour in contours[:MAX_LINES]:
            (x, y), (across, down), angle = cv2.minAreaRect(contour)
            if min(across, down) < 3 or _mean_inside(seen, cv2.boxPoints(((x, y), (across, down), angle))) < BOX_SCORE:
                continue
            grow = 2 * UNCLIP * across * down / (2 * (across + down))
            corners = _clockwise(cv2.boxPoints(((x, y), (across + grow, down + grow), angle)) * scale)
            corners = np.clip(np.round(corners), 0, [width - 1, height - 1]).astype(np.float32)
            if min(np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[0] - corners[3])) > 3:
                yield corners

    def _probabilities(self, bgr: Bytes, ratio: float) -> Floats:
        """Probability of text, (h, w), of the picture scaled by about `ratio`."""
        assert self._detector is not None
        height, width = (max(32, round(side * ratio / 32) * 32) for side in bgr.shape[:2])
        scaled = cv2.resize(bgr, (width, height))
        seen: Floats = self._detector(_normalised(scaled))[0, 0]
        return seen

    def _read_line(self, line: Bytes) -> tuple[str, float]:
        """Like `_say`; what reads badly is tried the other way round, as text that runs down is."""
        said = self._say(line)
        return said if said[1] >= SURE_SCORE else max(said, self._say(np.rot90(line, 2)), key=lambda each: each[1])

    def _say(self, line: Bytes) -> tuple[str, float]:
        """Text and mean probability of one cut-out line (height, width, 3)."""
        if self._recogniser is None:
            self._recogniser = _Net("PP-OCRv6_rec_small.onnx", self._threads)
            self._characters = ["", *self._recogniser.metadata("character").splitlines(), " "]  # first: CTC's blank
        height, width = line.shape[:2]
        across = max(1, round(width * LINE_PX / height))
        padded: Floats = np.zeros((1, 3, LINE_PX, max(MIN_LINE_PX, -(-across // 8) * 8)), np.float32)
        padded[..., :across] = _normalised(cv2.resize(line, (across, LINE_PX)))
        seen = self._recogniser(padded)[0]  # (steps, characters), probabilities
        best = seen.argmax(axis=1)
        fresh = (best != 0) & np.concatenate(([True], best[1:] != best[:-1]))
        if not fresh.any():
            return "", 0.0
        text = "".join(self._characters[index] for index in best[fresh]).strip()
        return text, float(seen.max(axis=1)[fresh].mean())


class _Net:
    """One ONNX model of the rapidocr wheel: float32 array in, float32 array out."""

    def __init__(self, name: str, threads: int) -> None:
        spec = find_spec("rapidocr")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("No module named 'rapidocr': pip install rapidocr", name="rapidocr")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.enable_cpu_mem_arena = False  # the arena keeps the largest picture's memory for ever
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = Path(spec.origin).with_name("models") / name
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, batch: Floats) -> Floats:
        return np.asarray(self._session.run(None, {self._input: batch})[0], np.float32)

    def metadata(self, key: str) -> str:
        return str(self._session.get_modelmeta().custom_metadata_map[key])


def _normalised(bgr: npt.NDArray[Any]) -> Floats:
    """(h, w, 3) bytes → (1, 3, h, w) between -1 and 1."""
    return np.ascontiguousarray(bgr.transpose(2, 0, 1)[None], np.float32) / 127.5 - 1


def _mean_inside(seen: Floats, corners: npt.NDArray[Any]) -> float:
    """Mean of `seen` (h, w) over the pixels inside a quadrangle (4, 2)."""
    height, width = seen.shape
    x0, y0 = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (width - 1, height - 1))
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - (x0, y0)).astype(np.int32)], 1)
    return float(cv2.mean(seen[y0 : y1 + 1, x0 : x1 + 1], mask)[0])


def _clockwise(corners: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same corners (4, 2) as top left, top right, bottom right, bottom left."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    left, right = left[np.argsort(left[:, 1])], right[np.argsort(right[:, 1])]
    return np.array([left[0], right[0], right[1], left[1]])


def _cut(bgr: Bytes, corners: Floats) -> Bytes:
    """The line inside `corners`, level; one that is higher than wide is taken to run up the page, as axis labels do."""
    top_left, top_right, bottom_right, bottom_left = corners
    width = int(max(np.linalg.norm(top_left - top_right), np.linalg.norm(bottom_right - bottom_left)))
    height = int(max(np.linalg.norm(top_left - bottom_left), np.linalg.norm(top_right - bottom_right)))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    cut: Bytes = cv2.warpPerspective(
        bgr,
        cv2.getPerspectiveTransform(corners, target),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    return np.rot90(cut, -1) if height >= 1.5 * width else cut


def _clamped(*values: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (min(1.0, max(0.0, float(value))) for value in values)
    return x0, y0, x1, y1
