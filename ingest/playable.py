"""What browsers cannot play: whether a video is of that kind, and an H.264 copy of a part of it.

Both look into a file that may be hostile, so both run in a child process of their own: `ingest.transcode`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROBE_S = 30.0
COPY_S = 600.0  # a minute of 4K on a slow machine


def needs_copy(path: Path) -> bool:
    """Whether browsers cannot play this file as it is: its container, its pictures or its sound.

    Raises ValueError when it cannot be read.
    """
    found = path.stat()
    return _probed(path, found.st_size, found.st_mtime_ns)


def make_copy(path: Path, out: Path, start_s: float, seconds: float = 60.0) -> None:
    """Writes that part of a video to `out` as MP4 (H.264, AAC, at most 1280 px): whole, or not at all.

    Second 0 of the copy is second `start_s` of the video. Past its end that is its last picture. Raises ValueError
    when nothing can be read there.
    """
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        _ask({"do": "copy", "path": str(path), "out": str(temporary), "start_s": start_s, "seconds": seconds}, COPY_S)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


@lru_cache(maxsize=256)
def _probed(path: Path, size: int, mtime_ns: int) -> bool:
    return bool(_ask({"do": "probe", "path": str(path)}, PROBE_S)["needs_copy"])


def _ask(request: dict[str, object], timeout_s: float) -> dict[str, object]:
    """One answer of a fresh child; raises ValueError for people."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ingest.transcode", json.dumps(request)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError("preparing this video takes too long") from error
    if done.returncode != 0:
        raise ValueError("this video makes the player's helper crash")
    answer: dict[str, object] = json.loads(done.stdout)
    if "error" in answer:
        raise ValueError(str(answer["error"]))
    return answer
