"""Fits how the reranker's scores are weighed with the fusion, and prints what that is worth on questions it did not see.

    python -m retrieval.builtin.blend LIBRARY FOLDER[:SPLIT]… [--profiles picture/text] [--write]

LIBRARY holds the files of every FOLDER, as for `retrieval.builtin.weigh`. The questions of a folder are asked among its
files; figures come from halves: each half blended by the fit of the other, and paired intervals over all of them. The
loss is that of `weigh`, over the first candidates of the fusion; the weights shrink towards the fusion as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..cpu import settle_threads

settle_threads()  # before torch

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from .. import search  # noqa: E402
from ..fusion import Blend, builtin_fusion, to_json  # noqa: E402
from ..library import Library  # noqa: E402
from ..metrics import METRICS, paired_bootstrap  # noqa: E402
from ..tasks import read_task  # noqa: E402
from ..types import Floats, Ints, Profile, Reranker  # noqa: E402
from . import load_reranker  # noqa: E402
from .lists import spread  # noqa: E402
from .weigh import TARGET, half_of, losses  # noqa: E402

QUESTIONS = 400  # of a folder, spread over it
SHRINKAGE = 0.02


@dataclass(frozen=True, slots=True)
class Head:
    """The first k candidates of a question: log-odds, scores, places among the profiles (-1: not read), right or not."""

    task: str
    query: str
    fused: Floats
    scores: Floats
    profile: Ints
    right: Floats
    answers: int

    @property
    def half(self) -> int:
        return half_of(self.query)


def heads(
    library: Library, reranker: Reranker, profiles: Sequence[str], folder: Path, split: str | None
) -> Iterator[Head]:
    """Every question once, among the folder's files."""
    task = read_task(library, folder, False, split, "split" if split else "all", True, None)
    db, now = library.store.read(), library.models.answering()
    ids = [library.documents.row(name).id for name in task.documents or ()]
    within = search.scope(db, None, ids, None)
    for question in spread(task.questions, QUESTIONS):
        known = (page for page, score in task.qrels[question.id].items() if score > 0 and not page.startswith("("))
        right = {library.documents.resolve(page) for page in known}
        vector = library.question_vector(question.text)
        found = search.candidates(db, question.text, within, fusion=now.fusion, index=now.index, vector=vector)
        found = found[: search.RERANK_K]
        keys = [Profile(c.page.kind, c.page.has_text).key for c in found]
        yield Head(
            folder.name,
            question.text,
            np.array([c.fused for c in found], np.float32),
            reranker.score(question.text, search.shown(db, found)),
            np.array([profiles.index(key) if key in profiles else -1 for key in keys], np.int64),
            np.array([c.page_id in right for c in found], np.float32),
            len(right),
        )


def blended(head: Head, weights: Floats) -> Floats:
    """(k,) log-odds. `weights`: (profiles, 3), those of the log-odds and of the score, and the offset."""
    rows = weights[head.profile]
    result: Floats = rows[:, 0] * head.fused + rows[:, 1] * head.scores + rows[:, 2]
    return np.where(head.profile < 0, head.fused, result)


def fit(given: Sequence[Head], profiles: int) -> Floats:
    """(profiles, 3), each task counting alike."""
    longest = max(len(head.fused) for head in given)
    fused, scores, right = (torch.zeros(len(given), longest) for _ in range(3))
    place = torch.full((len(given), longest), profiles)
    there = torch.zeros(len(given), longest, dtype=torch.bool)
    for row, head in enumerate(given):
        count = len(head.fused)
        fused[row, :count], scores[row, :count] = torch.from_numpy(head.fused), torch.from_numpy(head.scores)
        right[row, :count], there[row, :count] = torch.from_numpy(head.right), True
        place[row, :count] = torch.from_numpy(np.where(head.profile < 0, profiles, head.profile))
    sizes = {task: sum(head.task == task for head in given) for task in {head.task for head in given}}
    share = torch.tensor([1.0 / sizes[head.task] for head in given])
    start = torch.tensor([1.0, 0.0, 0.0])
    free = start.repeat(profiles, 1).requires_grad_()
    optimizer = torch.optim.LBFGS([free], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        rows = torch.cat([free, start[None]])[place]
        total = rows[..., 0] * fused + rows[..., 1] * scores + rows[..., 2]
        value = (share * losses(total.masked_fill(~there, -1e4), right)).sum() / share.sum()
        value = value + SHRINKAGE * ((free - start) ** 2).sum(dim=1).mean()
        value.backward()
        return value

    optimizer.step(loss)
    return free.detach().numpy()


def ndcg(head: Head, log_odds: Floats) -> float:
    order = np.argsort(-log_odds, kind="stable")
    return METRICS["ndcg@10"](head.right[order].tolist(), [1.0] * head.answers)


def report(given: Sequence[Head], profiles: int) -> None:
    """Each task: NDCG@10 before and after, and the paired difference."""
    of_half = [fit([head for head in given if head.half != half], profiles) for half in (0, 1)]
    for task in dict.fromkeys(head.task for head in given):
        some = [head for head in given if head.task == task]
        before = np.array([ndcg(head, head.fused) for head in some])
        after = np.array([ndcg(head, blended(head, of_half[head.half])) for head in some])
        alone = np.array([ndcg(head, head.scores) for head in some])
        gain = paired_bootstrap(before, after)
        print(
            f"{task:20} {len(some)} questions  fused {before.mean():.3f}  reranked {after.mean():.3f}"
            f"  ({gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f})  its score alone {alone.mean():.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--profiles", default="picture/text")
    parser.add_argument("--write", action="store_true", help="into retrieval/fusion.json")
    args = parser.parse_args()
    profiles: list[str] = args.profiles.split(",")
    reranker = load_reranker(profiles)
    given: list[Head] = []
    with Library(args.library) as library:
        for folder, _, split in (text.partition(":") for text in args.folders):
            given += heads(library, reranker, profiles, Path(folder), split or None)
            print(f"asked {folder}", flush=True)
    report(given, len(profiles))
    weights = fit(given, len(profiles))
    rows = {key: Blend(*(round(float(value), 2) for value in row)) for key, row in zip(profiles, weights, strict=True)}
    text = to_json(replace(builtin_fusion(), reranked=rows))
    if args.write:
        TARGET.write_text(text, encoding="utf-8")
    print(rows)


if __name__ == "__main__":
    main()
