"""What an evaluation asks: a folder's questions and judgements, mapped to the Pages of a library.

Files are known by their bytes, whatever the library calls them, so that twins are one Page and count once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.adding import named_as_ours
from retrieval.corpus_ids import encode, parse
from retrieval.errors import FolioscopeError, NotFound
from retrieval.formats import Question, read_corpus, read_qrels, read_questions

if TYPE_CHECKING:
    from retrieval.library import Library
    from retrieval.types import DocumentInfo, Job, PageInfo

CORPORA = ("split", "all", "library")
_OWN_FILES = {"queries.jsonl", "qrels.tsv", "corpus.jsonl"}

Key = Path | str  # a file of the folder, or the id of a text
Progress = Callable[["Job | str"], None]


@dataclass(frozen=True, slots=True)
class Task:
    """`qrels`: question id → corpus id under the first name → relevance. `documents` limits the candidates to some ids,
    None = everything. `kinds`: the Kind of each judged Page that the library holds."""

    questions: list[Question]
    qrels: dict[str, dict[str, float]]
    documents: tuple[str, ...] | None
    names: Names
    kinds: dict[str, str]


class Names:
    """Maps names as they stand in qrels.tsv to the library's Pages, by the bytes of the folder's files."""

    def __init__(self, library: Library, files: Mapping[str, Sequence[Path]], texts: Mapping[str, str]) -> None:
        self._library = library
        self._files = files
        self._texts = texts  # of corpus.jsonl: id → text
        self._infos: dict[Key, DocumentInfo | None] = {}
        self._pages: dict[str, PageInfo | None] = {}

    def key(self, corpus_id: str) -> Key | None:
        """What the name stands for: a file of the folder, a text's id, or None when the folder has neither."""
        if corpus_id in self._texts:
            return corpus_id
        paths = self._files.get(self._split(corpus_id)[0], ())
        if len(paths) > 1 and len({_sha256(path) for path in paths}) > 1:
            found = ", ".join(str(path) for path in paths[:3])
            raise FolioscopeError(f"“{corpus_id}” may be several files: {found}", "Give their paths in qrels.tsv.")
        return paths[0] if paths else None

    def document(self, key: Key) -> DocumentInfo | None:
        """The live document of a file or text, None when the library does not hold it."""
        if key not in self._infos:
            digest = _sha256(key) if isinstance(key, Path) else text_id(key, self._texts[key])
            try:
                info = self._library.documents.get(digest)
                self._infos[key] = None if info.deleted is not None else info
            except NotFound:
                self._infos[key] = None
        return self._infos[key]

    def text(self, key: str) -> str:
        return self._texts[key]

    def forget(self) -> None:
        """After files were added."""
        self._infos.clear()
        self._pages.clear()

    def page(self, corpus_id: str) -> PageInfo | None:
        """The Page, its corpus id under the document's first name; None when the library holds no such Page."""
        if corpus_id not in self._pages:
            self._pages[corpus_id] = self._page(corpus_id)
        return self._pages[corpus_id]

    def _page(self, corpus_id: str) -> PageInfo | None:
        key = self.key(corpus_id)
        info = None if key is None else self.document(key)
        if info is None:
            return None
        place = "" if isinstance(key, str) else self._split(corpus_id)[1]
        try:
            return self._library.documents.page(self._library.documents.resolve(encode(info.name) + place))
        except NotFound:
            return None

    def _split(self, corpus_id: str) -> tuple[str, str]:
        """The name as the folder has it, and what stands behind it; decoded only where it is not there as it stands."""
        parsed = parse(corpus_id)
        if corpus_id in self._files or (parsed.page is None and parsed.start_s is None):
            return (corpus_id if corpus_id in self._files else parsed.name), ""
        name, _, rest = corpus_id.rpartition("#")
        return (name if name in self._files else parsed.name), f"#{rest}"


