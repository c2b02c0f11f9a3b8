"""Files that the field already has: MTEB-like questions and judgements, TREC runs, and judgements as CSV.

Whatever is wrong with a file is said with its name and line: `FormatError`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from ingest.types import Box
from retrieval.errors import FolioscopeError
from retrieval.types import Label

LABEL_COLUMNS = ("query", "corpus_id", "relevant", "when", "source")
_YES, _NO = {"1", "true", "yes", "relevant", "right"}, {"0", "false", "no", "wrong", "not relevant"}


class FormatError(FolioscopeError):
    """A file that does not have the form its name promises."""


@dataclass(frozen=True, slots=True)
class Region:
    """The place on a page that holds the evidence, as fractions of the page."""

    corpus_id: str
    box: Box


@dataclass(frozen=True, slots=True)
class Question:
    """One row of queries.jsonl; `split` and `regions` where the set has them."""

    id: str
    text: str
    split: str | None = None
    regions: tuple[Region, ...] = ()


def read_questions(path: Path) -> list[Question]:
    """queries.jsonl: `id`, `text`, and where there are any `split` and `regions` (a box in the unit of `page_size`)."""
    return [_question(path, number, row) for number, row in json_lines(path)]


def _question(path: Path, number: int, row: Mapping[str, object]) -> Question:
    key, text, split = row.get("id", row.get("_id")), row.get("text"), row.get("split")
    if key is None or not isinstance(text, str):
        raise FormatError(f"{path.name}, line {number}: a question needs id and text")
    regions = row.get("regions") or []
    if not isinstance(regions, list):
        raise FormatError(f"{path.name}, line {number}: regions is not a list")
    places = tuple(_region(path, number, region) for region in regions)
    return Question(str(key), text, None if split is None else str(split), places)


def _region(path: Path, number: int, region: object) -> Region:
    try:
        assert isinstance(region, dict)
        x0, y0, x1, y1 = (float(x) for x in region["box"])
        width, height = (float(x) for x in region["page_size"])
        return Region(str(region["corpus-id"]), Box(x0 / width, y0 / height, x1 / width, y1 / height))
    except (AssertionError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        wanted = "a region needs corpus-id, box [x0, y0, x1, y1] and page_size [width, height]"
        raise FormatError(f"{path.name}, line {number}: {wanted}") from error


def read_qrels(path: Path) -> dict[str, dict[str, float]]:
    """qrels.tsv with a header row (`query-id`, `corpus-id`, `score`): question → corpus id → score, scores above 0."""
    qrels: dict[str, dict[str, float]] = {}
    for number, line in enumerate(lines(path), start=1):
        cells = line.split("\t")
        if not line.strip():
            continue
        if number == 1 and cells[0].strip() in ("query-id", "query_id", "qid"):
            continue
        try:
            question, page, score = cells[0], cells[1], float(cells[-1])
        except (IndexError, ValueError) as error:
            raise FormatError(
                f"{path.name}, line {number}: wants query-id, corpus-id and score, tab between"
            ) from error
        if score > 0:
            qrels.setdefault(question, {})[page] = score
    return qrels


def read_corpus(path: Path) -> Iterator[tuple[str, str]]:
    """corpus.jsonl: (id, text) of each page-sized text; a title stands before its text."""
    for number, row in json_lines(path):
        key, text = row.get("id", row.get("_id")), row.get("text")
        if key is None or not isinstance(text, str):
            raise FormatError(f"{path.name}, line {number}: a text needs id and text")
        title = row.get("title")
        yield str(key), f"{title}\n{text}" if isinstance(title, str) and title else text


def write_run(path: Path, ranked: Mapping[str, Sequence[tuple[str, float]]], tag: str = "folioscope") -> None:
    """A TREC run: `question Q0 page rank score tag`. Blanks in ids are percent-encoded, for columns end at blanks.

    Scores fall strictly from rank to rank where they were equal, so that readers that sort by score keep the order.
    """
    with writing(path) as file:
        for question, pages in ranked.items():
            last = float("inf")
            for rank, (page, score) in enumerate(pages, start=1):
                last = score if score < last else last - 1e-6
                file.write(f"{_word(question)} Q0 {_word(page)} {rank} {last:.6f} {tag}\n")


def _word(text: str) -> str:
    return "".join(quote(letter) if letter.isspace() else letter for letter in text) or "%20"


def write_labels(path: Path, labels: Iterable[Label]) -> int:
    """Judgements as CSV, `when` as UTC; returns how many."""
    count = 0
    with writing(path) as file:
        rows = csv.writer(file)
        rows.writerow(LABEL_COLUMNS)
        for label in labels:
            when = datetime.fromtimestamp(label.when, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            rows.writerow([label.query, label.corpus_id, str(label.relevant).lower(), when, label.source])
            count += 1
    return count


def read_labels(path: Path) -> list[Label]:
    """The CSV of `write_labels`; `when` and `source` may be missing (then now, and "import")."""
    now = datetime.now(UTC).timestamp()
    found = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in LABEL_COLUMNS[:3] if name not in (rows.fieldnames or ())]
            if missing:
                raise FormatError(f"{path.name} has no column {' and no '.join(missing)}", _LABEL_REMEDY)
            for row in rows:
                when = _moment(path, rows.line_num, row.get("when") or "", now)
                relevant = _truth(path, rows.line_num, row["relevant"] or "")
                source = row.get("source") or "import"
                found.append(Label(row["query"] or "", row["corpus_id"] or "", relevant, source, when))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path.name} cannot be read: {error}", _LABEL_REMEDY) from error
    return found


_LABEL_REMEDY = f"It wants a header line: {','.join(LABEL_COLUMNS)}"


def _truth(path: Path, number: int, cell: str) -> bool:
    word = cell.strip().lower()
    if word not in _YES | _NO:
        raise FormatError(f"{path.name}, line {number}: relevant is “{cell}”", "It is true or false.")
    return word in _YES


def _moment(path: Path, number: int, cell: str, default: float) -> float:
    if not cell.strip():
        return default
    try:
        return datetime.fromisoformat(cell.strip()).timestamp()
    except ValueError as error:
        raise FormatError(
            f"{path.name}, line {number}: when is “{cell}”", "It is like 2026-03-01T12:00:00Z."
        ) from error


def writing(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise FormatError(
            f"{path} cannot be written: {error.strerror}", "Name a file in a folder that is there."
        ) from error


def lines(path: Path) -> Iterator[str]:
    """Lines without their ends; empty ones too, so that numbers are those of the file."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for line in file:
                yield line.rstrip("\r\n")
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} cannot be read: {error}") from error


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise FormatError(f"{path.name}, line {number}: not JSON ({error})") from error
        if not isinstance(row, dict):
            raise FormatError(f"{path.name}, line {number}: not a JSON object")
        yield number, row
