"""Names of Pages for people and scripts: `<document>#page=N`, `<document>`, `<document>#t=START,END`.

`%` and `#` in document names are percent-encoded, nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.types import FileKind
from retrieval.store.pages import PageRow

_FRAGMENT = re.compile(r"(?:page=(?P<page>\d{1,9})|t=(?P<start>\d+(?:\.\d+)?),(?P<end>\d+(?:\.\d+)?))\Z", re.ASCII)


def encode(name: str) -> str:
    return name.replace("%", "%25").replace("#", "%23")


def decode(name: str) -> str:
    return name.replace("%23", "#").replace("%25", "%")


def corpus_id(name: str, kind: FileKind, page: PageRow) -> str:
    if kind is FileKind.VIDEO:
        return f"{encode(name)}#t={page.start_s or 0.0:.1f},{page.end_s or 0.0:.1f}"
    if kind.is_paged:
        return f"{encode(name)}#page={page.number}"
    return encode(name)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document's name and, where given, a page number or a span in seconds."""

    name: str
    page: int | None = None
    start_s: float | None = None
    end_s: float | None = None


def parse(text: str) -> Parsed:
    """Never fails: what is no fragment of ours belongs to the name."""
    name, mark, fragment = text.rpartition("#")
    found = _FRAGMENT.match(fragment) if mark else None
    if found is None:
        return Parsed(decode(text))
    if found["page"] is not None:
        return Parsed(decode(name), page=int(found["page"]))
    return Parsed(decode(name), start_s=float(found["start"]), end_s=float(found["end"]))
