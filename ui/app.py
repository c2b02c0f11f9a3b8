"""The Gradio app: the frame, three tabs, and the endpoints that `gradio_client` calls. Wiring only."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gradio is imported: nothing leaves this machine
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gradio as gr
from fastapi import FastAPI

from retrieval.errors import FolioscopeError
from retrieval.library import Library
from ui import endpoints, improve_view, library_view, search_view

STATIC = Path(__file__).parent / "static"
FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Inter", "DejaVu Sans", "sans-serif")
ICON = (
    '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" aria-hidden="true">'
    '<path d="M4 5.5 9 4v15l-5 1.5zM9 4l5.5 2v15L9 19M14.5 6 20 4.5v15L14.5 21"/></svg>'
)
FRAME = f"""<div class="folio"><a class="skip" href="#q">Skip to the question</a><header class="top">
<a class="mark" href="/" data-tab="search">{ICON}<span>Folioscope</span></a>
<nav class="tabs" aria-label="Places"><a href="/" data-tab="search" class="on" aria-current="page">Search</a>
<a href="/?tab=library" data-tab="library">Library<span class="n num" hidden></span></a>
<a href="/?tab=improve" data-tab="improve">Improve<span class="n num" hidden></span></a></nav>
<span class="grow"></span><a class="job num" href="/?tab=library" data-tab="library" hidden
 role="status"><i></i><b></b><span></span></a>
<button type="button" class="btn quiet icon theme" aria-label="Light or dark" title="Light or dark">◐</button></header>
<div class="toasts" role="status" aria-live="polite"></div>
<dialog class="sheet-dialog" aria-label="Document"></dialog>
<dialog class="teach-dialog" aria-label="Find the right page"></dialog>
<dialog class="plain-dialog card-dialog" aria-label="Version"></dialog>
<input type="file" id="pick-files" multiple hidden><input type="file" id="pick-folder" webkitdirectory multiple hidden></div>"""
# before anything is drawn: the theme, so that no page flashes white at night
HEAD = """<link rel="stylesheet" href="/static/folio/app.css"><link rel="stylesheet" href="/static/folio/improve.css">
<link rel="icon" href="/static/folio/icon.svg">
<meta name="color-scheme" content="light dark"><script type="module" src="/static/folio/app.js"></script>"""


def theme() -> gr.themes.Base:
    """System fonts and paper, so that Gradio asks nobody for a font and its first paint has our colours."""
    return gr.themes.Base(font=list(FONTS), font_mono=["ui-monospace", "Menlo", "DejaVu Sans Mono", "monospace"]).set(
        body_background_fill="#f6f4ef",
        body_background_fill_dark="#141310",
        body_text_color="#1d1b17",
        body_text_color_dark="#f0ece3",
    )


def build_app(library: Library) -> gr.Blocks:
    """The page and the endpoints that `gradio_client` calls."""
    with gr.Blocks(title="Folioscope", analytics_enabled=False, fill_width=True) as app:
        for shell in (FRAME, search_view.SHELL, library_view.SHELL, improve_view.SHELL):
            gr.HTML(html_template=shell, apply_default_css=False, js_on_load=None, padding=False)
        _endpoints(library)
    return app


def _told(door: Callable[..., object]) -> Callable[..., object]:
    """An error that people understand reaches the caller as its sentence, and nothing else of it."""

    @functools.wraps(door)  # Gradio reads the arguments' names and defaults from the signature
    def answer(*given: object, **named: object) -> object:
        try:
            return door(*given, **named)
        except FolioscopeError as error:
            raise gr.Error(endpoints.sentence(error), print_exception=False) from error

    return answer


def _endpoints(library: Library) -> None:
    def add(files: list[dict], tag: list[str] | None = None, wait: bool = True) -> dict[str, object]:  # type: ignore[type-arg]
        return endpoints.add(library, files, tag, wait)

    def search(
        query: str,
        top: int = 10,
        kind: str | None = None,
        document: str | None = None,
        tag: str | None = None,
        rerank: bool = True,
    ) -> list[dict[str, object]]:
        return endpoints.search(library, query, top, kind, document, tag, rerank)

    def label(query: str, corpus_id: str, judgement: str) -> dict[str, object]:
        return endpoints.label(library, query, corpus_id, judgement)

    def labels_import(files: list[dict], dry_run: bool = False) -> dict[str, object]:  # type: ignore[type-arg]
        return endpoints.import_labels(library, files, dry_run)

    def labels_export(form: str = "csv") -> dict[str, object]:
        return endpoints.export_labels(library, form)

    def train(recipe: str = "auto", loss: str | None = None, seed: int = 0, wait: bool = True) -> dict[str, object]:
        return endpoints.train(library, recipe, loss, seed, wait)

    def models() -> list[dict[str, object]]:
        return [model.as_json() for model in library.models.list()]

    def promote(model: str) -> dict[str, object]:
        return library.models.promote(model).as_json()

    def rollback(model: str | None = None) -> dict[str, object]:
        return library.models.rollback(model or None).as_json()

    for door in (add, search, label, labels_import, labels_export, train, models, promote, rollback):
        gr.events.api(_told(door), api_name=door.__name__)


def mount(server: FastAPI, library: Library) -> None:
    """Mounts the app at /, after every other route."""

    async def draw() -> None:
        _mount(server, library)

    # inside a running loop: without one, each of Gradio's locks makes an event loop and never closes it;
    # in a thread of its own: the caller may be in a loop already
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(draw())).result()


def _lock(blocks: gr.Blocks) -> None:
    """Closes what a mounted Gradio app leaves open: an API call that names a path or an address as its "uploaded" file has
    Gradio copy that file of this machine, or fetch that address, into its cache. Here only what was uploaded passes.
    """
    blocks.has_launched = True  # its own check of paths runs for launched apps only
    for block in blocks.blocks.values():

        async def only_uploaded(given: str | Path | None, cache: str = block.GRADIO_CACHE) -> str | None:
            if given is None:
                return None
            path = Path(given).resolve()
            if not path.is_relative_to(Path(cache).resolve()):
                raise gr.Error("That file was not uploaded.", print_exception=False)
            return str(path)

        block.async_move_resource_to_block_cache = only_uploaded


def _mount(server: FastAPI, library: Library) -> None:
    blocks = build_app(library)
    gr.mount_gradio_app(
        server,
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        favicon_path=str(STATIC / "icon.svg"),
        show_error=True,
        max_file_size=library.limits.max_bytes,
        ssr_mode=False,
        mcp_server=False,
        theme=theme(),
        head=HEAD,
    )
    _lock(blocks)
