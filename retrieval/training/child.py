"""The process in which a retrain runs: `python -m retrieval.training.child LIBRARY JOB`. Started and ended by the worker.

It may be killed at any instruction: until its last transaction it writes nothing that anybody sees. Its stdin is a pipe
from the worker; when that closes, the worker is gone, and so is this process.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

ORPHAN = 3  # exit status when the worker went away


def main(folder: Path, job_id: int) -> int:
    from retrieval.cpu import cores, settle_threads

    threading.Thread(target=_end_with_the_worker, name="worker's end", daemon=True).start()
    settle_threads(max(1, cores() - 1))  # one core is for those who search meanwhile
    from retrieval.library import Library
    from retrieval.training.job import do

    with Library(folder) as library:
        do(library, job_id, lambda: False)
    return 0


def _end_with_the_worker() -> None:
    sys.stdin.buffer.read()
    os._exit(ORPHAN)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
