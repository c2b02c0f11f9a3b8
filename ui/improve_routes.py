"""The JSON of Improve: retrain, versions, judgements from and to files. Thin: every answer is made by `improve_view`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from retrieval.library import Library
from retrieval.training.types import Recipe
from ui import improve_view, label_files
from ui.uploads import Uploads


def improve_routes(library: Library, uploads: Uploads) -> APIRouter:
    """What the Improve tab asks for, under /api/."""
    routes = APIRouter(prefix="/api")

    @routes.get("/improve")
    def contents(everything: bool = False) -> dict[str, object]:
        return improve_view.contents(library, everything=everything)

    @routes.get("/queue")
    def queue(model: str = "") -> dict[str, object]:
        return improve_view.queue(library, model or None)

    @routes.get("/usual/{recipe}")
    def usual(recipe: Recipe) -> dict[str, object]:
        """What the expert panel's fields hold while they are empty."""
        return {**library.training.usual(recipe)}

    @routes.post("/asked")
    def asked(query: Annotated[str, Body()], pages: Annotated[list[int], Body()]) -> dict[str, object]:
        """A person asked this and was shown these pages: some of it is worth judging later."""
        library.training.asked(query[:2000], pages[:10])
        return {"noted": len(pages[:10])}

    @routes.post("/train")
    def train(settings: Annotated[dict[str, object], Body()]) -> dict[str, object]:
        return improve_view.train(library, improve_view.settings(settings))

    @routes.post("/jobs/{job}/cancel")
    def cancel(job: int) -> dict[str, object]:
        return {"state": str(library.jobs.cancel(job).state)}

    @routes.post("/models/{model}/promote")
    def promote(model: str, force: Annotated[bool, Body(embed=True)] = False) -> dict[str, object]:
        return improve_view.answers_now(library.models.promote(model, force=force))

    @routes.post("/models/{model}/rollback")
    def rollback(model: str) -> dict[str, object]:
        return improve_view.answers_now(library.models.rollback(model))

    @routes.post("/models/{model}/discard")
    def discard(model: str) -> dict[str, object]:
        library.models.discard(model)
        return {"discarded": model}

    @routes.post("/models/{model}/rename")
    def rename(model: str, name: Annotated[str, Body(embed=True)]) -> dict[str, object]:
        library.models.rename(model, name[:80])
        return {"renamed": model}

    @routes.get("/models/{model}/card")
    def card(model: str) -> dict[str, object]:
        return improve_view.card(library, model)

    @routes.post("/labels/file/{ticket}")
    async def label_file(ticket: str, name: str, request: Request) -> dict[str, object]:
        path = await uploads.receive(ticket, label_files.stored_name(name), request.stream(), named=True)
        label_files.keep_name(path, name)
        return {"stored": path.name}

    @routes.post("/labels/import")
    def import_labels(ticket: Annotated[str, Body()], dry_run: Annotated[bool, Body()] = True) -> dict[str, object]:
        answer = label_files.import_from(library, uploads.folder(ticket), dry_run=dry_run)
        if not dry_run:
            uploads.discard(ticket)
        return answer

    @routes.post("/labels/forget/{ticket}")
    def forget(ticket: str) -> dict[str, object]:
        uploads.discard(ticket)
        return {"forgotten": ticket}

    @routes.get("/labels/export")
    async def export_labels(form: label_files.Form) -> FileResponse:
        ticket = uploads.ticket()
        path = await run_in_threadpool(label_files.export_to, library, uploads.folder(ticket), form)
        return FileResponse(path, filename=path.name, background=BackgroundTask(uploads.discard, ticket))

    return routes
