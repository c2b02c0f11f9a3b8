"""What each command does: a plain function from the open library and the parsed arguments to an `Answer`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval import Library
from retrieval.errors import FolioscopeError
from retrieval.types import DocumentInfo, Hit, Job, JobState, Kind
from ui import model_commands, wording
from ui.answers import Answer as Answer
from ui.answers import as_json as as_json
from ui.terminal import Progress, clean, table

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.types import Added

PLACES = 10  # so many hits get their place narrowed by the page's layout (some .3 s each the first time)
SNIPPET = 160


class WrongUsage(FolioscopeError):
    """The command was called in a way that cannot work: exit status 2."""


def run(args: argparse.Namespace) -> Answer | None:
    """The command's answer; None when it has said everything itself (`serve`)."""
    if args.command == "serve":
        serve(args)
        return None
    if args.command == "demo":
        return demonstrate(args)
    with Library(args.library) as library:
        return COMMANDS[args.command](library, args)


# documents


def add(library: Library, args: argparse.Namespace) -> Answer:
    progress = Progress()
    try:
        added = library.add(
            args.paths, tags=args.tag, copy=args.copy, wait=not args.no_wait, progress=lambda job: _tell(progress, job)
        )
    except KeyboardInterrupt:
        progress.done()
        progress.say("Reading goes on in the background; `folioscope jobs` shows it, `folioscope cancel` stops it.")
        raise
    progress.done()
    unfinished = None if args.no_wait or added.job is None else _unfinished(library.jobs.get(added.job))
    if unfinished:
        progress.say(f"folioscope: {unfinished}")
    return Answer(added.as_json(), _added_text(added), 1 if added.refused or unfinished else 0)


def _unfinished(job: Job) -> str | None:
    """What happened to a job that ended before its work was done."""
    if job.state is JobState.DONE:
        return None
    return f"reading was stopped: {job.message or job.state}."


def _added_text(added: Added) -> str:
    lines = []
    for row in added.added:
        pages = "still being read" if row["pages"] is None else _extent(str(row["kind"]), int(str(row["pages"])))
        lines.append(f"added    {clean(row['document'])}: {pages}")
    lines += [f"skipped  {clean(row['document'])}: {clean(row['reason'])}" for row in added.skipped]
    for row in added.refused:
        lines.append(f"refused  {clean(row['document'])}: {clean(row['reason'])}. {clean(row['remedy'])}".rstrip())
    return "\n".join(lines) or "Nothing to add was found there."


def _extent(kind: str, pages: int) -> str:
    return wording.plural(pages, "moment" if kind == Kind.MOMENT else "page") if kind != Kind.PICTURE else "picture"


def _tell(progress: Progress, job: Job) -> None:
    if job.state in (JobState.QUEUED, JobState.RUNNING):
        percent, text = wording.pill(job)
        progress.say(f"{text} ({percent} %)")


def list_documents(library: Library, args: argparse.Namespace) -> Answer:
    found = library.documents.list(tag=args.tag)
    found = [document for document in found if args.kind in (None, document.kind.page_kind)]
    rows = [
        (
            document.name,
            wording.extent(document),
            wording.size(document.size_bytes),
            "" if document.stage == "done" else wording.stage_line(document)[1],
            ", ".join(document.tags),
        )
        for document in found
    ]
    text = table(rows, ("document", "", "size", "stage", "tags")) if rows else "No documents."
    return Answer([_document(document) for document in found], text)


def _document(document: DocumentInfo) -> dict[str, object]:
    return {
        "document": document.name,
        "document_id": document.id,
        "names": list(document.names),
        "kind": str(document.kind.page_kind),
        "pages": document.pages,
        "tags": list(document.tags),
        "stage": str(document.stage),
        "paused": document.paused,
        "added": document.added,
        "size_bytes": document.size_bytes,
        "duration_s": document.duration_s,
        "missing": document.missing,
        "skipped_pages": [{"page": number, "reason": reason} for number, reason in document.skipped_pages],
    }


def remove(library: Library, args: argparse.Namespace) -> Answer:
    names = library.documents.remove(args.documents, for_good=args.for_good)
    where = "Erased" if args.for_good else "In the bin for 30 days"
    return Answer({"removed": names}, f"{where}: {clean(', '.join(names))}")


