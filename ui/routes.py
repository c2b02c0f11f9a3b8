"""The JSON that the page's scripts ask for. Thin: every answer is made by `search_view` or `library_view`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Request
from fastapi.concurrency import run_in_threadpool

from retrieval.library import Library
from ui import library_view, samples, search_view, teach_view
from ui.uploads import SUBTITLES, Uploads, display_name

Verdict = Literal["right", "wrong"]
RECENT = 6  # questions offered again


def api_routes(library: Library, uploads: Uploads) -> APIRouter:
    """Everything under /api/."""
    routes = APIRouter(prefix="/api")

    @routes.get("/status")
    def status() -> dict[str, object]:
        return library_view.status(library)

    @routes.get("/choices")
    def choices() -> dict[str, object]:
        recent = library.training.recent(RECENT)
        suggested = [question for question in samples.questions(library) if question not in recent]
        return library_view.choices(library) | {"questions": suggested, "recent": recent}

    @routes.get("/search")
    def search(q: str, kind: str = "", document: str = "", tag: str = "") -> dict[str, object]:
        return search_view.answers(library, q[:2000], kind=kind, document=document, tag=tag)

    @routes.get("/resolve")
    def resolve(id: str) -> dict[str, object]:
        return {"page": library.documents.resolve(id)}

    @routes.get("/view/{page_id}")
    def view(page_id: int, q: str = "") -> dict[str, object]:
        return search_view.view(library, page_id, q[:2000])

    @routes.get("/place/{page_id}")
    def place(page_id: int, q: str = "") -> dict[str, object]:
        return search_view.place(library, page_id, q[:2000])

    @routes.get("/play/{page_id}")
    def play(page_id: int) -> dict[str, object]:
        return search_view.play(library, page_id)

    @routes.post("/judge")
    def judge(
        query: Annotated[str, Body()], page: Annotated[int, Body()], verdict: Annotated[Verdict | None, Body()] = None
    ) -> dict[str, object]:
        return search_view.judge(library, query, page, None if verdict is None else verdict == "right")

    @routes.get("/judged")
    def judged(q: str) -> dict[str, bool]:
        """How pages are judged for a question, by corpus id."""
        return search_view.judgements(library, q[:2000])

    @routes.get("/find")
    def find(q: str = "", document: str = "", question: str = "") -> dict[str, object]:
        return teach_view.find(library, q[:2000].strip(), document, question[:2000])

    @routes.get("/preview/{page_id}")
    def preview(page_id: int, question: str = "") -> dict[str, object]:
        return teach_view.preview(library, page_id, question[:2000])

    @routes.get("/library")
    def contents(
        kind: str = "", text: str = "", deleted: bool = False, everything: bool = False, order: str = ""
    ) -> dict[str, object]:
        return library_view.contents(library, kind=kind, text=text, deleted=deleted, everything=everything, order=order)

    @routes.get("/document/{document_id}")
    def panel(document_id: str) -> dict[str, object]:
        return library_view.panel(library, document_id)

    @routes.post("/document/{document_id}/tags")
    def tags(
        document_id: str,
        add: Annotated[list[str] | None, Body()] = None,
        remove: Annotated[list[str] | None, Body()] = None,
    ) -> dict[str, object]:
        wanted = [" ".join(tag.split())[:60] for tag in add or ()]
        library.documents.tag(document_id, add=[tag for tag in wanted if tag], remove=remove or ())
        return library_view.panel(library, document_id)

    @routes.post("/document/{document_id}/{act}")
    def change(
        document_id: str, act: Literal["delete", "delete-for-good", "restore", "pause", "resume"]
    ) -> dict[str, object]:
        documents = library.documents
        if act in ("delete", "delete-for-good"):
            documents.remove([document_id], for_good=act == "delete-for-good")
        elif act == "restore":
            documents.restore([document_id])
        elif act == "pause":
            documents.pause(document_id)
        else:
            documents.resume(document_id)
        return {"done": act}

    @routes.post("/reading/stop")
    def stop_reading() -> dict[str, object]:
        stayed, left_out = library.jobs.stop_reading()
        return {"stayed": stayed, "left_out": left_out}

    @routes.post("/reading/resume")
    def resume_reading() -> dict[str, object]:
        return {"resumed": library.documents.resume_all()}

    @routes.post("/refusal/{refusal_id}/dismiss")
    def dismiss(refusal_id: int) -> dict[str, object]:
        library.documents.dismiss(refusal_id)
        return {"done": "dismiss"}

    @routes.post("/refusals/dismiss")
    def dismiss_all() -> dict[str, object]:
        for refusal in library.documents.refusals():
            library.documents.dismiss(refusal.id)
        return {"done": "dismiss-all"}

    @routes.post("/samples")
    def load_samples() -> dict[str, object]:
        return samples.load(library).as_json()

    @routes.post("/ticket")
    def ticket() -> dict[str, object]:
        return {"ticket": uploads.ticket()}

    @routes.post("/upload/{ticket}")
    async def upload(ticket: str, name: str, request: Request, folder: bool = False) -> dict[str, object]:
        """One file as the request's body. A subtitle file waits under its ticket for the video that follows."""
        shown = display_name(name)
        path = await uploads.receive(ticket, shown, request.stream())
        if path.suffix in SUBTITLES:
            return {"added": [], "skipped": [], "refused": [], "back": []}
        try:
            # a folder's file of another kind is skipped in silence, a named one is refused: the same rule as `add`
            wanted = [path.parent] if folder else [path]
            added = await run_in_threadpool(library.add, wanted, copy=True, wait=False, names={path: shown})
        finally:
            uploads.discard(ticket)
        return added.as_json() | {"back": library_view.back_from_bin(added)}

    return routes
