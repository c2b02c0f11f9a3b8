"""The process that works on a library: `python -m retrieval.worker LIBRARY [LEASE]`. Started by `work.ensure_worker`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(folder: Path, token: str | None = None) -> int:
    from retrieval.cpu import settle_threads

    settle_threads()
    if hasattr(os, "nice"):
        os.nice(10)
    from retrieval.library import Library

    with Library(folder) as library:
        library.work(token=token)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:3]))
