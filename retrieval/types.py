"""The nouns and the interfaces of retrieval. Read this first. Imports neither torch nor numpy.

Scores: higher is better, everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from ingest.types import Box, FileKind, Kind, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

Floats: TypeAlias = "NDArray[np.float32]"
Halves: TypeAlias = "NDArray[np.float16]"
Ints: TypeAlias = "NDArray[np.int64]"
Bools: TypeAlias = "NDArray[np.bool_]"


class Stage(StrEnum):
    """How far a Document is. Each stage is searchable while the next one runs."""

    WORDS = "words"  # waiting to be read, or being read
    VECTORS = "vectors"  # answers by words; meaning follows page by page
    OCR = "ocr"  # answers by meaning; pages without text are being read
    DONE = "done"


class Route(StrEnum):
    """Which vectors a Part's vector may be compared with: cosines of different routes are not comparable."""

    TEXT = "text"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Profile:
    """What the product can see of a Page before it answers; settings of fusion and reranking are keyed by it.

    A few letters (a sign on a photo) are no text.
    """

    kind: Kind
    has_text: bool

    @property
    def key(self) -> str:
        return f"{self.kind}/{'text' if self.has_text else 'bare'}"

    @classmethod
    def of(cls, key: str) -> Profile:
        """The one with that `key`."""
        kind, _, text = key.partition("/")
        return cls(Kind(kind), text == "text")


@dataclass(frozen=True, slots=True)
class PartInput:
    """What a model is shown of one Part or question: text, a picture, or both. Never a bare string, see design."""

    text: str | None = None
    picture: Image.Image | None = None


class Embedder(Protocol):
    """Vectors of questions and Parts: float32 rows of length 1.

    `document_key` is a hash of all that shapes document vectors: two Embedders with the same may share a Generation.
    """

    dim: int
    query_key: str
    document_key: str

    def embed_queries(self, queries: Sequence[PartInput]) -> Floats:
        """(n, dim) float32, each row of norm 1."""
        ...

    def embed_parts(self, parts: Sequence[PartInput]) -> Floats:
        """(n, dim) float32, each row of norm 1; the order of `parts`; a list may mix texts and pictures."""
        ...


@runtime_checkable
class WithFeatures(Embedder, Protocol):
    """An Embedder whose pictures pass a frozen tower: its features can be stored, and projected again in no time."""

    feature_key: str

    def features(self, pictures: Sequence[Image.Image]) -> Floats:
        """(n, features) float32 of the tower."""
        ...

    def project(self, features: Floats) -> Floats:
        """(n, dim) float32, each row of norm 1."""
        ...


class Reranker(Protocol):
    """Scores candidates again with the question at hand; applied only to `profiles`, where it was measured to help."""

    profiles: frozenset[Profile]

    def score(self, query: str, parts: Sequence[PartInput]) -> Floats:
        """(n,) float32, higher is better."""
        ...


class VectorIndex(Protocol):
    """Knows ids and arrays only. Scores are inner products."""

    def add(self, ids: Ints, vectors: Floats) -> None: ...

    def remove(self, ids: Ints) -> None: ...

    def search(self, queries: Floats, k: int, allowed: Ints | None = None) -> tuple[Floats, Ints]:
        """(q, k) scores and (q, k) ids, best first, ties to the lower id; missing places hold -inf and -1."""
        ...


