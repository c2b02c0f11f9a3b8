"""Versions of what reads pictures, for keys of caches. Raise the last number when results change."""

from importlib.metadata import version

OCR = f"rapidocr-{version('rapidocr')}-small-2"
LAYOUT = f"pymupdf-{version('pymupdf')}-1"
