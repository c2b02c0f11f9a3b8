"""What goes through the pipes between `ingest.worker` and its children: a JSON header and raw bytes, nothing that could
run code when it is read.

One frame: length of the header and of the payload (4 bytes each, big endian), the header, the payload.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ingest.types import Block, Box, Kind, Line, Page, PageError, Passage, Source

LENGTHS = struct.Struct(">II")
MAX_HEADER = 64 * 1024**2  # bytes; the text of one page, however wild
MAX_PAYLOAD = 1024**3  # bytes; a raw picture of 350 million pixels


class BadFrame(ValueError):
    """Bytes that are no frame: the other end is broken."""


Header = dict[str, Any]


def pack(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """One frame as bytes."""
    encoded = json.dumps(header, separators=(",", ":")).encode("ascii")
    return b"".join((LENGTHS.pack(len(encoded), len(payload)), encoded, payload))


def receive(read_exactly: Callable[[int], bytes]) -> tuple[Header, bytes]:
    """The next frame, from a function that returns exactly so many bytes or raises."""
    header_length, payload_length = LENGTHS.unpack(read_exactly(LENGTHS.size))
    if header_length > MAX_HEADER or payload_length > MAX_PAYLOAD:
        raise BadFrame(f"a frame of {header_length} and {payload_length} bytes")
    try:
        header = json.loads(read_exactly(header_length))
    except ValueError as error:
        raise BadFrame(str(error)) from error
    if not isinstance(header, dict):
        raise BadFrame("a header is a JSON object")
    return header, read_exactly(payload_length) if payload_length else b""


def page_to_header(page: Page | PageError) -> Header:
    """Everything of a page but its picture's bytes, which are the payload."""
    if isinstance(page, PageError):
        return {"error": asdict(page)}
    plain = {name: getattr(page, name) for name in _PLAIN}
    plain["passages"] = [(one.text, box_to_list(one.box), one.source) for one in page.passages]
    plain["has_picture"] = page.picture is not None
    return {"page": plain}


def page_from_header(header: Header, payload: bytes) -> Page | PageError:
    """The opposite of `page_to_header`; raises BadFrame."""
    try:
        if "error" in header:
            return PageError(int(header["error"]["number"]), str(header["error"]["reason"]))
        plain = dict(header["page"])
        found = tuple(Passage(text, box_from_list(box), Source(source)) for text, box, source in plain.pop("passages"))
        picture = payload if plain.pop("has_picture") else None
        return Page(**{**plain, "kind": Kind(plain["kind"])}, passages=found, picture=picture)
    except (KeyError, TypeError, ValueError) as error:
        raise BadFrame(f"not a page: {error}") from error


_PLAIN = ("number", "kind", "width", "height", "wants_ocr", "start_s", "end_s", "key_s")


def lines_to_list(lines: list[Line]) -> list[Any]:
    return [(line.text, box_to_list(line.box), float(line.score)) for line in lines]


def lines_from_list(rows: list[Any]) -> list[Line]:
    return [Line(text, _box(box), score) for text, box, score in rows]


def blocks_to_list(blocks: list[Block]) -> list[Any]:
    return [(block.label, box_to_list(block.box), block.text) for block in blocks]


def blocks_from_list(rows: list[Any]) -> list[Block]:
    return [Block(label, _box(box), text) for label, box, text in rows]


def box_to_list(box: Box | None) -> list[float] | None:
    return None if box is None else [float(side) for side in (box.x0, box.y0, box.x1, box.y1)]


def box_from_list(sides: list[float] | None) -> Box | None:
    return None if sides is None else _box(sides)


def _box(sides: list[float]) -> Box:
    x0, y0, x1, y1 = sides
    return Box(x0, y0, x1, y1)
