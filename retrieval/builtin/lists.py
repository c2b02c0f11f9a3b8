"""What text net and reranker learn from: questions, and the passages that our own first stage puts before it.

Texts of some sets go into a throw-away library; each question is asked there as the product would ask, and the passages
of its first answers are kept with their fused scores: the right one, and the others as tempting wrong ones. Charts are asked
for among the charts of all sets, by the words that OCR reads in them.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from ingest.ocr import Ocr
from ingest.types import Box
from retrieval import search
from retrieval.formats import json_lines, read_qrels
from retrieval.library import Library
from retrieval.store import documents
from retrieval.types import PartInput

TEXTS, CHARTS = ("texts", "texts-qa"), ("charts", "charts-opencqa")
SETS = (*TEXTS, *CHARTS)
GROUPS = {"texts": TEXTS[:1], "texts-qa": TEXTS[1:], "all-charts": CHARTS}  # asked together
HELD_OUT = ("xquad", "ohr-news", "AIT-QA")  # sources that are only measured on
KEPT = 20  # answers of a question: what is reranked
AT_ONCE = 100  # questions
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A question's first answers in the first stage's order; `right` are places among `passages`, `fused` log-odds."""

    query: str
    source: str
    passages: tuple[str, ...]
    fused: tuple[float, ...]
    right: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Set:
    """Texts by corpus id, questions (id, text, source) and the right corpus ids of each."""

    texts: dict[str, str]
    questions: list[tuple[str, str, str]]
    right: dict[str, set[str]]

    def first(self, count: int) -> Set:
        """At most `count` questions spread over it, and the texts that answer them."""
        questions = spread(self.questions, count)
        wanted = {page for key, _, _ in questions for page in self.right.get(key, ())}
        return Set({key: text for key, text in self.texts.items() if key in wanted}, questions, self.right)


