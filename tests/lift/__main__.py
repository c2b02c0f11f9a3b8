"""`make lift ARGS="--data FOLDER [--libraries FOLDER] [--only pages,shuffled,…] [--recipes careful,balanced]"`: prints the
tables of docs/lift.md.

FOLDER holds the sets as folders with queries.jsonl and qrels.tsv. Each is measured in a library of its own, which is made
where it is not there yet (`--libraries`; pages take an hour on a laptop, most of it OCR).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from retrieval.builtin.lists import gathered
from retrieval.cpu import settle_threads
from retrieval.library import Library
from retrieval.training.types import Recipe, TrainSettings
from tests.lift.coverage import DRAWS, KINDS, coverage
from tests.lift.deep import deep
from tests.lift.folds import Set, careful, opened
from tests.lift.losses import compare_losses
from tests.lift.shuffled import recommended

# set → (split, questions drawn, numbers of questions to learn from)
SETS: dict[str, tuple[str | None, int | None, tuple[int, ...]]] = {
    "pages": (None, None, (50, 100, 365)),
    "charts": ("dev", None, (100, 300)),
    "photos": ("dev", 600, (100, 400)),
    "keyframes": ("dev", 600, (100, 400)),
}
SEEDS = 20


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make lift", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--libraries", type=Path, default=Path("lift-libraries"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--lists", type=Path, default=Path("lift-lists"), help="what --only losses learns from")
    parser.add_argument("--recipes", default="careful", help="careful,balanced,bold: a table for each")
    parser.add_argument("--only", default=",".join([*SETS, "shuffled", "coverage"]))
    args = parser.parse_args(argv)
    only = args.only.split(",")
    for name, (split, limit, counts) in SETS.items():
        if name in only:
            with library_of(args, name, split) as library:
                data = opened(library, args.data / name, split, limit)
                for recipe in args.recipes.split(","):
                    lift(name, data, counts, Recipe(recipe))
    if "shuffled" in only:
        with library_of(args, "pages", None) as library:
            control(opened(library, args.data / "pages", None, None))
    if "coverage" in only:
        intervals()
    if "losses" in only:
        losses(args.data, args.lists)
    return 0


@contextmanager
def library_of(args: argparse.Namespace, name: str, split: str | None) -> Iterator[Library]:
    with Library(args.libraries / name, cache=args.cache) as library:
        if not library.documents.list():
            library.evaluate(args.data / name, add=True, split=split, stage="words")
        yield library


def lift(name: str, data: Set, counts: tuple[int, ...], recipe: Recipe) -> None:
    print(f"\n{name}, {recipe}: {len(data.questions)} questions\n", flush=True)
    print("| learned from | before | after | gain (95 %) | right ones that fit | learning | shares |")
    print("|---|---|---|---|---|---|---|")
    for count in counts:
        settings = TrainSettings(recipe=recipe)
        row = careful(data, count, settings) if recipe is Recipe.CAREFUL else deep(data, count, settings)
        gain = row.gain.difference
        fits = "" if row.fits is None else " → ".join(f"{share:.0%}" for share in row.fits)
        shares = ", ".join(f"{share:g}" for share in row.shares)
        print(
            f"| {count} | {row.gain.before.value:.3f} | {row.gain.after.value:.3f} | {gain.value:+.3f}"
            f" ({gain.low:+.3f} to {gain.high:+.3f}) | {fits} | {row.seconds:.0f} s | {shares} |",
            flush=True,
        )


def control(data: Set) -> None:
    found = []
    print(f"\nshuffled labels, {SEEDS} seeds\n", flush=True)
    for seed in range(SEEDS):
        yes, what = recommended(data, seed, TrainSettings())
        found.append(yes)
        print(f"* seed {seed}: {what}", flush=True)
    print(f"\nrecommended: {int(np.sum(found))} of {SEEDS}", flush=True)


def intervals() -> None:
    print(f"\n| made-up questions | number | true gain | intervals that hold it ({DRAWS} draws) |\n|---|---|---|---|")
    for kind in KINDS:
        for questions in (20, 150):
            share, truth = coverage(kind, questions)
            print(f"| {kind} | {questions} | {truth:+.3f} | {share:.1%} |", flush=True)


def losses(data: Path, lists: Path) -> None:
    """Charts' questions are learned from; those of XQuAD are the others."""
    lists.mkdir(parents=True, exist_ok=True)
    rows = gathered(data, lists, lambda line: print(line, file=sys.stderr, flush=True))
    of = {name: [row for row in rows if row.source == name] for name in ("charts", "xquad")}
    print("\n| loss | before | after | gain (95 %) | other questions | learning |\n|---|---|---|---|---|---|")
    for row in compare_losses(of["charts"], of["xquad"]):
        gain = row.charts.difference
        print(
            f"| {row.loss} | {row.charts.before.value:.3f} | {row.charts.after.value:.3f} | {gain.value:+.3f}"
            f" ({gain.low:+.3f} to {gain.high:+.3f}) | {row.others.difference.value:+.3f} | {row.seconds:.0f} s |",
            flush=True,
        )


if __name__ == "__main__":
    settle_threads()
    sys.exit(main(sys.argv[1:]))
