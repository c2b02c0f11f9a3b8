"""A running Folioscope for tests: the real server in a thread of this process, over a library with the hash embedder."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from retrieval.library import Library
from tests.hash_embedder import HashEmbedder


@dataclass(frozen=True)
class Running:
    address: str
    library: Library


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def open_library(folder: Path) -> Library:
    return Library(folder / "library", embedder=HashEmbedder(), cache=folder / "cache")


@contextmanager
def running(folder: Path, login: str | None = None) -> Iterator[Running]:
    """Serves until the block ends; ends with nothing of it left in this process."""
    from ui.server import build_server

    with open_library(folder) as library:
        app = build_server(library, login=login)
        port = free_port()
        config = uvicorn.Config(
            app, port=port, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        until = time.monotonic() + 30
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.02)
        assert server.started, "the server did not start"
        try:
            yield Running(f"http://127.0.0.1:{port}", library)
        finally:
            server.should_exit = True
            thread.join(20)
            app.state.uploads.close()
