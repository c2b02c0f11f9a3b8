"""How soon the app's page comes, and how soon short commands are done."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from retrieval import Library
from tests.bench import made
from tests.bench.report import Ratio, Row

TIMES = 9


def _took(*command: str, **environment: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, command
    return time.perf_counter() - start


def _median(*command: str, **environment: str) -> float:
    _took(*command, **environment)
    return statistics.median(_took(*command, **environment) for _ in range(TIMES))


def command() -> str:
    """The installed `folioscope` beside this Python."""
    return str(Path(sys.executable).parent / "folioscope")


def commands() -> Iterator[Row]:
    bare = _median(sys.executable, "-c", "import sqlite3, argparse, json")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        path = made.pdf(home / "a.pdf", 1)
        with Library(home / "library", cache=home / "cache") as library:
            library.add([path])
        environment = {"FOLIOSCOPE_LIBRARY": str(home / "library"), "FOLIOSCOPE_CACHE": str(home / "cache")}
        label = ("label", "a question", "a.pdf#page=1", "--relevant")
        for words in (("--help",), label, ("models",)):
            ours = _median(command(), *words, **environment)
            yield Ratio(f"folioscope {words[0]}", 1000 * ours, 1000 * bare, 4.0, unit="ms")


def first_byte() -> Iterator[Row]:
    bare = statistics.median(_took(sys.executable, "-c", "import gradio") for _ in range(3))
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as name:
            times.append(_first_byte(Path(name)))
    yield Ratio("first byte of the page after serve", statistics.median(times), bare, 1.5, plus=1.0)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _first_byte(home: Path) -> float:
    port = free_port()
    line = [command(), "--library", str(home / "library"), "serve", "--port", str(port), "--no-open"]
    start = time.perf_counter()
    server = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                    if connection.recv(1):
                        return time.perf_counter() - start
            except ConnectionError:
                pass
            time.sleep(0.01)
        raise SystemExit(f"serve ended with {server.returncode}")
    finally:
        server.terminate()
        server.wait()
