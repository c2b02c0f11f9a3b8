"""Pictures, pages and originals by id: never by path. ETag everywhere, Range for what seeks."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from retrieval.errors import NotFound
from retrieval.library import Library
from retrieval.types import FileKind

LARGEST_PX = 4000
KEPT = "private, no-cache"  # the browser keeps it and asks whether it still holds
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)
_DOWNLOAD = "application/octet-stream"


def media_type(path: Path, kind: FileKind) -> str:
    """What a browser is told: from the first bytes, and only types that cannot run as a page."""
    if kind is FileKind.PDF:
        return "application/pdf"
    with path.open("rb") as file:
        head = file.read(16)
    if kind is FileKind.VIDEO:
        return "video/webm" if head.startswith(b"\x1aE\xdf\xa3") else "video/mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return next((name for start, name in _SIGNATURES if head.startswith(start)), _DOWNLOAD)


def _matches(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return tag in [part.strip().removeprefix("W/") for part in given.split(",")]


def _picture(request: Request, data: bytes, kind: str) -> Response:
    headers = {"etag": f'"{hashlib.sha256(data).hexdigest()[:32]}"', "cache-control": KEPT}
    if _matches(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)


def media_routes(library: Library) -> APIRouter:
    """`/thumb/{page}`, `/page/{page}?px=`, `/media/{document}?at=`."""
    routes = APIRouter()

    @routes.get("/thumb/{page_id}")
    def thumb(page_id: int, request: Request) -> Response:
        made = library.documents.thumbnail(page_id)
        return _picture(request, made.data, made.media_type)

    @routes.get("/page/{page_id}")
    def page(page_id: int, request: Request, px: int = 1400) -> Response:
        try:
            made = library.documents.picture(page_id, min(max(px, 64), LARGEST_PX))
        except NotFound:
            made = library.documents.thumbnail(page_id)  # the original is gone: what is left of it
        return _picture(request, made.data, made.media_type)

    @routes.api_route("/media/{document_id}", methods=["GET", "HEAD"])
    def media(document_id: str, request: Request, at: float | None = None) -> Response:
        path, kind, name = library.documents.original(document_id)
        tag = f'"{document_id}"'
        if kind is FileKind.VIDEO and at is not None:
            path, _ = library.documents.playable(document_id, at)
            tag = f'"{document_id}-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"'
        headers = {"etag": tag, "cache-control": KEPT}
        if _matches(request, tag):
            return Response(status_code=304, headers=headers)
        told = media_type(path, kind)
        shown = "attachment" if told == _DOWNLOAD else "inline"
        name = name.rpartition("/")[2] or "file"
        return FileResponse(path, media_type=told, filename=name, content_disposition_type=shown, headers=headers)

    return routes
