"""The web server: our routes, the guards before them, and the Gradio app mounted behind. `serve` is the command's door."""

from __future__ import annotations

import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from retrieval.errors import FolioscopeError, NotFound
from retrieval.library import Library
from ui import wording
from ui.guard import Guard, is_loopback
from ui.uploads import FOLDER, Uploads

PORT = 7860
HOSTS = ("127.0.0.1", "localhost", "[::1]")
LOGIN = "FOLIOSCOPE_LOGIN"
STATIC = Path(__file__).parent / "static"
MODELS_AFTER_S = 2.0  # models wait so long for the first page to be asked for


class LoginNeeded(FolioscopeError):
    """Others could connect, and nothing would ask them who they are."""


def login_for(host: str) -> str | None:
    """The login that `host` needs, "user:password", or None. Raises LoginNeeded."""
    login = os.environ.get(LOGIN, "")
    user, colon, password = login.partition(":")
    if login and not (user and colon and password):
        raise LoginNeeded(f"{LOGIN} is not of the form user:password", f"Set {LOGIN}=user:password.")
    if not login and not is_loopback(host):
        raise LoginNeeded(f"Listening on {host} lets others in: it needs {LOGIN}=user:password", f"Set {LOGIN} first.")
    return login or None


def build_server(library: Library, *, allow_hosts: Sequence[str] = (), login: str | None = None) -> FastAPI:
    """The whole application over one open Library. Imports gradio."""
    os.environ["GRADIO_TEMP_DIR"] = str(library.path / FOLDER / f"{os.getpid()}-gradio")
    from ui import app
    from ui.improve_routes import improve_routes
    from ui.media import media_routes
    from ui.routes import api_routes

    uploads = Uploads(library.path, library.limits.max_bytes)
    server = FastAPI(title="Folioscope", docs_url=None, redoc_url=None, openapi_url=None)
    server.add_middleware(Guard, login=login)
    server.add_middleware(TrustedHostMiddleware, allowed_hosts=[*HOSTS, *allow_hosts], www_redirect=False)
    server.add_exception_handler(FolioscopeError, _told)
    server.add_exception_handler(Exception, _unexpected)
    server.include_router(media_routes(library))
    server.include_router(api_routes(library, uploads))
    server.include_router(improve_routes(library, uploads))
    server.mount("/static/folio", StaticFiles(directory=STATIC))
    server.state.uploads = uploads
    app.mount(server, library)
    return server


def _told(request: Request, error: Exception) -> JSONResponse:
    """An error that people understand, with its remedy."""
    assert isinstance(error, FolioscopeError)
    status = 404 if isinstance(error, NotFound) else 409
    return JSONResponse({"error": str(error), "remedy": wording.remedy(error.remedy)}, status_code=status)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """The edge: whatever else goes wrong, the page says so; uvicorn prints it in the terminal."""
    remedy = "Try again; the terminal where Folioscope runs says more."
    return JSONResponse({"error": "Something went wrong here", "remedy": remedy}, status_code=500)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket on `port`, or on a free one when that is taken. Raises LoginNeeded never, OSError for a bad host."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    for wanted in (port, 0):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address[0], wanted, *address[2:]))
        except OSError:
            sock.close()
            if not wanted or not _is_taken(host, port):
                raise
            continue
        sock.set_inheritable(True)
        return sock
    raise AssertionError("unreachable")


def _is_taken(host: str, port: int) -> bool:
    """Whether something answers there (and the bind did not fail for another reason, such as a privileged port)."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._started()


def serve(
    library_path: Path | str,
    host: str = "127.0.0.1",
    port: int = PORT,
    allow_hosts: Sequence[str] = (),
    open_browser: bool = True,
    say: Callable[[str], object] | None = None,
) -> int:
    """Serves until stopped; prints the address. Returns the exit status. Raises LoginNeeded, StoreError."""
    login = login_for(host)
    sock = listen(host, port)
    bound = sock.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host
    address = f"http://[{shown}]:{bound}" if ":" in shown else f"http://{shown}:{bound}"
    tell = say or _say
    if port and bound != port:
        tell(f"Port {port} is taken, so it is {bound}.\n")

    with Library(library_path) as library:
        own = [host] if host not in ("0.0.0.0", "::") else []
        server = build_server(library, allow_hosts=[*own, *allow_hosts], login=login)

        def started() -> None:
            tell(f"Folioscope is at {address}  (Ctrl-C stops it)\n")
            if open_browser and _has_screen():
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            later = threading.Timer(MODELS_AFTER_S, library.loading_in_background)
            later.daemon = True
            later.start()

        config = uvicorn.Config(server, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=2)
        try:
            _Server(config, started).run(sockets=[sock])
        finally:
            server.state.uploads.close()
            sock.close()
    return 0


def _has_screen() -> bool:
    """Without one, `webbrowser` would start a text browser in this very terminal."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
