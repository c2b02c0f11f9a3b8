"""Reading and writing the field's files: literal bytes in, literal rows out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.types import Box
from retrieval.formats import (
    FormatError,
    Question,
    Region,
    read_corpus,
    read_labels,
    read_qrels,
    read_questions,
    write_labels,
    write_run,
)
from retrieval.types import Label


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_questions_with_split_and_regions(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "queries.jsonl",
        '{"id": 7, "text": "how many?", "split": "dev"}\n\n'
        '{"id": "b", "text": "where?", "regions": [{"corpus-id": "a.pdf#page=2", "box": [10, 20, 30, 40],'
        ' "page_size": [100, 200]}]}\n',
    )
    assert read_questions(path) == [
        Question("7", "how many?", "dev"),
        Question("b", "where?", None, (Region("a.pdf#page=2", Box(0.1, 0.1, 0.3, 0.2)),)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{nonsense", "line 1: not JSON"),
        ("[1]", "line 1: not a JSON object"),
        ('{"id": "a", "text": "t"}\n{"id": "b"}', "line 2: a question needs id and text"),
        ('{"id": "a", "text": "t", "regions": [{"box": [1]}]}', "line 1: a region needs"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        read_questions(put(tmp_path, "queries.jsonl", text))


def test_a_missing_file_is_a_format_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"queries\.jsonl cannot be read"):
        read_questions(tmp_path / "queries.jsonl")


def test_qrels_keep_names_with_blanks_and_drop_zeros(tmp_path: Path) -> None:
    path = put(
        tmp_path, "qrels.tsv", "query-id\tcorpus-id\tscore\nq1\ta b.pdf#page=2\t1\r\nq1\tc.png\t0\nq2\tc.png\t2\n"
    )
    assert read_qrels(path) == {"q1": {"a b.pdf#page=2": 1.0}, "q2": {"c.png": 2.0}}


def test_qrels_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="line 2"):
        read_qrels(put(tmp_path, "qrels.tsv", "query-id\tcorpus-id\tscore\nq1 a.pdf 1\n"))


def test_corpus_puts_the_title_first(tmp_path: Path) -> None:
    path = put(tmp_path, "corpus.jsonl", '{"id": "x#page=1", "text": "t"}\n{"_id": "y", "title": "T", "text": "u"}\n')
    assert list(read_corpus(path)) == [("x#page=1", "t"), ("y", "T\nu")]


def test_a_run_has_six_columns_and_falling_scores(tmp_path: Path) -> None:
    path = tmp_path / "run"
    write_run(path, {"q 1": [("a b.pdf#page=1", 0.5), ("c.png", 0.5), ("d.png", 0.1)]})
    assert path.read_text().splitlines() == [
        "q%201 Q0 a%20b.pdf#page=1 1 0.500000 folioscope",
        "q%201 Q0 c.png 2 0.499999 folioscope",
        "q%201 Q0 d.png 3 0.100000 folioscope",
    ]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    for write in (lambda: write_run(tmp_path, {}), lambda: write_labels(tmp_path / "no" / "folder.csv", [])):
        with pytest.raises(FormatError, match="cannot be written"):
            write()


def test_labels_come_back_as_they_went(tmp_path: Path) -> None:
    labels = [
        Label('a "b", c\nd', "x,y.pdf#page=1", True, "app", 1_700_000_000.0),
        Label("q", "z.png", False, "cli", 0.0),
    ]
    path = tmp_path / "labels.csv"
    assert write_labels(path, labels) == 2
    assert path.read_text(encoding="utf-8").splitlines()[0] == "query,corpus_id,relevant,when,source"
    assert "2023-11-14T22:13:20Z" in path.read_text(encoding="utf-8")
    assert read_labels(path) == labels


def test_labels_from_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufeffcorpus_id,query,relevant\r\na.png,wo?,YES\r\n".encode())
    (label,) = read_labels(path)
    assert (label.query, label.corpus_id, label.relevant, label.source) == ("wo?", "a.png", True, "import")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column query"),
        ("query,relevant\nq,1\n", "no column corpus_id"),
        ("query,corpus_id,relevant\nq,a,perhaps\n", "line 2: relevant is “perhaps”"),
        ("query,corpus_id,relevant,when\nq,a,1,yesterday\n", "line 2: when is “yesterday”"),
    ],
)
def test_wrong_labels_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        read_labels(put(tmp_path, "labels.csv", text))
