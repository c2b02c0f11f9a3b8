"""Letters for drawn pictures: the fonts that PyMuPDF carries, so that every machine draws the same."""

from __future__ import annotations

import io
from functools import lru_cache

import pymupdf
from PIL import ImageFont


@lru_cache(maxsize=64)
def font(size: int, bold: bool = False, typewriter: bool = False) -> ImageFont.FreeTypeFont:
    name = ("cobo" if bold else "cour") if typewriter else ("hebo" if bold else "helv")
    return ImageFont.truetype(io.BytesIO(pymupdf.Font(name).buffer), size)
