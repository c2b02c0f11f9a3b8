"""What `gradio_client` calls: the command line's arguments and JSON."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

from retrieval.errors import FolioscopeError
from retrieval.library import Library
from retrieval.types import Kind
from ui import improve_view, label_files, training_commands
from ui.uploads import display_name

PLACES = 10  # so many hits get their place narrowed by the page's layout, as on the command line
JUDGEMENTS: dict[str, bool | None] = {"relevant": True, "wrong": False, "remove": None}


class WrongArgument(FolioscopeError):
    """An argument that no command takes."""


def sentence(error: FolioscopeError) -> str:
    return f"{str(error).rstrip('.')}. {error.remedy}".strip()


def add(
    library: Library, files: Sequence[Mapping[str, object]], tag: Sequence[str] | str | None, wait: bool
) -> dict[str, object]:
    """`add PATH… --tag T [--no-wait]` of files that the client has uploaded; the upload's copies are removed after."""
    names = _uploaded(files)
    paths = list(names)
    tags = [tag] if isinstance(tag, str) else list(tag or ())
    try:
        return library.add(paths, tags=tags, copy=True, wait=wait, names=names).as_json()
    finally:
        for path in paths:
            shutil.rmtree(path.parent, ignore_errors=True)  # Gradio keeps each upload in a folder of its own


def _uploaded(files: Sequence[Mapping[str, object]]) -> dict[Path, str]:
    """Where each uploaded file lies, and its display name. Raises WrongArgument for anything else on this machine."""
    uploaded = Path(os.environ["GRADIO_TEMP_DIR"]).resolve()
    paths = [Path(str(file.get("path", "") if isinstance(file, Mapping) else file)).resolve() for file in files]
    for path in paths:
        if not (path.is_relative_to(uploaded) and path.is_file()):
            raise WrongArgument("That file was not uploaded", "Pass files with gradio_client.handle_file(PATH).")
    return {
        path: display_name(str(file.get("orig_name") or path.name)) for path, file in zip(paths, files, strict=True)
    }


def search(
    library: Library, query: str, top: int, kind: str | None, document: str | None, tag: str | None, rerank: bool
) -> list[dict[str, object]]:
    """`search QUERY [--top] [--kind] [--document] [--tag] [--no-rerank]`."""
    if kind and kind not in tuple(Kind):
        raise WrongArgument(f"There is no kind {kind!r}", "Kinds are page, picture and moment.")
    if not 1 <= int(top) <= 1000:
        raise WrongArgument(f"top is {top}", "Ask for 1 to 1,000 answers.")
    only = Kind(kind) if kind else None
    found = library.search(
        query, top=int(top), kind=only, document=document or None, tag=tag or None, rerank=bool(rerank), places=PLACES
    )
    return [hit.as_json() for hit in found.hits]


def label(library: Library, query: str, corpus_id: str, judgement: str) -> dict[str, object]:
    """`label QUERY CORPUS_ID --relevant|--wrong|--remove`."""
    if judgement.lstrip("-") not in JUDGEMENTS:
        raise WrongArgument(f"There is no judgement {judgement!r}", "Judgements are relevant, wrong and remove.")
    relevant = JUDGEMENTS[judgement.lstrip("-")]
    library.labels.set(query, corpus_id, relevant, source="api")
    return {"query": query, "corpus_id": corpus_id, "relevant": relevant}


def train(library: Library, recipe: str, loss: str | None, seed: int, wait: bool) -> dict[str, object]:
    """`train [--recipe R] [--loss L] [--seed N]`; without `wait` the job's id."""
    chosen = improve_view.settings({"recipe": recipe, "seed": seed} | ({"loss": loss} if loss else {}))
    found = library.training.train(chosen, wait=wait)
    return {"job": found} if isinstance(found, int) else training_commands.as_json(found)


def import_labels(library: Library, files: Sequence[Mapping[str, object]], dry_run: bool) -> dict[str, object]:
    """`labels import FILE [--dry-run]`; qrels come with their queries.jsonl."""
    names = _uploaded(files)
    with tempfile.TemporaryDirectory(dir=os.environ["GRADIO_TEMP_DIR"]) as folder:
        for path, name in names.items():
            label_files.keep_name(path.rename(Path(folder) / label_files.stored_name(name)), name)
            shutil.rmtree(path.parent, ignore_errors=True)
        return label_files.read_in(library, Path(folder), dry_run=dry_run)


def export_labels(library: Library, form: str) -> dict[str, object]:
    """`labels export FILE`: {name of a file: its text}."""
    if form not in get_args(label_files.Form):
        raise WrongArgument(f"There is no form {form!r}", "Forms are csv, qrels and jsonl.")
    with tempfile.TemporaryDirectory(dir=os.environ["GRADIO_TEMP_DIR"]) as folder:
        files = label_files.written(library, Path(folder), cast(label_files.Form, form))
        return {path.name: path.read_text("utf-8") for path in files}
