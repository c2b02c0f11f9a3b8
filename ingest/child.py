"""The child process that touches files: `python -m ingest.child SETTINGS`, started by `ingest.worker`.

It reads request frames from its standard input and answers on its standard output until the input ends. Files are
hostile here: memory and CPU time are limited, there is no network, and nothing is written outside the temporary folder.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PIL import Image

from ingest import frames
from ingest.jail import isolate, limit_cpu, limit_memory, own_memory
from ingest.readers import reader_for
from ingest.sniff import sniff
from ingest.types import FileKind, Limits, PagedReader, PageRef, Reader, Refused

if TYPE_CHECKING:
    from ingest.ocr import Ocr
    from ingest.pdf import PdfReader

JPEG_QUALITY = 85
OCR_DPI = 144
OCR_LONGEST_PX = 4096  # posters and maps; 144 dpi of an A4 page are 1,684
VIDEO_PATIENCE = 4  # times the time of other files: a moment may be half a minute of 4K frames

Reply = Iterator[tuple[frames.Header, bytes]]


class Server:
    """Answers requests one after the other. Keeps readers, which may keep a document open, and the OCR engine."""

    def __init__(self) -> None:
        self._readers: dict[FileKind, Reader] = {}
        self._ocr: Ocr | None = None
        self._answers: dict[str, Callable[[frames.Header, bytes], Reply]] = {
            "read": self._read,
            "picture": self._picture,
            "encoded": self._encoded,
            "ocr": self._ocr_page,
            "ocr_picture": self._ocr_picture,
            "layout": self._layout,
        }

    def answer(self, request: frames.Header, payload: bytes) -> Reply:
        """Frames of one answer, without its end. Raises Refused, ValueError, MemoryError."""
        return self._answers[request["do"]](request, payload)

    def _read(self, request: frames.Header, payload: bytes) -> Reply:
        path, limits = Path(request["path"]), Limits(**request["limits"])
        kind = sniff(path, limits)
        yield {"kind": kind, "patience": VIDEO_PATIENCE if kind is FileKind.VIDEO else 1}, b""
        reader = self._reader(kind, limits)
        start = request["start"]
        pages = reader.read(path, limits) if start == 1 else cast("PagedReader", reader).read(path, limits, start)
        for page in pages:
            yield frames.page_to_header(page), getattr(page, "picture", None) or b""

    def _picture(self, request: frames.Header, payload: bytes) -> Reply:
        picture = self._drawn(request, request["longest_px"])
        yield {"size": picture.size}, picture.tobytes()

    def _encoded(self, request: frames.Header, payload: bytes) -> Reply:
        picture = self._drawn(request, request["longest_px"])
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
        yield {"size": picture.size}, buffer.getvalue()

    def _ocr_page(self, request: frames.Header, payload: bytes) -> Reply:
        kind, longest_px = FileKind(request["kind"]), OCR_LONGEST_PX
        if kind.is_paged:
            reader = cast("PagedReader", self._reader(kind, Limits(**request["limits"])))
            longest_px = min(longest_px, reader.pixels(Path(request["path"]), _ref(request), OCR_DPI))
        yield from self._text_in(self._drawn(request, longest_px))

    def _ocr_picture(self, request: frames.Header, payload: bytes) -> Reply:
        limits = Limits(**request["limits"])
        try:
            with Image.open(BytesIO(payload), formats=("JPEG", "PNG", "WEBP")) as image:
                if image.width * image.height > limits.max_pixels:
                    raise ValueError(f"{image.width} × {image.height} pixels are too many")
                picture = image.convert("RGB")
        except (OSError, SyntaxError) as error:
            raise ValueError(f"the picture cannot be decoded: {error}") from error
        yield from self._text_in(picture)

    def _text_in(self, picture: Image.Image) -> Reply:
        if self._ocr is None:
            from ingest.ocr import Ocr

            self._ocr = Ocr()
        yield {"lines": frames.lines_to_list(self._ocr.read(picture))}, b""

    def _layout(self, request: frames.Header, payload: bytes) -> Reply:
        from ingest.layout import blocks

        found = blocks(Path(request["path"]), _ref(request), self._pdf(request))
        yield {"blocks": frames.blocks_to_list(found)}, b""

    def _drawn(self, request: frames.Header, longest_px: int) -> Image.Image:
        reader = self._reader(FileKind(request["kind"]), Limits(**request["limits"]))
        return reader.picture(Path(request["path"]), _ref(request), longest_px)

    def _pdf(self, request: frames.Header) -> PdfReader:
        """The reader of PDF documents, which can do more than readers in general."""
        from ingest.pdf import PdfReader

        reader = self._reader(FileKind.PDF, Limits(**request["limits"]))
        assert isinstance(reader, PdfReader)
        return reader

    def _reader(self, kind: FileKind, limits: Limits) -> Reader:
        if kind not in self._readers:
            self._readers[kind] = reader_for(kind)
            limit_memory(limits.memory_bytes)  # what the libraries themselves take does not count
        return self._readers[kind]


def _ref(request: frames.Header) -> PageRef:
    number, key_s = request["ref"]
    return PageRef(number, key_s)


def serve(requests: queue.SimpleQueue[tuple[frames.Header, bytes]], send: Callable[[bytes], None]) -> None:
    """Answers for ever; the thread that reads requests ends the process."""
    server = Server()
    while True:
        request, payload = requests.get()
        limits = Limits(**request["limits"])
        limit_memory(limits.memory_bytes)
        patience = 1
        end: dict[str, Any] = {"end": "done"}
        try:
            limit_cpu(limits.page_cpu_s)
            for header, data in server.answer(request, payload):
                send(frames.pack(header, data))
                patience = header.get("patience", patience)
                limit_cpu(limits.page_cpu_s * patience)
        except Refused as refusal:
            end = {"end": "refused", "reason": refusal.reason, "remedy": refusal.remedy}
        except MemoryError:
            end = {"end": "memory"}
        except OSError as error:  # it is gone, or its disk is
            reason = f"it cannot be read ({error.strerror or error})"
            end = {"end": "refused", "reason": reason, "remedy": "Check that it is still there."}
        except ValueError as error:
            end = {"end": "failed", "reason": str(error)}
        except ImportError as error:
            end = {"end": "missing", "reason": str(error)}
        send(frames.pack({**end, "rss": own_memory()}))


def main() -> None:
    """Standard output is for frames alone: what libraries print goes nowhere."""
    settings = json.loads(sys.argv[1])
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    if settings["nice"]:
        os.nice(settings["nice"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    isolate()

    requests: queue.SimpleQueue[tuple[frames.Header, bytes]] = queue.SimpleQueue()

    def listen() -> None:
        def exactly(count: int) -> bytes:
            data = incoming.read(count)
            if len(data) < count:
                os._exit(0)  # the parent closed the pipe or is gone
            return data

        while True:
            requests.put(frames.receive(exactly))

    threading.Thread(target=listen, daemon=True).start()

    def send(data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(outgoing, view) :]
        except BrokenPipeError:
            os._exit(0)

    serve(requests, send)


if __name__ == "__main__":
    main()
