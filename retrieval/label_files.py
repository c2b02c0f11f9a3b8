"""Judgements in the forms that the field has; a file's name says which one it is.

    NAME.csv     query, corpus_id, relevant, when, source: nothing is lost
    NAME.tsv     TREC judgements (query-id, corpus-id, score), the questions in `queries.jsonl` beside it
    FOLDER       MTEB and BEIR: corpus.jsonl, queries.jsonl, qrels/test.tsv
    NAME.jsonl   sentence-transformers' columns: anchor, positive, negative_1, …; pages go by their ids

Only the first one keeps when and by whom; what comes from another counts as said at the moment of the import.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from retrieval.formats import FormatError, json_lines, lines, read_labels, read_questions, write_labels, writing
from retrieval.types import Label

QUESTIONS, CORPUS, QRELS = "queries.jsonl", "corpus.jsonl", "qrels"
_HEADER = "query-id\tcorpus-id\tscore\n"
_REMEDY = "It ends in .csv, .tsv or .jsonl, or is a folder."
_ANCHORS = ("anchor", "query", "question", "sentence1")
_POSITIVES = ("positive", "document", "passage", "sentence2", "answer")
_SCORES = ("label", "score", "labels")

Judged = Mapping[str, Mapping[str, bool]]  # question → corpus id → right
Text = Callable[[str], str]  # the text of the Page of that corpus id


def read(path: Path) -> list[Label]:
    """Raises FormatError with the file and the line."""
    if path.is_dir():
        found = _read_folder(path)
    elif path.suffix == ".csv":
        found = read_labels(path)
    elif path.suffix == ".tsv":
        found = _read_qrels([path], path.parent / QUESTIONS)
    elif path.suffix == ".jsonl":
        found = _read_columns(path)
    else:
        raise FormatError(f"{path.name} is no file of judgements.", _REMEDY)
    if any(not label.query.strip() for label in found):
        raise FormatError(f"{path.name} has a judgement without a question.")
    return found


def write(path: Path, labels: Sequence[Label], text: Text) -> None:
    """`labels` the oldest first; a judgement of the same question and Page occurs once."""
    if path.suffix == ".csv":
        write_labels(path, labels)
    elif path.suffix == ".tsv":
        beside = path.parent / QUESTIONS
        if beside.exists() and not path.exists():
            raise FormatError(f"{beside} is there already and would be overwritten.", "Choose another folder.")
        _write_qrels(path, beside, _by_question(labels), "id")
    elif path.suffix == ".jsonl":
        _write_columns(path, _by_question(labels))
    elif path.suffix and not path.is_dir():
        raise FormatError(f"{path.name} is no form of judgements.", _REMEDY)
    else:
        _write_folder(path, _by_question(labels), text)


def _by_question(labels: Iterable[Label]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for label in labels:
        found.setdefault(label.query, {})[label.corpus_id] = label.relevant
    return found


def _label(query: str, corpus_id: str, relevant: bool) -> Label:
    return Label(query, corpus_id, relevant, "import", datetime.now(UTC).timestamp())


# TREC and MTEB


def _read_folder(folder: Path) -> list[Label]:
    """`qrels.tsv`, else all splits in `qrels/`."""
    single = folder / f"{QRELS}.tsv"
    files = [single] if single.exists() else sorted((folder / QRELS).glob("*.tsv"))
    if not files:
        raise FormatError(f"{folder} has neither qrels.tsv nor a folder qrels with .tsv files.", _REMEDY)
    return _read_qrels(files, folder / QUESTIONS)


def _read_qrels(files: Sequence[Path], beside: Path) -> list[Label]:
    texts = {question.id: question.text for question in read_questions(beside)}
    found = []
    for path in files:
        for number, line in enumerate(lines(path), start=1):
            cells = line.split("\t") if "\t" in line else [cell.replace("%20", " ") for cell in line.split()]
            if not line.strip() or (number == 1 and cells[0].strip() in ("query-id", "query_id", "qid")):
                continue
            found.append(_qrel(path, number, cells, texts))
    return found


def _qrel(path: Path, number: int, cells: Sequence[str], texts: Mapping[str, str]) -> Label:
    """query-id, corpus-id, score; or TREC's four columns, of which the second says nothing."""
    try:
        key, corpus_id, score = cells[0], cells[-2], float(cells[-1])
    except (IndexError, ValueError) as error:
        raise FormatError(f"{path.name}, line {number}: wants query-id, corpus-id and score, tab between") from error
    if key not in texts:
        raise FormatError(f"{path.name}, line {number}: {QUESTIONS} has no question {key}")
    return _label(texts[key], corpus_id, score > 0)


def _write_folder(folder: Path, judged: Judged, text: Text) -> None:
    try:
        (folder / QRELS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{folder} cannot be written: {error.strerror}") from error
    with writing(folder / CORPUS) as file:
        for corpus_id in dict.fromkeys(page for pages in judged.values() for page in pages):
            file.write(_json({"_id": corpus_id, "title": "", "text": text(corpus_id)}))
    _write_qrels(folder / QRELS / "test.tsv", folder / QUESTIONS, judged, "_id")


def _write_qrels(path: Path, beside: Path, judged: Judged, key: str) -> None:
    for corpus_id in (page for pages in judged.values() for page in pages):
        if set(corpus_id) & set("\t\r\n"):
            raise FormatError(f"The name {corpus_id!r} cannot stand in a table.", "Write a .csv or a .jsonl file.")
    with writing(path) as qrels, writing(beside) as questions:
        qrels.write(_HEADER)
        for number, (query, pages) in enumerate(judged.items(), start=1):
            questions.write(_json({key: f"q{number}", "text": query}))
            for corpus_id, relevant in pages.items():
                qrels.write(f"q{number}\t{corpus_id}\t{int(relevant)}\n")


# sentence-transformers


def _read_columns(path: Path) -> list[Label]:
    """Rows of (anchor, positive, negative_1, …), or of pairs with a label or score: above 0 is right."""
    found = []
    for number, row in json_lines(path):
        query = next((row[name] for name in _ANCHORS if name in row), None)
        right = next((row[name] for name in _POSITIVES if row.get(name) is not None), None)
        wrong = [page for name, page in row.items() if name.split("_")[0] == "negative" and page is not None]
        score = next((row[name] for name in _SCORES if name in row), 1)
        pages = wrong if right is None else [right, *wrong]
        if not isinstance(query, str) or not pages or not all(isinstance(page, str) for page in pages):
            raise FormatError(f"{path.name}, line {number}: wants anchor, positive, negative_1, … (ids of pages)")
        if not isinstance(score, int | float):
            raise FormatError(f"{path.name}, line {number}: the label is {score!r}", "It is 1 or 0.")
        if right is not None:
            found.append(_label(query, str(right), score > 0))
        found += [_label(query, str(page), False) for page in wrong]
    return found


def _write_columns(path: Path, judged: Judged) -> None:
    """One row for each right Page, with the question's wrong ones; a question that has only wrong ones has no positive."""
    with writing(path) as file:
        for query, pages in judged.items():
            wrong = [corpus_id for corpus_id, relevant in pages.items() if not relevant]
            negatives = {f"negative_{place}": corpus_id for place, corpus_id in enumerate(wrong, start=1)}
            for corpus_id in [corpus_id for corpus_id, relevant in pages.items() if relevant]:
                file.write(_json({"anchor": query, "positive": corpus_id, **negatives}))
            if len(wrong) == len(pages):
                file.write(_json({"anchor": query, **negatives}))


def _json(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
