"""The folder of a Model that was trained here, and what stands in it.

    <library>/models/<id>/card.md               what it learned from and what it came to; stays when the rest goes
    <library>/models/<id>/fusion.json           weights of the fusion
    <library>/models/<id>/map.safetensors       the map on the question's vector, where there is one
    <library>/models/<id>/projection.safetensors, embedder/    own weights, where a deeper recipe made some

A folder is written under another name and renamed when it is whole: one that has its name is complete.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import ModelError

if TYPE_CHECKING:
    from retrieval.fusion import Fusion
    from retrieval.types import Embedder

FUSION_FILE, CARD_FILE, MAP_FILE = "fusion.json", "card.md", "map.safetensors"
OWN_EMBEDDER = "embedder"
OWN_WEIGHTS = ("projection.safetensors", OWN_EMBEDDER)
UNFINISHED = ".new"


def folder_of(library: Path, model_id: str) -> Path:
    return library / "models" / model_id


def is_whole(folder: Path) -> bool:
    """The weights are there: this file comes last and goes first."""
    return (folder / FUSION_FILE).exists()


def opened(base: Callable[[], Embedder], folder: Path, precision: Callable[[], str]) -> Embedder:
    """The embedder beneath with what stands in a Model's folder around it; `base` is not asked for where the folder holds
    an embedder of its own. Raises ModelError when something is missing or damaged."""
    if not is_whole(folder):
        raise ModelError(
            f"The weights of the model {folder.name} are not here.", "`folioscope rollback` goes back to another."
        )
    if (folder / OWN_EMBEDDER / "modules.json").exists():
        from retrieval.embedders import load_embedder

        found: Embedder = load_embedder(str(folder / OWN_EMBEDDER), precision=precision())
    else:
        found = base()
        if any((folder / name).exists() for name in OWN_WEIGHTS):
            from retrieval.training.embedder import open_trained

            found = open_trained(found, folder)
    if not (folder / MAP_FILE).exists():
        return found
    from retrieval.training.mapped import load_map, mapped

    return mapped(found, load_map(folder))


def fusion_of(folder: Path) -> Fusion:
    """ModelError when the file is missing or damaged."""
    from retrieval.fusion import from_json

    try:
        return from_json((folder / FUSION_FILE).read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The fusion weights of the model {folder.name} cannot be read: {error}",
            "`folioscope rollback` goes back to another.",
        ) from error


@contextmanager
def writing(library: Path, name: str) -> Iterator[Path]:
    """An empty folder to write a Model into; `finish` gives it its id. What is left of it at the end is deleted."""
    folder = library / "models" / f"{name}{UNFINISHED}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def finish(folder: Path, library: Path, model_id: str) -> Path:
    """Everything in `folder` is on the disk, then it has the Model's name. Call before its row is written: a row without a
    folder cannot answer, a folder without a row is swept."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    whole = folder_of(library, model_id)
    if not whole.exists():
        folder.rename(whole)
    elif is_whole(whole):  # the same weights once more: the id is made of them
        (folder / CARD_FILE).replace(whole / CARD_FILE)
    else:  # only its card was left
        for path in sorted(folder.iterdir(), key=lambda path: path.name == FUSION_FILE):
            path.replace(whole / path.name)
    _sync(whole)
    _sync(whole.parent)
    return whole


def inherit(folder: Path, base: Path) -> None:
    """Takes over the base's own weights that `folder` has none of: a Model's folder needs no other Model's."""
    for name in OWN_WEIGHTS:
        if (base / name).exists() and not (folder / name).exists():
            if (base / name).is_dir():
                shutil.copytree(base / name, folder / name, copy_function=_link)
            else:
                _link(base / name, folder / name)


def _link(source: str | Path, target: str | Path) -> None:
    """Weights are never written to again, so two Models may share the bytes; where they cannot, they are copied."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def weights(folder: Path) -> list[Path]:
    """All but the card."""
    return [path for path in folder.iterdir() if path.name != CARD_FILE] if folder.is_dir() else []


def drop_weights(folder: Path) -> None:
    """The mark of completeness first: half a folder is none."""
    for path in sorted(weights(folder), key=lambda path: path.name != FUSION_FILE):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