def restore(library: Library, args: argparse.Namespace) -> Answer:
    for name in args.documents:
        if library.documents.get(name).deleted is None:
            raise FolioscopeError(f"{name} is not in the bin", "It can be found as it is.")
    names = library.documents.restore(args.documents)
    return Answer({"restored": names}, f"Back: {clean(', '.join(names))}")


def tag(library: Library, args: argparse.Namespace) -> Answer:
    document = library.documents.tag(args.document, add=args.add, remove=args.remove)
    value = {"document": document.name, "document_id": document.id, "tags": list(document.tags)}
    return Answer(value, f"{clean(document.name)}: {clean(', '.join(document.tags)) or 'no tags'}")


# questions


def search(library: Library, args: argparse.Namespace) -> Answer:
    if not wording.asks(args.query):
        raise WrongUsage("Nothing was asked", wording.ASK_SOMETHING)
    result = library.search(
        args.query,
        top=args.top,
        kind=Kind(args.kind) if args.kind else None,
        document=args.document,
        tag=args.tag,
        rerank=not args.no_rerank,
        places=min(args.top, PLACES),
    )
    lines = [_hit_text(number, hit) for number, hit in enumerate(result.hits, start=1)]
    if not result.hits:
        lines.append(wording.NOTHING_AT_ALL)
    elif not any(hit.fits for hit in result.hits):
        lines.insert(0, wording.NOTHING_FITS + "\n")
    if result.meant:
        lines.insert(0, wording.meant(clean(result.meant)) + "\n")
    if result.by_words_only:
        lines.append(wording.WORDS_ONLY.get(result.by_words_only, result.by_words_only))
    lines.append(wording.searched(result.searched, result.seconds, Kind(args.kind) if args.kind else None))
    lines += [line for line in (wording.still_reading(result.reading),) if line]
    return Answer([hit.as_json() for hit in result.hits], "\n".join(lines))


def _hit_text(number: int, hit: Hit) -> str:
    place = wording.where(hit.kind, hit.page, hit.start_s)
    head = f"{number:2}. {clean(hit.document)}, {place} · {wording.percent(hit.score)} % · {wording.why_line(hit)}"
    text = clean(" ".join((hit.text or "").split()))
    short = text if len(text) <= SNIPPET else text[:SNIPPET].rsplit(" ", 1)[0] + " …"
    return f"{head}\n    {short}\n" if short else f"{head}\n"


# work


def jobs(library: Library, args: argparse.Namespace) -> Answer:
    found = library.jobs.list()
    rows = [(job.id, str(job.state), job.title, wording.time_left(job.seconds_left), job.message) for job in found]
    return Answer(
        [job.as_json() for job in found], table(rows, ("job", "state", "what", "", "")) if rows else "No jobs."
    )


def cancel(library: Library, args: argparse.Namespace) -> Answer:
    job = library.jobs.cancel(args.job)
    return Answer(job.as_json(), f"Job {job.id}: {job.state}")


# judgements


def label(library: Library, args: argparse.Namespace) -> Answer:
    library.labels.set(args.query, args.corpus_id, args.relevant, source="cli")
    said = {True: "right", False: "wrong", None: "not judged"}[args.relevant]
    value = {"query": args.query, "corpus_id": args.corpus_id, "relevant": args.relevant}
    return Answer(value, f"{clean(args.corpus_id)} is {said} for “{clean(args.query)}”.")


def labels(library: Library, args: argparse.Namespace) -> Answer:
    if args.action == "export":
        count = library.labels.export_file(args.file)
        said = f"{wording.plural(count, 'judgement')} written to {clean(args.file)}"
        return Answer({"exported": count, "file": str(args.file)}, said)
    done = library.labels.import_file(args.file, dry_run=args.dry_run)
    unknown, conflicts = done["unknown"], done["conflicts"]
    assert isinstance(unknown, list) and isinstance(conflicts, list)
    would = " would be" if args.dry_run else ""
    lines = [f"{done['imported']}{would} imported, {done['already']} were already there."]
    for row in conflicts:
        said = "right" if row["relevant"] else "wrong"
        lines.append(f"{clean(row['corpus_id'])} is {said} for “{clean(row['query'])}”, as the {row['wins']} says")
    if unknown:
        lines.append(f"Not in the library: {clean(', '.join(unknown))}")
    return Answer(done, "\n".join(lines), 1 if unknown else 0)


# models


