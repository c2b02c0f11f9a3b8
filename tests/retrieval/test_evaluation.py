"""Evaluation on tiny sets in a real library: names, twins, splits, texts, regions, runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from retrieval import Library
from retrieval.errors import FolioscopeError
from retrieval.evaluation import evaluate
from tests.hash_embedder import HashEmbedder

TIDE = "The keeper writes down the height of the tide."
HERRING = "The price of herring fell in October."


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        yield library


def make_pdf(path: Path, *pages: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pymupdf.open() as document:
        for text in pages:
            document.new_page(width=600, height=800).insert_text((60, 100), text, fontsize=14)
        document.save(path)
    return path


def write_set(folder: Path, questions: Sequence[Mapping[str, object]], qrels: Sequence[tuple[str, str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    (folder / "queries.jsonl").write_text(lines, encoding="utf-8")
    rows = "".join(f"{question}\t{page}\t1\n" for question, page in qrels)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows, encoding="utf-8")
    return folder


def values(report: Mapping[str, object]) -> dict[str, float]:
    return {name: figure["value"] for name, figure in report.items() if isinstance(figure, dict) and "value" in figure}


def test_perfect_order_and_the_documented_keys(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "files" / "50% #1.pdf", TIDE, HERRING)
    questions = [{"id": "a", "text": "height of the tide"}, {"id": "b", "text": "price of herring"}]
    write_set(folder, questions, [("a", "50% #1.pdf#page=1"), ("b", "50% #1.pdf#page=2")])
    report = evaluate(library, folder, add=True, stage="words", run=tmp_path / "run")
    figures = ["ndcg@10", "recall@10", "recall@100", "success@10", "mrr@10"]
    assert list(report) == ["queries", *figures, "region@0.3", "latency_ms", "per_kind"]
    assert values(report) == dict.fromkeys(figures, 1.0)
    assert report["region@0.3"] is None
    assert list(report["per_kind"]) == ["page"] and report["per_kind"]["page"]["queries"] == 2
    first = (tmp_path / "run").read_text(encoding="utf-8").splitlines()[0].split()
    assert first[:4] == ["a", "Q0", "50%25%20%231.pdf#page=1", "1"]


@pytest.mark.parametrize("stage", ["words", "vectors", "fused", "full"])
def test_every_stage_can_be_measured(library: Library, tmp_path: Path, stage: str) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "a.pdf", TIDE, HERRING)
    write_set(folder, [{"id": "a", "text": "the height of the tide"}], [("a", "a.pdf#page=1")])
    assert values(evaluate(library, folder, add=True, stage=stage))["mrr@10"] == 1.0


def test_twins_count_once_whatever_the_library_calls_them(library: Library, tmp_path: Path) -> None:
    other = make_pdf(tmp_path / "elsewhere" / "first.pdf", "something else altogether")
    library.add([other])
    folder = tmp_path / "set"
    twin = make_pdf(folder / "one" / "first.pdf", TIDE)  # the name is taken in the library by another file
    (folder / "two").mkdir()
    (folder / "two" / "second.pdf").write_bytes(twin.read_bytes())
    pages = [("a", "first.pdf#page=1"), ("a", "second.pdf#page=1")]
    write_set(folder, [{"id": "a", "text": "tide"}], pages)
    report = evaluate(library, folder, add=True, stage="words")
    assert values(report)["recall@10"] == 1.0 and values(report)["ndcg@10"] == 1.0


def test_split_limits_questions_and_candidates(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "a.pdf", TIDE)
    make_pdf(folder / "b.pdf", f"{TIDE} {TIDE}")
    questions = [{"id": "a", "text": "tide", "split": "dev"}, {"id": "b", "text": "tide", "split": "train"}]
    write_set(folder, questions, [("a", "a.pdf#page=1"), ("b", "b.pdf#page=1")])
    dev = evaluate(library, folder, add=True, split="dev", stage="words", run=tmp_path / "dev")
    assert dev["queries"] == 1 and len(library.documents.list()) == 1  # the other split's files are not wanted
    assert [line.split()[2] for line in (tmp_path / "dev").read_text().splitlines()] == ["a.pdf#page=1"]
    evaluate(library, folder, add=True, split="dev", corpus="all", stage="words", run=tmp_path / "all")
    assert {line.split()[2] for line in (tmp_path / "all").read_text().splitlines()} == {"a.pdf#page=1", "b.pdf#page=1"}


def test_candidates_are_the_folders_files_or_the_whole_library(library: Library, tmp_path: Path) -> None:
    library.add([make_pdf(tmp_path / "mine.pdf", f"{TIDE} {TIDE} {TIDE}")])
    folder = tmp_path / "set"
    make_pdf(folder / "a.pdf", TIDE)
    (folder / "README.md").write_text("no document")
    write_set(folder, [{"id": "a", "text": "tide"}], [("a", "a.pdf#page=1")])
    found = {}
    for corpus in ("all", "library"):
        evaluate(library, folder, add=True, corpus=corpus, stage="words", run=tmp_path / f"{corpus}.run")
        found[corpus] = {line.split()[2] for line in (tmp_path / f"{corpus}.run").read_text().splitlines()}
    assert found == {"all": {"a.pdf#page=1"}, "library": {"a.pdf#page=1", "mine.pdf#page=1"}}
    assert library.documents.refusals() == []


def test_corpus_jsonl_is_read_as_texts_of_one_page(library: Library, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [{"id": "a", "text": "tide"}], [("a", "law/x y#page=2")])
    rows = [{"id": "law/x y#page=2", "text": TIDE}, {"id": "law/x y#page=3", "text": HERRING}]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = evaluate(library, folder, add=True, stage="words")
    assert values(report)["mrr@10"] == 1.0 and list(report["per_kind"]) == ["page"]


def test_what_is_judged_and_unreadable_stays_in_the_count(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "a.pdf", TIDE)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    write_set(folder, [{"id": "a", "text": "tide"}], [("a", "a.pdf#page=1"), ("a", "broken.pdf#page=1")])
    report = evaluate(library, folder, add=True, stage="words")
    assert values(report)["recall@100"] == 0.5
    (refusal,) = library.documents.refusals()
    assert refusal.document == "broken.pdf"


def test_missing_files_are_said_with_the_remedy(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "a.pdf", TIDE)
    write_set(folder, [{"id": "a", "text": "tide"}], [("a", "a.pdf#page=1")])
    with pytest.raises(FolioscopeError, match="1 of 1 judged files are not in the library") as error:
        evaluate(library, folder)
    assert "--add" in error.value.remedy


def test_nothing_to_measure_is_said(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "a.pdf", TIDE)
    write_set(folder, [{"id": "a", "text": "tide", "split": "dev"}], [("a", "nowhere.pdf#page=1")])
    with pytest.raises(FolioscopeError, match="no judged question of split “test”"):
        evaluate(library, folder, split="test")
    with pytest.raises(FolioscopeError, match="No judged page is in the library"):
        evaluate(library, folder, add=True)


def test_a_name_that_may_be_two_files_is_not_guessed(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "x" / "a.pdf", TIDE)
    make_pdf(folder / "y" / "a.pdf", HERRING)
    write_set(folder, [{"id": "a", "text": "tide"}], [("a", "a.pdf#page=1")])
    with pytest.raises(FolioscopeError, match="may be several files"):
        evaluate(library, folder, add=True)
    write_set(folder, [{"id": "a", "text": "tide"}], [("a", "x/a.pdf#page=1")])
    assert values(evaluate(library, folder, add=True, stage="words"))["mrr@10"] == 1.0


def test_without_ocr_leaves_pictures_unread(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    make_pdf(tmp_path / "a.pdf", TIDE)
    with pymupdf.open(tmp_path / "a.pdf") as document:
        document[0].get_pixmap(dpi=100).save(folder / "scan.png")
    Image.new("RGB", (200, 200), "red").save(folder / "red.png")
    write_set(folder, [{"id": "a", "text": "height of the tide"}], [("a", "scan.png")])
    report = evaluate(library, folder, add=True, ocr=False, stage="words")
    assert values(report)["recall@100"] == 0.0
    assert all(info.ocr_pages == 0 for info in library.documents.list())


def test_the_place_is_measured_on_the_pages_that_carry_a_box(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    make_pdf(folder / "a.pdf", TIDE, HERRING)
    line = {"corpus-id": "a.pdf#page=1", "box": [60, 86, 370, 106], "page_size": [600, 800]}
    corner = {"corpus-id": "a.pdf#page=1", "box": [500, 700, 600, 800], "page_size": [600, 800]}
    questions = [
        {"id": "a", "text": "height of the tide", "regions": [line]},
        {"id": "b", "text": "height of the tide", "regions": [corner]},
        {"id": "c", "text": "price of herring"},
    ]
    write_set(folder, questions, [("a", "a.pdf#page=1"), ("b", "a.pdf#page=1"), ("c", "a.pdf#page=2")])
    report = evaluate(library, folder, add=True, stage="words")
    assert report["region@0.3"]["value"] == 0.5
