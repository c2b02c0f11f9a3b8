"""Judgements as files through the browser: what they are called on disk, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui import label_files
from ui.uploads import UploadError


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Mine.CSV", "judgements.csv"),
        ("../../etc/queries.jsonl", "queries.jsonl"),
        ("C:\\set\\queries.jsonl", "queries.jsonl"),
        ("my queries.jsonl", "judgements.jsonl"),
        ("test.tsv", "judgements.tsv"),
    ],
)
def test_a_clients_name_is_never_a_path(given: str, stored: str) -> None:
    assert label_files.stored_name(given) == stored


@pytest.mark.parametrize("given", ["labels.xlsx", "csv", "", "a.csv.exe"])
def test_other_kinds_are_refused(given: str) -> None:
    with pytest.raises(UploadError) as refused:
        label_files.stored_name(given)
    assert ".csv" in refused.value.remedy


def test_one_file_holds_the_judgements(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="no judgements"):
        label_files.main_file(tmp_path)
    (tmp_path / "judgements.tsv").touch()
    with pytest.raises(UploadError, match="questions are missing"):
        label_files.main_file(tmp_path)
    (tmp_path / "queries.jsonl").touch()
    assert label_files.main_file(tmp_path).name == "judgements.tsv"
    (tmp_path / "judgements.csv").touch()
    with pytest.raises(UploadError, match="more than one"):
        label_files.main_file(tmp_path)