def models(library: Library, args: argparse.Namespace) -> Answer:
    if args.action is not None:
        return MODELS[args.action](library, args)
    found = library.models.list()
    rows = [
        ("*" if m.current else "", m.id, m.name, model_commands.embedded(m), model_commands.figure(m.ndcg_at_10))
        for m in found
    ]
    return Answer([model.as_json() for model in found], table(rows, ("", "id", "model", "pages", "NDCG@10")))


def add_model(library: Library, args: argparse.Namespace) -> Answer:
    progress = Progress()
    model = library.models.add(args.model, revision=args.revision, progress=lambda job: _tell(progress, job))
    progress.done()
    return Answer(model.as_json(), f"{clean(model.name)} is here as {model.id}: {model_commands.embedded(model)}.")


MODELS: dict[str, Callable[[Library, argparse.Namespace], Answer]] = {
    "add": add_model,
    "show": model_commands.show,
    "export": model_commands.export,
    "rename": model_commands.rename,
    "discard": model_commands.discard,
}


def _with_questions(folder: Path) -> None:
    if not folder.is_dir():
        raise FolioscopeError(f"There is no folder {folder}", "Name one that holds queries.jsonl and qrels.tsv.")


def evaluate(library: Library, args: argparse.Namespace) -> Answer:
    _with_questions(args.folder)
    progress = Progress()
    report = library.evaluate(
        args.folder,
        add=args.add,
        split=args.split,
        corpus=args.corpus,
        ocr=not args.no_ocr,
        stage=args.stage,
        run=args.run,
        progress=lambda news: progress.say(news) if isinstance(news, str) else _tell(progress, news),
    )
    progress.done()
    return Answer(report, _report_text(report))


def _report_text(report: dict[str, object]) -> str:
    rows = [
        (name, f"{figure['value']:.3f}", f"{figure['low']:.3f}–{figure['high']:.3f}")
        for name, figure in report.items()
        if isinstance(figure, dict) and "low" in figure
    ]
    latency = report["latency_ms"]
    assert isinstance(latency, dict)
    lines = [table(rows, ("measure", "value", "95 % interval"))]
    return "\n".join([*lines, f"{report['queries']} questions; p50 {latency['p50']} ms, p95 {latency['p95']} ms"])


def train(library: Library, args: argparse.Namespace) -> Answer:
    from ui import training_commands

    if args.folder is not None:
        _with_questions(args.folder)
    elif args.split is not None:
        raise WrongUsage("--split chooses among the questions of a folder", "Name it with --from FOLDER.")
    progress = Progress()
    try:
        found = training_commands.train(library, args, lambda job: _tell(progress, job))
    except KeyboardInterrupt:
        progress.done()
        progress.say("The retrain goes on in the background; `folioscope jobs` shows it, `folioscope cancel` stops it.")
        raise
    progress.done()
    return Answer(training_commands.as_json(found), training_commands.text(found))


def demonstrate(args: argparse.Namespace) -> Answer:
    from ui.demo import demo

    lines: list[str] = []
    progress = Progress()

    def say(line: str) -> None:
        lines.append(line)
        progress.say(line)

    value = demo(args, say)
    progress.done()
    return Answer(value, "\n".join(lines))


# the rest


def serve(args: argparse.Namespace) -> None:
    from ui.server import LoginNeeded
    from ui.server import serve as start

    try:
        start(args.library, args.host, args.port, args.allow_host, not args.no_open)
    except LoginNeeded as error:
        raise WrongUsage(str(error), error.remedy) from error
    except OSError as error:
        raise FolioscopeError(f"Cannot listen on {args.host}:{args.port}: {error.strerror or error}") from error


def doctor(library: Library, args: argparse.Namespace) -> Answer:
    report = library.doctor()
    sound = report["library"]["integrity"] == "ok"  # type: ignore[index]
    return Answer(report, "\n".join(_flat(report)), 0 if sound else 1)


def _flat(value: object, name: str = "") -> list[str]:
    """A nested report as `name: value` lines."""
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _flat(inner, f"{name} {key}".strip())]
    shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return [f"{name}: {clean('-' if shown in (None, '') else shown)}"]


COMMANDS: dict[str, Callable[[Library, argparse.Namespace], Answer]] = {
    "add": add,
    "list": list_documents,
    "remove": remove,
    "restore": restore,
    "tag": tag,
    "search": search,
    "jobs": jobs,
    "cancel": cancel,
    "label": label,
    "labels": labels,
    "models": models,
    "promote": model_commands.promote,
    "rollback": model_commands.rollback,
    "train": train,
    "eval": evaluate,
    "doctor": doctor,
}
