"""The samples are complete, small, playable, and what the judgements name exists."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
from pathlib import Path

import av
import numpy as np
import pymupdf
import pytest
from PIL import Image

import data
from data.making import film, pictures, questions, scan
from data.making.noise import sample, texture
from data.making.render import picture
from data.making.scenes_sea import sailing_boat

FILES = data.folder()
FILM = FILES / "one-day-on-harbour-street.mp4"


def _queries() -> list[dict[str, str]]:
    return [json.loads(line) for line in (data.judged() / "queries.jsonl").read_text(encoding="utf-8").splitlines()]


def _judgements() -> list[dict[str, str]]:
    with (data.judged() / "qrels.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_the_files_are_there_and_small() -> None:
    names = {path.name for path in FILES.iterdir()}
    assert sum(name.endswith(".pdf") for name in names) == 5
    assert names >= set(pictures.NAMES) and len(pictures.NAMES) >= 12
    assert {FILM.name, FILM.with_suffix(".vtt").name} <= names
    assert sum(path.stat().st_size for path in FILES.iterdir()) < 10 * 1024**2
    assert FILM.stat().st_size < 2 * 1024**2


def test_every_document_but_the_scan_has_text_on_every_page() -> None:
    pages = 0
    for path in sorted(FILES.glob("*.pdf")):
        with pymupdf.open(path) as document:
            pages += document.page_count
            texts = [page.get_text().strip() for page in document]
        if path.name.startswith("scan-"):
            assert texts == ["", ""]
        else:
            assert all(len(text) > 30 for text in texts), path.name
    assert 20 <= pages <= 35


@pytest.mark.parametrize("name", pictures.NAMES)
def test_a_picture_opens_and_is_not_flat(name: str) -> None:
    with Image.open(FILES / name) as image:
        assert min(image.size) >= 600
        assert np.asarray(image.convert("L")).std() > 20


def test_the_film_has_distinct_shots_and_plays_while_it_loads() -> None:
    keys = {round(start + 1.5, 1): None for start, _ in film.spans()}
    with av.open(str(FILM)) as source:
        stream = source.streams.video[0]
        assert stream.codec_context.name == "h264"
        frames = {round(float(frame.time), 1): frame.to_ndarray(format="gray") for frame in source.decode(stream)}
    assert max(frames) == pytest.approx(film.spans()[-1][1], abs=0.2)
    shots = [frames[key].astype(float) for key in keys]
    assert len(shots) >= 4
    for before, after in itertools.pairwise(shots):
        assert np.abs(before - after).mean() > 15
    start = FILM.read_bytes()
    assert start.index(b"moov") < start.index(b"mdat")  # a browser can begin before it has all of it


def test_the_subtitles_fit_the_shots() -> None:
    lines = FILM.with_suffix(".vtt").read_text(encoding="utf-8").split("\n\n")
    assert lines[0] == "WEBVTT"
    assert len([line for line in lines[1:] if "-->" in line]) == len(film.SHOTS)


def test_every_judgement_names_a_page_that_exists() -> None:
    counts = {}
    for path in FILES.glob("*.pdf"):
        with pymupdf.open(path) as document:
            counts[path.name] = document.page_count
    spans = {f"{FILM.name}#t={start:.1f},{end:.1f}" for start, end in film.spans()}
    known = {query["id"] for query in _queries()}
    for row in _judgements():
        assert row["query-id"] in known and row["score"] == "1"
        name, _, place = row["corpus-id"].partition("#")
        assert (FILES / name).is_file(), name
        if place.startswith("page="):
            assert 1 <= int(place.removeprefix("page=")) <= counts[name]
        else:
            assert row["corpus-id"] in spans if place else name in pictures.NAMES


def test_both_splits_are_judged_and_share_words_but_no_question() -> None:
    queries = _queries()
    assert {query["id"] for query in queries} == {row["query-id"] for row in _judgements()}
    halves = {split: {q["text"].lower() for q in queries if q["split"] == split} for split in ("train", "dev")}
    assert len(halves["train"]) + len(halves["dev"]) == len(queries) >= 40
    assert not halves["train"] & halves["dev"]
    for word in (
        "old sentinel",
        "rosie",
        "quire",
        "duchess",
        "brindle",
        "payday",
        "dunlin",
        "tarn vell",
        "gallowglass",
    ):
        for split in halves.values():
            assert any(word in text for text in split), word


def test_suggested_questions_are_a_handful() -> None:
    rows = json.loads((data.judged() / "suggestions.json").read_text(encoding="utf-8"))
    assert [row["text"] for row in rows] == data.questions()
    assert 4 <= len(rows) <= 6
    assert all((FILES / row["document"]).is_file() for row in rows)


def test_the_script_makes_the_same_bytes_again(tmp_path: Path) -> None:
    questions.make(tmp_path)
    for name in ("queries.jsonl", "qrels.tsv"):
        assert (tmp_path / name).read_bytes() == (data.judged() / name).read_bytes()
    twice = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        scan.make(folder)
        twice.append(hashlib.sha256((folder / "scan-berth-14-permit.pdf").read_bytes()).hexdigest())
    assert twice[0] == twice[1]


def test_a_scene_is_traced_and_lit() -> None:
    small = picture(sailing_boat(), 48, 32, fine=False)
    assert small.shape == (32, 48, 3) and small.min() >= 0 and small.max() <= 1
    np.testing.assert_array_equal(small, picture(sailing_boat(), 48, 32, fine=False))
    sky, sea = small[2, 4], small[-2, 4]
    assert sky[2] > sky[0] > 0.2  # blue and bright above
    assert sea.mean() < sky.mean()
    with Image.open(FILES / "sailing-boat.jpg") as shipped:
        whole = np.asarray(shipped.resize((48, 32), Image.Resampling.BOX), dtype=float) / 255
    assert np.abs(whole - small).mean() < 0.06  # what is shipped is what the script draws


def test_noise_looks_up_its_texels_and_wraps() -> None:
    field = texture(1)
    at = sample(field, np.float32([5, 1029, 5.5]), np.float32([7, 7, 7]))
    np.testing.assert_allclose(at, [field[7, 5], field[7, 5], (field[7, 5] + field[7, 6]) / 2], rtol=1e-5)