def read_task(
    library: Library,
    folder: Path,
    add: bool,
    split: str | None,
    corpus: str,
    ocr: bool,
    progress: Progress | None,
) -> Task:
    """Raises FolioscopeError when there is nothing to measure, or judged files are not there and `add` is False."""
    if corpus not in CORPORA:
        raise FolioscopeError(f"No corpus “{corpus}”", f"It is one of {', '.join(CORPORA)}.")
    judged = read_qrels(folder / "qrels.tsv")
    questions = [q for q in read_questions(folder / "queries.jsonl") if split in (None, q.split) and q.id in judged]
    if not questions:
        raise FolioscopeError(f"{folder} has no judged question{f' of split “{split}”' if split else ''}")
    judged = {question.id: judged[question.id] for question in questions}
    texts = dict(read_corpus(folder / "corpus.jsonl")) if (folder / "corpus.jsonl").exists() else {}
    files, paths = ({}, []) if texts else _files(folder)
    names = Names(library, files, texts)
    wanted = dict.fromkeys(key for pages in judged.values() for page in pages if (key := names.key(page)) is not None)
    every: list[Key] = [*texts] if texts else [path for path in paths if named_as_ours(path)]
    candidates = list(wanted) if corpus == "split" else list(dict.fromkeys([*every, *wanted]))
    if add:
        _add(library, names, candidates, ocr, progress)
    infos = {info.id: info for key in candidates if (info := names.document(key)) is not None}
    _check(names, judged, wanted, infos, add, ocr)
    return Task(
        questions,
        {question: _canonical_qrels(names, pages) for question, pages in judged.items()},
        None if corpus == "library" else tuple(infos),
        names,
        {
            found.corpus_id: str(found.kind)
            for pages in judged.values()
            for page in pages
            if (found := names.page(page)) is not None
        },
    )


def _files(folder: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """The folder's files by each way to name them: `c.pdf`, `b/c.pdf`, `a/b/c.pdf`; and all of them in order."""
    named: dict[str, list[Path]] = {}
    paths = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if not path.is_file() or any(part.startswith(".") for part in parts):
            continue
        if len(parts) == 1 and path.name in _OWN_FILES:
            continue
        paths.append(path)
        for start in range(len(parts)):
            named.setdefault("/".join(parts[start:]), []).append(path)
    return named, paths


def _add(library: Library, names: Names, candidates: Sequence[Key], ocr: bool, progress: Progress | None) -> None:
    missing = [key for key in candidates if names.document(key) is None]
    paths = [key for key in missing if isinstance(key, Path)]
    texts = [(key, names.text(key)) for key in missing if isinstance(key, str)]
    if paths:
        library.add(paths, ocr=ocr, progress=progress)
    if texts:
        library.add_texts(texts, progress=progress)
    names.forget()


def _check(
    names: Names,
    judged: Mapping[str, Mapping[str, float]],
    wanted: Mapping[Key, None],
    infos: Mapping[str, DocumentInfo],
    added: bool,
    ocr: bool,
) -> None:
    """Refuses to measure what would not be the measurement asked for."""
    missing = [str(key) for key in wanted if names.document(key) is None]
    if missing and not added:
        raise FolioscopeError(
            f"{len(missing)} of {len(wanted)} judged files are not in the library, the first is {missing[0]}",
            "Add them: folioscope eval FOLDER --add",
        )
    if not infos or all(names.page(page) is None for pages in judged.values() for page in pages):
        raise FolioscopeError("No judged page is in the library: names in qrels.tsv fit no file of the folder")
    read = [info.name for info in infos.values() if info.used_ocr]
    if read and not ocr:
        raise FolioscopeError(
            f"Without OCR cannot be measured here: the text of {len(read)} documents was read by OCR ({read[0]})",
            "Take a library of its own: folioscope --library NEW eval FOLDER --add --no-ocr",
        )


def _canonical_qrels(names: Names, pages: Mapping[str, float]) -> dict[str, float]:
    """Twins become one Page; what the library does not hold keeps its name, and is never found."""
    canonical: dict[str, float] = {}
    for page, score in pages.items():
        found = names.page(page)
        key = f"(not in the library) {page}" if found is None else found.corpus_id
        canonical[key] = max(score, canonical.get(key, 0.0))
    return canonical


def text_id(name: str, text: str) -> str:
    """The document id of a text, see `Library.add_texts`."""
    return hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
