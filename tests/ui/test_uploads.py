from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from ui.uploads import FOLDER, UploadError, Uploads, display_name

T = TypeVar("T")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("year/2025/report.pdf", "year/2025/report.pdf"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\me\\a.pdf", "C:/Users/me/a.pdf"),
        ("a\0b\n.pdf", "ab.pdf"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("<b>x</b>.pdf", "<b>x</b>.pdf"),
    ],
)
def test_display_name_is_no_path(given: str, shown: str) -> None:
    assert display_name(given) == shown


def _run(work: Coroutine[object, object, T]) -> T:
    """In a thread of its own: the browser tests' loop may still run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_a_file_is_stored_under_no_name_of_the_clients(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, 1000)
    ticket = uploads.ticket()
    path = _run(uploads.receive(ticket, "../../evil/../x.PDF", _chunks(b"ab", b"c")))
    assert path.name == "upload.pdf"
    assert path.parent.parent == tmp_path / FOLDER
    assert path.read_bytes() == b"abc"
    uploads.discard(ticket)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_too_large_leaves_nothing(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, 4)
    ticket = uploads.ticket()
    with pytest.raises(UploadError, match="larger"):
        _run(uploads.receive(ticket, "a.pdf", _chunks(b"abc", b"def")))
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_broken_connection_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ConnectionError

    uploads = Uploads(tmp_path, 100)
    ticket = uploads.ticket()
    with pytest.raises(UploadError):
        _run(uploads.receive(ticket, "a.pdf", broken()))
    assert list((tmp_path / FOLDER).iterdir()) == []


@pytest.mark.parametrize("ticket", ["", "../..", "0" * 32, "g" * 32, "0" * 31 + "\n"])
def test_only_tickets_of_ours(tmp_path: Path, ticket: str) -> None:
    with pytest.raises(UploadError, match="ticket"):
        _run(Uploads(tmp_path, 100).receive(ticket, "a.pdf", _chunks(b"x")))


def test_what_a_killed_server_left_is_swept(tmp_path: Path) -> None:
    dead, mine = tmp_path / FOLDER / f"{2**22 + 1}-{'a' * 32}", tmp_path / FOLDER / f"{os.getppid()}-{'b' * 32}"
    for folder in (dead, mine):
        folder.mkdir(parents=True)
    Uploads(tmp_path, 100)
    assert not dead.exists()
    assert mine.exists()  # that process lives
