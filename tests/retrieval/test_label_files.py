"""The forms of judgements, as other programs write and read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.formats import FormatError
from retrieval.label_files import read, write
from retrieval.types import Label

LABELS = [
    Label("where is it?", "a b.pdf#page=1", True, "app", 1.0),
    Label("where is it?", "c.png", False, "app", 2.0),
    Label("where is it?", "d.png", True, "app", 3.0),
    Label("who", "c.png", False, "app", 4.0),
]
SAID = [(label.query, label.corpus_id, label.relevant) for label in LABELS]


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def said(path: Path) -> list[tuple[str, str, bool]]:
    return [(label.query, label.corpus_id, label.relevant) for label in read(path)]


def text(corpus_id: str) -> str:
    return f"text of {corpus_id}"


def test_trec(tmp_path: Path) -> None:
    write(tmp_path / "qrels.tsv", LABELS, text)
    assert (tmp_path / "qrels.tsv").read_text("utf-8").splitlines() == [
        "query-id\tcorpus-id\tscore",
        "q1\ta b.pdf#page=1\t1",
        "q1\tc.png\t0",
        "q1\td.png\t1",
        "q2\tc.png\t0",
    ]
    assert rows(tmp_path / "queries.jsonl") == [{"id": "q1", "text": "where is it?"}, {"id": "q2", "text": "who"}]
    assert said(tmp_path / "qrels.tsv") == SAID
    write(tmp_path / "qrels.tsv", LABELS[:1], text)  # again: both files are its own
    assert said(tmp_path / "qrels.tsv") == SAID[:1]


def test_the_four_columns_of_trec(tmp_path: Path) -> None:
    put(tmp_path / "queries.jsonl", '{"_id": "7", "text": "where is it?"}\n')
    path = put(tmp_path / "any.tsv", "7 0 a%20b.pdf#page=1 2\n\n7  0  c.png  0\n7\tQ0\td.png\t1\n")
    assert said(path) == SAID[:3]


def test_questions_of_somebody_else_are_not_overwritten(tmp_path: Path) -> None:
    beside = put(tmp_path / "queries.jsonl", '{"id": "1", "text": "mine"}\n')
    with pytest.raises(FormatError, match="would be overwritten"):
        write(tmp_path / "qrels.tsv", LABELS, text)
    assert "mine" in beside.read_text("utf-8") and not (tmp_path / "qrels.tsv").exists()


def test_mteb(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder", LABELS, text)
    assert rows(tmp_path / "new/folder/corpus.jsonl") == [
        {"_id": name, "title": "", "text": f"text of {name}"} for name in ("a b.pdf#page=1", "c.png", "d.png")
    ]
    assert rows(tmp_path / "new/folder/queries.jsonl")[0] == {"_id": "q1", "text": "where is it?"}
    assert (tmp_path / "new/folder/qrels/test.tsv").read_text("utf-8").startswith("query-id\tcorpus-id\tscore\nq1\t")
    assert said(tmp_path / "new" / "folder") == SAID


def test_a_folder_of_several_splits_and_one_as_ours(tmp_path: Path) -> None:
    put(tmp_path / "queries.jsonl", '{"_id": "1", "text": "who"}\n{"_id": "2", "text": "where"}\n')
    put(tmp_path / "qrels" / "dev.tsv", "query-id\tcorpus-id\tscore\n1\tc.png\t0\n")
    put(tmp_path / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore\n2\td.png\t3\n")
    assert said(tmp_path) == [("who", "c.png", False), ("where", "d.png", True)]
    put(tmp_path / "qrels.tsv", "query-id\tcorpus-id\tscore\n1\td.png\t1\n")
    assert said(tmp_path) == [("who", "d.png", True)]


def test_sentence_transformers_columns(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", LABELS, text)
    assert rows(tmp_path / "train.jsonl") == [
        {"anchor": "where is it?", "positive": "a b.pdf#page=1", "negative_1": "c.png"},
        {"anchor": "where is it?", "positive": "d.png", "negative_1": "c.png"},
        {"anchor": "who", "negative_1": "c.png"},
    ]
    assert set(said(tmp_path / "train.jsonl")) == set(SAID)


def test_sentence_transformers_can_load_what_is_written(tmp_path: Path) -> None:
    from datasets import load_dataset

    write(tmp_path / "train.jsonl", LABELS, text)
    found = load_dataset(
        "json", data_files=str(tmp_path / "train.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert found.column_names == ["anchor", "positive", "negative_1"] and len(found) == 3


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"query": "q", "positive": "a", "negative": "b"}, [("q", "a", True), ("q", "b", False)]),
        ({"sentence1": "q", "sentence2": "a", "label": 0}, [("q", "a", False)]),
        ({"anchor": "q", "positive": "a", "score": 0.8, "negative_2": None}, [("q", "a", True)]),
        ({"question": "q", "answer": "a"}, [("q", "a", True)]),
    ],
)
def test_columns_by_their_usual_names(tmp_path: Path, row: object, expected: object) -> None:
    assert said(put(tmp_path / "x.jsonl", json.dumps(row) + "\n")) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", '{"positive": "a"}\n', "line 1: wants anchor"),
        ("x.jsonl", '\n{"anchor": "q"}\n', "line 2: wants anchor"),
        ("x.jsonl", '{"anchor": "q", "positive": 3}\n', "line 1: wants anchor"),
        ("x.jsonl", '{"anchor": "q", "positive": "a", "label": "yes"}\n', "line 1: the label"),
        ("x.jsonl", '{"anchor": " ", "positive": "a"}\n', "without a question"),
        ("x.tsv", "1\ta\n", "line 1: wants query-id"),
        ("x.tsv", "query-id\tcorpus-id\tscore\n9\ta\t1\n", "line 2: queries.jsonl has no question 9"),
        ("x.txt", "", "no file of judgements"),
        ("empty/x", "", "no file of judgements"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    put(tmp_path / "queries.jsonl", '{"id": "1", "text": "who"}\n')
    with pytest.raises(FormatError, match=message):
        read(put(tmp_path / name, content))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"neither qrels\.tsv"):
        read(tmp_path)
    with pytest.raises(FormatError, match="cannot be read"):
        read(tmp_path / "nothing.jsonl")
    with pytest.raises(FormatError, match=r"queries\.jsonl cannot be read"):
        read(put(tmp_path / "x.tsv", "1\ta\t1\n"))
    with pytest.raises(FormatError, match="no form of judgements"):
        write(tmp_path / "x.xlsx", LABELS, text)
    with pytest.raises(FormatError, match="cannot stand in a table"):
        write(tmp_path / "x.tsv", [Label("q", "a\tb", True, "app", 1.0)], text)
    assert (tmp_path / "x.tsv").read_text("utf-8") == "1\ta\t1\n"