def spread(items: list[T], count: int) -> list[T]:
    """At most `count` of them, at equal distances."""
    return items[:: max(1, len(items) // count)][:count]


def read_texts(folder: Path) -> Set:
    """A set with `corpus.jsonl`."""
    texts = {str(row["id"]): str(row["text"]) for _, row in json_lines(folder / "corpus.jsonl")}
    return Set(
        texts, _questions(folder, None), {key: set(row) for key, row in read_qrels(folder / "qrels.tsv").items()}
    )


def read_pictures(folder: Path, ocr: Path, split: str, cache: Path, tell: Callable[[str], None]) -> Set:
    """A set of pictures by the text in them. `ocr`: rows with `set`, `corpus-id` and `lines` of what was read before; what
    it does not hold is read as the product reads it, about a second a chart, and kept in `cache`."""
    right = {key: set(row) for key, row in read_qrels(folder / "qrels.tsv").items()}
    questions = _questions(folder, split)
    wanted = {page for key, _, _ in questions for page in right.get(key, ())}
    own = cache / f"ocr-{folder.name}.jsonl"
    texts = _texts_read(own, folder.name) | _texts_read(ocr, folder.name)
    missing = sorted(wanted - texts.keys())
    reader = Ocr()
    with own.open("a", encoding="utf-8") as stream:
        for count, name in enumerate(missing):
            if count % 100 == 0:
                tell(f"reading the text in {len(missing) - count:,} pictures of {folder.name}")
            with Image.open(folder / "images" / name) as picture:
                lines = [(line.text, line.score, *_corners(line.box)) for line in reader.read(picture)]
            stream.write(json.dumps({"set": folder.name, "corpus-id": name, "lines": lines}, ensure_ascii=False) + "\n")
            stream.flush()
            texts[name] = "\n".join(line[0] for line in lines)
    return Set({name: text for name, text in texts.items() if name in wanted}, questions, right)


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


def _texts_read(path: Path, name: str) -> dict[str, str]:
    """Corpus id → lines of one set in a file of OCR; nothing where there is no such file."""
    texts: dict[str, str] = {}
    for row in (row for _, row in json_lines(path) if row["set"] == name) if path.exists() else ():
        lines = row["lines"]
        assert isinstance(lines, list)
        texts[str(row["corpus-id"])] = "\n".join(str(line[0]) for line in lines)
    return texts


def _questions(folder: Path, split: str | None) -> list[tuple[str, str, str]]:
    rows = [row for _, row in json_lines(folder / "queries.jsonl") if split is None or row.get("split") == split]
    return [(str(row["id"]), str(row["text"]), str(row.get("source", folder.name))) for row in rows]


def ranked(library: Library, some: Set, tell: Callable[[str], None]) -> Iterator[Ranked]:
    """Every question whose right text the first stage finds at all, however late."""
    library.add_texts(some.texts.items())
    db = library.store.read()
    within = search.scope(db, None, None, None)
    now = library.models.answering()
    for start in range(0, len(some.questions), AT_ONCE):
        batch = some.questions[start : start + AT_ONCE]
        vectors = now.embedder.embed_queries([PartInput(text=text) for _, text, _ in batch])
        for (key, text, source), vector in zip(batch, vectors, strict=True):
            found = search.candidates(db, text, within, fusion=now.fusion, index=now.index, vector=vector)
            names = documents.names(db, list({c.page.document_id for c in found}))
            right = some.right.get(key, set())
            places = [place for place, c in enumerate(found) if right.intersection(names[c.page.document_id])]
            if places:
                kept = sorted({*range(min(KEPT, len(found))), places[0]})
                parts = search.shown(db, [found[place] for place in kept])
                yield Ranked(
                    text,
                    source,
                    tuple(part.text or "" for part in parts),
                    tuple(round(found[place].fused, 4) for place in kept),
                    tuple(at for at, place in enumerate(kept) if place in places),
                )
        tell(f"{start + len(batch):,} of {len(some.questions):,} questions")


def write(path: Path, rows: Iterator[Ranked]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")


def read(path: Path) -> list[Ranked]:
    found = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        found.append(
            Ranked(row["query"], row["source"], tuple(row["passages"]), tuple(row["fused"]), tuple(row["right"]))
        )
    return found


def gathered(
    data: Path,
    cache: Path,
    tell: Callable[[str], None],
    count: int | None = None,
    groups: Iterable[str] = tuple(GROUPS),
) -> list[Ranked]:
    """The lists of all sets, or of `count` questions of each; made once and kept in `cache`."""
    found = []
    for group in groups:
        names = GROUPS[group]
        path = cache / (f"lists-{group}.jsonl" if count is None else f"lists-{group}-{count}.jsonl")
        if not path.exists():
            sets = [
                read_texts(data / name)
                if name in TEXTS
                else read_pictures(data / name, data / "ocr.jsonl", "train", cache, tell)
                for name in names
            ]
            some = joined(sets if count is None else [each.first(count) for each in sets])
            tell(f"asking the questions of {group}")
            with tempfile.TemporaryDirectory() as place, Library(Path(place) / "library") as library:
                write(path.with_suffix(".part"), ranked(library, some, tell))
            path.with_suffix(".part").replace(path)
        found += read(path)
    return found


def joined(sets: Sequence[Set]) -> Set:
    """As one, in which questions are asked among the texts of all; ids of one set do not stand in another."""
    texts: dict[str, str] = {}
    right: dict[str, set[str]] = {}
    for some in sets:
        texts |= some.texts
        right |= some.right
    return Set(texts, [question for some in sets for question in some.questions], right)


def chosen(rows: Sequence[Ranked], most: int, order: random.Random) -> list[Ranked]:
    """At most `most` questions of each source that may be learned from, mixed."""
    of: dict[str, list[Ranked]] = defaultdict(list)
    for row in rows:
        if row.source not in HELD_OUT:
            of[row.source].append(row)
    picked = [row for some in of.values() for row in order.sample(some, min(len(some), most))]
    order.shuffle(picked)
    return picked
