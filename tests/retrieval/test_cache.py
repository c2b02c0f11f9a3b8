"""What follows from bytes alone, kept across libraries."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.store.cache import Cache


def test_the_cache_remembers_by_content_and_forgets_without_a_trace(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a" * 64, 1, "ocr/1", b"zanzibarine")
    cache.put("a" * 64, 2, "ocr/1", b"zanzibarine too")
    cache.put("b" * 64, 1, "ocr/1", b"wombat")
    assert cache.get("a" * 64, 1, "ocr/1") == b"zanzibarine"
    assert cache.get("a" * 64, 1, "ocr/2") is None
    cache.forget("a" * 64)
    assert cache.get("a" * 64, 1, "ocr/1") is None and cache.get("b" * 64, 1, "ocr/1") == b"wombat"
    assert b"zanzibar" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    cache.close()


def test_the_cache_keeps_to_its_size(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_bytes=20_000)
    for number in range(1, 1002):
        cache.put("a" * 64, number, "x", bytes(100))
    left = sum(cache.get("a" * 64, number, "x") is not None for number in range(1, 1002))
    assert 0 < left <= 200
    cache.close()


def test_two_libraries_share_a_cache(tmp_path: Path) -> None:
    one, other = Cache(tmp_path), Cache(tmp_path)
    one.put("a" * 64, 1, "x", b"1")
    assert other.get("a" * 64, 1, "x") == b"1"
    one.close()
    other.close()


def test_a_cache_that_breaks_costs_time_only_but_never_forgets_in_silence(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a" * 64, 1, "x", b"1")
    cache._db.execute("DROP TABLE cache")
    assert cache.get("a" * 64, 1, "x") is None
    cache.put("a" * 64, 1, "x", b"2")
    with pytest.raises(StoreError, match="cannot be cleaned"):
        cache.forget("a" * 64)
    cache.close()


def test_a_cache_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_text("no database " * 1000)
    with pytest.raises(StoreError, match=r"cache at .* cannot be used") as error:
        Cache(tmp_path)
    assert "FOLIOSCOPE_CACHE" in error.value.remedy
    gc.collect()
