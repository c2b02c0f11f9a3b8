from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from ingest.subtitles import beside, files_beside
from retrieval.blobs import Blobs, sha256_of


def stored(blobs: Blobs) -> list[str]:
    return sorted(path.name for path in blobs.folder.rglob("*") if path.is_file())


def test_put_is_known_by_content_and_written_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    name = blobs.put(b"zebra")
    assert name == hashlib.sha256(b"zebra").hexdigest()
    first = blobs.path(name).stat()
    assert blobs.put(b"zebra") == name
    assert blobs.path(name).stat().st_mtime_ns == first.st_mtime_ns
    assert blobs.path(name).parent.name == name[:2]
    assert blobs.get(name) == b"zebra"
    assert stored(blobs) == [name]


def test_put_file_copies_the_bytes(tmp_path: Path) -> None:
    source = tmp_path / "big.bin"
    source.write_bytes(bytes(range(256)) * 10_000)
    blobs = Blobs(tmp_path / "blobs")
    name = sha256_of(source)
    blobs.put_file(source, name)
    source.unlink()
    assert blobs.get(name) == bytes(range(256)) * 10_000


def test_put_file_refuses_bytes_that_changed_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "log.txt"
    source.write_bytes(b"before")
    name = sha256_of(source)
    source.write_bytes(b"after")
    blobs = Blobs(tmp_path / "blobs")
    with pytest.raises(ValueError, match=r"log\.txt changed"):
        blobs.put_file(source, name)
    assert stored(blobs) == []


def test_delete_is_quiet_about_what_is_not_there(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    name = blobs.put(b"zebra")
    blobs.delete(name)
    blobs.delete(name)
    assert stored(blobs) == []


def test_many_threads_put_the_same_bytes(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    data = b"x" * 500_000
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(blobs.put(data))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 8 and stored(blobs) == [names[0]]
    assert blobs.get(names[0]) == data


def test_subtitles_of_a_stored_video_are_found_beside_it_and_go_with_it(tmp_path: Path) -> None:
    video, said = tmp_path / "film.mp4", tmp_path / "film.en.SRT"
    video.write_bytes(b"not really a film")
    said.write_text("1\n00:00:01,000 --> 00:00:02,000\nthe tide is high\n", encoding="utf-8")
    blobs = Blobs(tmp_path / "blobs")
    name = sha256_of(video)
    blobs.put_file(video, name)
    for subtitles in files_beside(video):
        blobs.put_beside(subtitles, name)
    assert [cue.text for cue in beside(blobs.path(name))] == ["the tide is high"]
    blobs.delete(name)
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
