"""One child process, as its parent sees it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping
from pathlib import Path

from ingest import frames

ROOT = Path(__file__).resolve().parents[1]
ANOTHER = "Open it in another program and save it as a new file."


def _path_to_us() -> dict[str, str]:
    """What lets a child import this package from a checkout. Installed, it is found anyway; and then the folder, put
    first, could hide modules of Python behind packages of the same name."""
    if Path(sysconfig.get_path("purelib")).resolve() == ROOT:
        return {}
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


class Died(Exception):
    """The child ended, or was ended, before its answer was complete; for people."""

    def __init__(self, reason: str, remedy: str = ANOTHER) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy

    @classmethod
    def crashed(cls) -> Died:
        return cls("it makes the reader crash")

    @classmethod
    def slow(cls) -> Died:
        return cls("reading it took too long")

    @classmethod
    def memory(cls) -> Died:
        return cls("reading it takes more memory than is allowed", "Save it smaller, or raise memory_bytes.")


class Child:
    """Starts at once; used by one thread at a time."""

    def __init__(self, settings: Mapping[str, int]) -> None:
        threads = str(settings["threads"])
        environment = {
            **os.environ,
            **_path_to_us(),
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "OMP_WAIT_POLICY": "PASSIVE",
            "MALLOC_ARENA_MAX": "2",  # each arena takes 64 MB of address space, which is limited
        }
        # -P: the current folder may hold anything, also a module named like one of ours
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.child", json.dumps(dict(settings))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._from, select.POLLIN | select.POLLHUP)

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, packed: bytes) -> None:
        """Raises Died."""
        view = memoryview(packed)
        try:
            while view:
                view = view[self._to.write(view) or 0 :]
        except OSError:
            raise self._death() from None

    def receive(self, silence_s: float) -> tuple[frames.Header, bytes]:
        """The next frame; raises Died when nothing comes for so long, and BadFrame."""

        def exactly(count: int) -> bytes:
            data = bytearray()
            while len(data) < count:
                if not self._poll.poll(silence_s * 1000):
                    raise Died.slow()
                piece = os.read(self._from.fileno(), min(count - len(data), 1 << 20))
                if not piece:
                    raise self._death()
                data += piece
            return bytes(data)

        return frames.receive(exactly)

    def end(self) -> None:
        """Kills the process and takes back what it held. Idempotent."""
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()

    def _death(self) -> Died:
        deadline = time.monotonic() + 5
        while self.alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        return Died.slow() if self._process.returncode == -signal.SIGXCPU else Died.crashed()
