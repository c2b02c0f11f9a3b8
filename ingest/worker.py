"""Warm child processes that parse files, so that a hostile one costs its own reading and nothing else.

The parent imports no parser: it stays small, and no bug of theirs runs in it.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

from ingest import frames
from ingest.process import Child, Died
from ingest.types import DEFAULT_LIMITS, Block, FileKind, Limits, Line, Page, PageError, PageRef, Refused, Sized

RECYCLE_BYTES = 700 * 1024**2  # a child that has grown beyond this is replaced when it is idle
MAX_DEATHS = 5  # pages of one document that may end a child, before the document is given up


class Children:
    """A pool of at most `count` warm children; any thread may call any method.

    A thread that asks for something while it still iterates over `read` is given a child of its own beyond `count`,
    since waiting for itself would take for ever. `nice` and `threads` are for the children.
    """

    def __init__(self, count: int = 1, limits: Limits = DEFAULT_LIMITS, *, nice: int = 0, threads: int = 1) -> None:
        if count < 1 or threads < 1:
            raise ValueError(f"count and threads are at least 1, not {count} and {threads}")
        self.limits = limits
        self._count = count
        self._settings = {"nice": nice, "threads": threads}
        self._idle: list[Child] = []
        self._held: Counter[int] = Counter()  # children in use, by the thread that took them
        self._change = threading.Condition()
        self._closed = False
        self._finalizer = weakref.finalize(self, _end_all, self._idle)

    def read(self, path: Path) -> Iterator[Page | PageError]:
        """Pages of a file as they come; what kind it is, its bytes decide. Raises Refused, with a reason for people,
        also when reading takes too long, takes too much memory or ends the child. A page of a PDF or of a scan that does so
        is a PageError instead, and the pages after it are read. Stopping early is fine; it costs a child."""
        start, deaths, lost = 1, 0, None
        while True:
            kind = None
            try:
                for header, payload in self._ask("read", path, start=start):
                    if "kind" in header:
                        kind = header["kind"]
                        continue
                    page = frames.page_from_header(header, payload)
                    if lost is not None:
                        yield lost
                        lost = None
                    yield page
                    start = page.number + 1
            except (Died, frames.BadFrame) as error:
                died = error if isinstance(error, Died) else Died.crashed()
                deaths += 1
                if kind is None or not FileKind(kind).is_paged or lost is not None or deaths > MAX_DEATHS:
                    raise Refused(died.reason, died.remedy) from None
                lost = PageError(start, died.reason)
                start += 1
                continue
            if lost is not None:
                yield lost
            return

    def picture(self, path: Path, kind: FileKind, ref: PageRef, longest_px: int) -> Image.Image:
        """RGB picture of a page, its longest side at most `longest_px`; raises ValueError when it cannot be made."""
        header, payload = self._one("picture", path, kind=kind, ref=(ref.number, ref.key_s), longest_px=longest_px)
        width, height = header["size"]
        return Image.frombytes("RGB", (width, height), payload)

    def encoded(self, path: Path, kind: FileKind, ref: PageRef, longest_px: int) -> Sized:
        """As `picture`, but JPEG bytes, made in the child."""
        header, payload = self._one("encoded", path, kind=kind, ref=(ref.number, ref.key_s), longest_px=longest_px)
        width, height = header["size"]
        return Sized(payload, width, height)

    def ocr(self, path: Path, kind: FileKind, ref: PageRef) -> list[Line]:
        """Text that is seen on a page (PDF: at 144 dpi) or picture. Raises ValueError."""
        header, _ = self._one("ocr", path, kind=kind, ref=(ref.number, ref.key_s))
        return frames.lines_from_list(header["lines"])

    def ocr_picture(self, data: bytes) -> list[Line]:
        """Text that is seen on an encoded picture (JPEG, PNG, WebP). Raises ValueError."""
        header, _ = self._one("ocr_picture", None, data)
        return frames.lines_from_list(header["lines"])

    def layout(self, path: Path, ref: PageRef) -> list[Block]:
        """Regions of a PDF page; see `ingest.layout`. Raises ValueError."""
        header, _ = self._one("layout", path, ref=(ref.number, ref.key_s))
        return frames.blocks_from_list(header["blocks"])

    def close(self) -> None:
        """Ends the children; those at work end when their caller is done. Idempotent."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._finalizer()

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _one(self, do: str, path: Path | None, payload: bytes = b"", **request: Any) -> tuple[frames.Header, bytes]:
        """An answer of one frame; every way to fail that the file is to blame for is a ValueError."""
        try:
            (answer,) = self._ask(do, path, payload, **request)
        except Died as died:
            raise ValueError(died.reason) from None
        except Refused as refusal:
            raise ValueError(str(refusal)) from None
        return answer

    def _ask(
        self, do: str, path: Path | None, payload: bytes = b"", **request: Any
    ) -> Iterator[tuple[frames.Header, bytes]]:
        """Frames of one answer without its end. Raises Refused, ValueError, ImportError, Died, BadFrame."""
        message = {"do": do, "path": str(path), "limits": asdict(self.limits), **request}
        packed = frames.pack(message, payload)
        holder = threading.get_ident()
        child = self._take(holder)
        ended = False
        patience = 1
        try:
            child.send(packed)
            while True:
                header, data = child.receive(self.limits.page_wall_s * patience)
                patience = header.get("patience", patience)
                if "end" in header:
                    break
                yield header, data
            ended = header["end"] != "memory" and header.get("rss", 0) < RECYCLE_BYTES
            _raise_for(header)
        finally:
            self._give(child, holder, reusable=ended)

    def _take(self, holder: int) -> Child:
        with self._change:
            while not self._closed and sum(self._held.values()) >= self._count and not self._held[holder]:
                self._change.wait()
            if self._closed:
                raise RuntimeError("the readers are closed")
            self._held[holder] += 1
            while self._idle:
                child = self._idle.pop()
                if child.alive():
                    return child
                child.end()
        try:
            return Child(self._settings)
        except BaseException:
            self._release(holder)
            raise

    def _give(self, child: Child, holder: int, *, reusable: bool) -> None:
        with self._change:
            keep = reusable and not self._closed and len(self._idle) < self._count
            if keep:
                self._idle.append(child)
        if not keep:
            child.end()
        self._release(holder)

    def _release(self, holder: int) -> None:
        with self._change:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]
            self._change.notify()


def _raise_for(end: frames.Header) -> None:
    match end["end"]:
        case "done":
            return
        case "refused":
            raise Refused(end["reason"], end["remedy"])
        case "failed":
            raise ValueError(end["reason"])
        case "missing":
            raise ImportError(end["reason"])
        case "memory":
            raise Died.memory()
        case other:
            raise frames.BadFrame(f"an answer that ends with {other!r}")


def _end_all(children: list[Child]) -> None:
    while children:
        children.pop().end()
