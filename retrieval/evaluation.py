"""Measures a library on questions with judgements: the folder's files, queries.jsonl and qrels.tsv.

What counts: every name in qrels.tsv is mapped to the Page it stands for; a judged Page that the library could not read
stays in the count as never found. A question is measured when it has at least one judged Page.

`region@0.3`: over the questions with `regions`, candidates limited to the pages that carry a box for the question, the
share where the place shown on the first of them overlaps one of its boxes with IoU ≥ .3. It measures the place, not
the order of pages.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ingest.types import Box
from retrieval.errors import FolioscopeError
from retrieval.formats import Region, write_run
from retrieval.metrics import METRICS, Estimate, bootstrap, values
from retrieval.tasks import Progress, Task, read_task

if TYPE_CHECKING:
    from retrieval.library import Library

REGION_IOU = 0.3
TOP = 100
STAGES = ("words", "vectors", "fused", "full")


def evaluate(
    library: Library,
    folder: Path | str,
    *,
    add: bool = False,
    split: str | None = None,
    corpus: str | None = None,
    ocr: bool = True,
    stage: str = "full",
    run: Path | str | None = None,
    progress: Progress | None = None,
) -> dict[str, object]:
    """The figures of `folioscope eval` (see README), each with its 95 % bootstrap interval over questions.

    `split` limits the questions; `corpus` the candidates: "split" (default with `split`) = the files in that split's
    judgements, "all" (default without) = the folder's files, "library" = everything. `add` ingests first what is
    missing of them. `ocr=False` measures without the text that OCR reads. `run` writes the top 100 as a TREC run.
    Raises FolioscopeError when there is nothing to measure or judged files are not in the library.
    """
    task = read_task(library, Path(folder), add, split, corpus or ("split" if split else "all"), ocr, progress)
    if stage != "words":
        library.prepare()
    ranked, seconds = _rank(library, task, stage, progress)
    if run is not None:
        write_run(Path(run), ranked)
    order = {question: [page for page, _ in pages] for question, pages in ranked.items()}
    report: dict[str, object] = {"queries": len(task.questions)}
    report.update(_metrics(order, task.qrels))
    regions = _regions(library, task, order, progress)
    report[f"region@{REGION_IOU}"] = regions and regions.as_json()
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    report["latency_ms"] = {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}
    report["per_kind"] = _per_kind(task, order)
    return report


def _rank(
    library: Library, task: Task, stage: str, progress: Progress | None
) -> tuple[dict[str, list[tuple[str, float]]], list[float]]:
    """The top 100 of each question, and how many seconds each took."""
    if stage not in STAGES:
        raise FolioscopeError(f"No stage “{stage}”", f"It is one of {', '.join(STAGES)}.")
    library.rank(task.questions[0].text, stage=stage, top=TOP, documents=task.documents)  # warm: loads what is lazy
    ranked, seconds = {}, []
    for number, question in enumerate(task.questions, start=1):
        start = time.perf_counter()
        ranked[question.id] = library.rank(question.text, stage=stage, top=TOP, documents=task.documents)
        seconds.append(time.perf_counter() - start)
        if progress and number % 50 == 0:
            progress(f"asked {number} of {len(task.questions)} questions")
    return ranked, seconds


def _metrics(order: Mapping[str, Sequence[str]], qrels: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
    return {name: bootstrap(values(metric, order, qrels)).as_json() for name, metric in METRICS.items()}


def _per_kind(task: Task, order: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """The same figures over the questions whose judged Pages are of one Kind; a question of several is in each."""
    groups: dict[str, dict[str, dict[str, float]]] = {}
    for question, pages in task.qrels.items():
        for kind in {task.kinds[page] for page in pages if page in task.kinds}:
            groups.setdefault(kind, {})[question] = pages
    return {kind: {"queries": len(qrels), **_metrics(order, qrels)} for kind, qrels in sorted(groups.items())}


def _regions(
    library: Library, task: Task, order: Mapping[str, Sequence[str]], progress: Progress | None
) -> Estimate | None:
    """See the module's docstring. None when no question has regions."""
    hits = []
    placed = [question for question in task.questions if question.regions]
    for number, question in enumerate(placed, start=1):
        boxes: dict[str, list[Region]] = {}
        for region in question.regions:
            if (page := task.names.page(region.corpus_id)) is not None:
                boxes.setdefault(page.corpus_id, []).append(region)
        first = next((page for page in order[question.id] if page in boxes), next(iter(boxes), None))
        hits.append(first is not None and _fits(library, first, question.text, [r.box for r in boxes[first]]))
        if progress and number % 50 == 0:
            progress(f"looked at the place for {number} of {len(placed)} questions")
    return bootstrap(np.asarray(hits, dtype=np.float64)) if hits else None


def _fits(library: Library, page: str, query: str, boxes: Sequence[Box]) -> bool:
    place = library.place(library.documents.resolve(page), query) or Box(0.0, 0.0, 1.0, 1.0)
    return max(place.iou(box) for box in boxes) >= REGION_IOU
