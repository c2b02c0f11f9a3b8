"""Versions of the Model on the command line: cards, names, which one answers."""

from __future__ import annotations

import argparse
import sys

from retrieval import Library
from retrieval.types import ModelInfo
from ui import wording
from ui.answers import Answer
from ui.terminal import clean


def show(library: Library, args: argparse.Namespace) -> Answer:
    model, card = library.models.get(args.model), library.models.card(args.model)
    return Answer({**model.as_json(), "card": card}, "\n".join(clean(line) for line in card.rstrip().splitlines()))


def export(library: Library, args: argparse.Namespace) -> Answer:
    folder = library.models.export(args.model, args.folder)
    said = f"Written to {clean(folder)}: SentenceTransformer(…) loads it. The weights of the fusion stay behind."
    return Answer({"model": library.models.get(args.model).id, "folder": str(folder)}, said)


def rename(library: Library, args: argparse.Namespace) -> Answer:
    model = library.models.rename(args.model, args.name)
    return Answer(model.as_json(), f"{model.id} is called {clean(model.name)}.")


def discard(library: Library, args: argparse.Namespace) -> Answer:
    library.models.discard(args.model)
    model = library.models.get(args.model)
    return Answer(model.as_json(), f"{clean(model.name)} is discarded; its card stays.")


def embedded(model: ModelInfo) -> str:
    if not model.kept:
        return "only its card is left"
    if model.ready:
        return "ready"
    return f"{wording.count(model.embedded)} of {wording.plural(model.parts, 'part')} embedded"


def figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def promote(library: Library, args: argparse.Namespace) -> Answer:
    model = library.models.get(args.model)
    if model.recommended is False and not args.yes and not _agreed(model):
        return Answer(model.as_json(), f"{clean(model.name)} was not promoted.", 1)
    model = library.models.promote(model.id)
    return Answer(model.as_json(), f"{clean(model.name)} is the current model. `folioscope rollback` goes back.")


def _agreed(model: ModelInfo) -> bool:
    """A person is asked; a script has said it by calling."""
    if not sys.stdin.isatty():
        return True
    sys.stderr.write(
        f"{clean(model.name)} is not recommended (`folioscope models show {model.id}`). Promote it? [y/N] "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def rollback(library: Library, args: argparse.Namespace) -> Answer:
    model = library.models.rollback(args.model)
    return Answer(model.as_json(), f"{clean(model.name)} is the current model again.")
