"""The process that works on a library: `python -m retrieval.worker LIBRARY [LEASE]`. Started by `work.ensure_worker`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(folder: Path, token: str | None = None) -> int:
    from retrieval.cpu import settle_threads

    settle_threads()
    _step_back()
    from retrieval.library import Library

    with Library(folder) as library:
        library.work(token=token)
    return 0


def _step_back() -> None:
    """Questions come first: a low priority, also against other sessions where Linux groups processes by session. Not the
    lowest: beside other busy programs the work must still come to an end."""
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        Path("/proc/self/autogroup").write_text("5", encoding="ascii")
    except OSError:
        return  # no such grouping here: niceness is enough


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:3]))
