"""Judgements that come and go as files through the browser. The formats themselves are `library.labels`' business."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from retrieval.errors import FolioscopeError
from retrieval.library import Library
from ui import figures, improve_cards
from ui.uploads import UploadError, display_name

Form = Literal["csv", "qrels", "jsonl"]
QUERIES = "queries.jsonl"
ENDINGS = (".csv", ".tsv", ".jsonl")
CHOOSE = "Choose a .csv, a .jsonl, or qrels as .tsv together with its queries.jsonl."


def stored_name(name: str) -> str:
    """What an uploaded file is called on disk: never what a client says. Raises UploadError for another kind."""
    name = name.lower()
    if name.replace("\\", "/").rpartition("/")[2] == QUERIES:
        return QUERIES
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), None)
    if ending is None:
        raise UploadError("Judgements come as .csv, .tsv or .jsonl", CHOOSE)
    return f"judgements{ending}"


def keep_name(path: Path, given: str) -> None:
    """What the person calls it, for what is said about it."""
    path.with_name(f"name of {path.name}").write_text(display_name(given), "utf-8")


def main_file(folder: Path) -> Path:
    """The one of the uploaded files that holds judgements. Raises UploadError."""
    found = sorted(folder.glob("judgements.*"))
    if len(found) != 1:
        raise UploadError("That is more than one file of judgements" if found else "That holds no judgements", CHOOSE)
    if found[0].suffix == ".tsv" and not (folder / QUERIES).exists():
        raise UploadError("The questions are missing: qrels name them by number only", CHOOSE)
    return found[0]


def read_in(library: Library, folder: Path, *, dry_run: bool) -> dict[str, object]:
    """As `library.labels.import_file`; what is wrong is said of the file by its own name."""
    path = main_file(folder)
    named = path.with_name(f"name of {path.name}")
    try:
        return library.labels.import_file(path, dry_run=dry_run)
    except FolioscopeError as error:
        name = named.read_text("utf-8") if named.exists() else path.name
        said = str(error).replace(str(path), path.name).replace(path.name, name)
        raise UploadError(said, error.remedy) from error


def import_from(library: Library, folder: Path, *, dry_run: bool) -> dict[str, object]:
    """Reads what lies under an upload's ticket: as a preview, or for good. Raises FolioscopeError for what it cannot read."""
    counts = read_in(library, folder, dry_run=dry_run)
    return {
        "html": improve_cards.preview(counts),
        "imported": counts["imported"],
        "text": figures.imported(counts, dry=dry_run),
    }


def written(library: Library, folder: Path, form: Form) -> list[Path]:
    """Writes all judgements into `folder`: one file, or qrels with their questions."""
    if form != "qrels":
        library.labels.export_file(folder / f"judgements.{form}")
        return [folder / f"judgements.{form}"]
    library.labels.export_file(folder / "qrels.tsv")
    return [folder / "qrels.tsv", folder / QUERIES]


def export_to(library: Library, folder: Path, form: Form) -> Path:
    """As `written`, and the one file to send: two come as a zip."""
    files = written(library, folder, form)
    if len(files) == 1:
        return files[0]
    packed = folder / "judgements.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.name)
    return packed
