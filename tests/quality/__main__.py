"""`make quality ARGS="[--library FOLDER] [--only pages,charts]"`: what each stage of the builtin model is worth, as a table.

FOLIOSCOPE_DATA names the folder with the sets (see the model card). They are put together into one library, which is made
where it is not there yet (an hour or two on a laptop, most of it OCR). Each question is asked among its set's files and
among everything. With all sets the table goes to docs/quality.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.cpu import settle_threads
from retrieval.evaluation import STAGES, TOP
from retrieval.library import Library
from retrieval.metrics import METRICS, Estimate, bootstrap, paired_bootstrap, values
from retrieval.tasks import Task, read_task

TARGET = Path(__file__).parents[2] / "docs" / "quality.md"
QUESTIONS = 1000  # of a set, spread over it
SAID = {"words": "words", "vectors": "vectors", "fused": "fused", "full": "+ reranker"}


@dataclass(frozen=True, slots=True)
class Set:
    """A folder of FOLIOSCOPE_DATA, which of its questions count, and by what."""

    name: str
    split: str | None
    measure: str
    together: bool = True  # its files lie in the one library
    sources: tuple[str, ...] = ()  # only questions from these, which nothing was trained on


SETS = (
    Set("pages", None, "ndcg@10"),
    Set("charts", "dev", "ndcg@10"),
    Set("photos", "dev", "recall@10"),
    Set("keyframes", "dev", "success@10"),
    Set("texts", None, "ndcg@10", together=False, sources=("xquad", "ohr-news")),
)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make quality", description=__doc__)
    parser.add_argument("--library", type=Path, default=Path("quality-library"))
    parser.add_argument("--only", default=",".join(one.name for one in SETS))
    args = parser.parse_args(argv)
    data = Path(os.environ.get("FOLIOSCOPE_DATA", ""))
    missing = [one.name for one in SETS if not (data / one.name / "queries.jsonl").exists()]
    if not os.environ.get("FOLIOSCOPE_DATA") or missing:
        sys.exit(f"FOLIOSCOPE_DATA must name a folder that holds {', '.join(missing or ['the sets'])}")
    lines = []
    for one in SETS:
        if one.name in args.only.split(","):
            place = args.library if one.together else args.library.with_name(f"{args.library.name}-{one.name}")
            with Library(place) as library:
                for line in rows(library, data / one.name, one):
                    print(line, flush=True)
                    lines.append(line)
    if len(args.only.split(",")) == len(SETS):
        TARGET.write_text(page(lines), encoding="utf-8")
    return 0


def rows(library: Library, folder: Path, one: Set) -> Iterator[str]:
    """A table row for each stage, alone and among everything."""
    corpora = ("split" if one.split else "all", *(("library",) if one.together else ()))
    for corpus in corpora:
        task = read_task(library, folder, corpus != "library", one.split, corpus, True, _tell)
        asked = _of_sources(folder, one.sources)
        before = None
        stages = STAGES if library.models.reranker() is not None else STAGES[:-1]
        for stage in stages if corpus != "library" else stages[2:]:
            found = measured(library, task, one.measure, stage, asked)
            against = paired_bootstrap(before, found) if before is not None else None
            where = "its own files" if corpus != "library" else "everything"
            yield (
                f"| `{one.name}` | {where} | {one.measure} | {len(found)} | {SAID[stage]} | {_interval(bootstrap(found))}"
                f" | {'' if against is None else _interval(against, sign='+')} |"
            )
            before = found if stage == "fused" else None


def measured(
    library: Library, task: Task, measure: str, stage: str, asked: Callable[[str], bool]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n,) the measure of each question that counts."""
    questions = [question for question in task.questions if asked(question.id)]
    questions = questions[:: -(-len(questions) // QUESTIONS)]
    order = {}
    for number, question in enumerate(questions):
        ranked = library.rank(question.text, stage=stage, top=TOP, documents=task.documents)
        order[question.id] = [page for page, _ in ranked]
        if number % 100 == 99:
            _tell(f"{stage}: {number + 1} of {len(questions)} questions")
    return values(METRICS[measure], order, {question.id: task.qrels[question.id] for question in questions})


def _of_sources(folder: Path, sources: tuple[str, ...]) -> Callable[[str], bool]:
    if not sources:
        return lambda question: True
    from retrieval.formats import json_lines

    wanted = {str(row["id"]) for _, row in json_lines(folder / "queries.jsonl") if row.get("source") in sources}
    return wanted.__contains__


def _interval(found: Estimate, sign: str = "") -> str:
    return f"{found.value:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


def _tell(what: object) -> None:
    print(what, file=sys.stderr, flush=True)


def page(lines: list[str]) -> str:
    head = (
        "# What each stage of the builtin model is worth\n\n"
        "Made by `make quality`; means with 95 % intervals over questions. The last column is the paired difference to the\n"
        "stage before. `texts`: questions of two sources that nothing was trained on (XQuAD, news), among all texts.\n\n"
        "| set | among | measure | questions | stage | value | difference |\n|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    settle_threads()
    sys.exit(main(sys.argv[1:]))
