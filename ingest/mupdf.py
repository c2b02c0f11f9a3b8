"""PyMuPDF, set up: quick to import, quiet, and its errors named.

PyMuPDF is not thread-safe: it is imported in child processes only (see `ingest.worker`).
"""

from __future__ import annotations

import sys

if "pymupdf" not in sys.modules and "pymupdf.layout" not in sys.modules:
    # PyMuPDF imports its layout analysis (onnxruntime, networkx: .6 s, 200 MB) whenever that is installed. None makes
    # that import fail, as Python documents it; `ingest.layout` imports it when a shown page asks for it.
    sys.modules["pymupdf.layout"] = None  # type: ignore[assignment]
    import pymupdf

    del sys.modules["pymupdf.layout"]
else:
    import pymupdf

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)

# What PyMuPDF raises on documents that are broken, locked or too complex. It has no common ancestor below Exception.
ERRORS = (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError, TypeError, IndexError, KeyError, AssertionError)

__all__ = ["ERRORS", "pymupdf"]