@dataclass(frozen=True, slots=True)
class Why:
    """The rank (1-based) that each stage gave, or None where the stage did not find it.

    What no rank shows: `side_by_side`: much of the question stands there word for word; `named`: the question names the
    page by its number.
    """

    words: int | None = None
    meaning: int | None = None
    picture: int | None = None
    reranked: int | None = None
    side_by_side: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: a Page, why it is here, and the place on it.

    `score` is the calibrated chance (0–1) that this answers the question; `fits`: above the Model's cut-off.
    `region` is the box on the picture as 0–1, None = the whole picture. `text`: the matched Part, ≤ 500 characters.
    `judged`: True right, False wrong, None not judged for this question.
    """

    page_id: int
    document: str
    document_id: str
    kind: Kind
    corpus_id: str
    page: int | None
    start_s: float | None
    end_s: float | None
    score: float
    fits: bool
    region: Box | None
    text: str | None
    why: Why
    source: Source | None = None
    width: float = 0.0
    height: float = 0.0
    pages: int = 1  # pages of the whole document
    judged: bool | None = None
    pending: str | None = None  # what is still on its way for this page: "meaning", "text" or None

    def as_json(self) -> dict[str, object]:
        """The command line's form: exactly the documented keys."""
        region = None if self.region is None else [self.region.x0, self.region.y0, self.region.x1, self.region.y1]
        return {
            "document": self.document,
            "document_id": self.document_id,
            "kind": str(self.kind),
            "corpus_id": self.corpus_id,
            "page": self.page,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "score": round(self.score, 4),
            "fits": self.fits,
            "region": region and [round(x, 4) for x in region],
            "text": self.text,
            "why": {
                "words": self.why.words,
                "meaning": self.why.meaning,
                "picture": self.why.picture,
                "reranked": self.why.reranked,
            },
        }


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits best first, and what a person wants to know beside them.

    `searched` counts Pages (after the filters); `by_words_only`: why meaning was not used ("loading", "embedding"), or
    None; `reading` counts documents whose stages still run. `terms` are the question's content words, for marking. `meant`:
    the question as it may have been meant, where nothing fits and words of it stand nowhere.
    """

    query: str
    hits: list[Hit]
    searched: int
    seconds: float
    by_words_only: str | None = None
    reading: int = 0
    terms: tuple[str, ...] = ()
    meant: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """One Document as lists show it. Times are Unix seconds (UTC)."""

    id: str  # sha256 of its bytes
    name: str  # the first name
    names: tuple[str, ...]
    kind: FileKind
    tags: tuple[str, ...]
    pages: int
    stage: Stage
    paused: bool
    added: float
    size_bytes: int
    deleted: float | None
    duration_s: float | None
    missing: bool  # added by path, and the original is gone
    used_ocr: bool
    parts: int  # vectors wanted by the current Model
    parts_embedded: int
    ocr_pages: int  # pages whose picture is read for text
    ocr_done: int
    skipped_pages: tuple[tuple[int, str], ...]  # (number, reason) of unreadable ones
    cover_page_id: int | None  # what the shelf shows
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One Page as the page view shows it."""

    id: int
    document: str
    document_id: str
    corpus_id: str
    kind: Kind
    number: int
    pages: int
    width: float
    height: float
    start_s: float | None
    end_s: float | None
    file_kind: FileKind
    text: str
    previous_id: int | None
    next_id: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One file that was not added, kept until a person dismisses it."""

    id: int
    document: str
    reason: str
    remedy: str
    when: float


BACK = "it was in the bin and is back, as "  # why an added file was skipped; the document's name follows


@dataclass(frozen=True, slots=True)
class Added:
    """What `Library.add` did. Rows are the command line's JSON objects."""

    added: list[dict[str, object]] = field(default_factory=list)
    skipped: list[dict[str, object]] = field(default_factory=list)
    refused: list[dict[str, object]] = field(default_factory=list)
    job: int | None = None

    def as_json(self) -> dict[str, object]:
        return {"added": self.added, "skipped": self.skipped, "refused": self.refused}


@dataclass(frozen=True, slots=True)
class Label:
    """A person's judgement of one Page for one question."""

    query: str
    corpus_id: str
    relevant: bool
    source: str
    when: float


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """Long work. `done`/`total` count `unit`s ("pages", "steps"); `seconds_left` is None until it can be told."""

    id: int
    kind: str  # "ingest" or "embed"
    state: JobState
    title: str  # "still reading 3 of 12 files"
    done: int
    total: int
    seconds_left: float | None
    message: str | None  # what went wrong, or a summary at the end
    created: float
    finished: float | None

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "kind": self.kind,
            "state": str(self.state),
            "title": self.title,
            "done": self.done,
            "total": self.total,
            "seconds_left": self.seconds_left,
            "message": self.message,
            "created": self.created,
            "finished": self.finished,
        }


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A Model as lists show it.

    `promoted`: when it last began to answer (Unix seconds), or None. `kept`: its weights are here, so that it can answer.
    """

    id: str
    name: str
    base: str | None
    recipe: str | None
    labels: int | None
    ndcg_at_10: float | None
    current: bool
    ready: bool
    embedded: int
    parts: int
    created: float
    promoted: float | None = None
    recommended: bool | None = None
    kept: bool = True

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "base": self.base,
            "recipe": self.recipe,
            "labels": self.labels,
            "ndcg@10": self.ndcg_at_10,
            "current": self.current,
            "ready": self.ready,
            "created": self.created,
        }


__all__ = [
    "BACK",
    "Added",
    "Box",
    "DocumentInfo",
    "Embedder",
    "FileKind",
    "Floats",
    "Hit",
    "Ints",
    "Job",
    "JobState",
    "Kind",
    "Label",
    "ModelInfo",
    "PageInfo",
    "PartInput",
    "Profile",
    "Refusal",
    "Reranker",
    "Route",
    "SearchResult",
    "Source",
    "Stage",
    "VectorIndex",
    "Why",
    "WithFeatures",
]
