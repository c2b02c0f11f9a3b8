"""What stands before every route: the login, the refusal of other sites' requests, and the security headers. Plain ASGI."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio builds its page with inline scripts and makes functions of templates; everything else stays at home
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WRONG_LOGIN_S = 0.5  # what a wrong password costs


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """`login` is "user:password", or None where nobody but this machine can connect."""

    def __init__(self, app: ASGIApp, login: str | None = None) -> None:
        self.app = app
        self.login = login.encode() if login else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # Folioscope speaks no websockets: nothing gets past the login by another door
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                if not scope["path"].startswith("/media/"):  # the browser's PDF viewer bears no policy
                    out.setdefault("content-security-policy", POLICY)
            await send(message)

        refusal: PlainTextResponse | None = None
        if self.login is not None and not self._knows(headers.get("authorization", "")):
            if "authorization" in headers:
                await asyncio.sleep(WRONG_LOGIN_S)
            ask = {"www-authenticate": 'Basic realm="Folioscope", charset="UTF-8"'}
            refusal = PlainTextResponse("This library asks for a login.", status_code=401, headers=ask)
        elif is_foreign(scope["method"], headers):
            refusal = PlainTextResponse("Another site may not do this.", status_code=403)
        await (refusal or self.app)(scope, receive, with_headers)

    def _knows(self, given: str) -> bool:
        scheme, _, token = given.partition(" ")
        try:
            plain = base64.b64decode(token.strip(), validate=True)
        except (binascii.Error, ValueError):
            plain = b""
        right = hmac.compare_digest(plain, self.login or b"")
        return right and scheme.lower() == "basic"


def is_foreign(method: str, headers: Headers) -> bool:
    """Whether another web site made the browser send this: it may link to a page, and nothing else."""
    site, mode = headers.get("sec-fetch-site", ""), headers.get("sec-fetch-mode", "")
    if method in SAFE:
        return site in ("cross-site", "same-site") and mode != "navigate"
    if site in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
