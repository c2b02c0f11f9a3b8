"""Fits the weights of the fusion on judged questions, and prints what they are worth on questions that they did not see.

    python -m retrieval.builtin.weigh LIBRARY FOLDER[:SPLIT]… --foreign FOLDER [--write]

LIBRARY holds the files of every FOLDER (`folioscope --library LIBRARY eval FOLDER --add`), each with queries.jsonl and
qrels.tsv. Each question is asked twice, among its folder's files and among everything. Questions of the `--foreign`
folder have no answer here: nothing may fit them. Figures come from halves: each half weighed by the fit of the other.

The loss is listwise over a question's candidates, plus a part in which "none of them" is a candidate too (log-odds 0);
weights are not negative, so that more evidence never lowers a page. Profiles without questions keep their weights.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..cpu import settle_threads

settle_threads()  # before torch

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from .. import search  # noqa: E402
from ..fusion import EVIDENCE, Fusion, Weights, builtin_fusion, chance, to_json  # noqa: E402
from ..library import Library  # noqa: E402
from ..metrics import METRICS  # noqa: E402
from ..tasks import read_task  # noqa: E402
from ..types import Floats, Ints, Profile  # noqa: E402
from .lists import spread  # noqa: E402

TARGET = Path(__file__).parents[1] / "fusion.json"
FOREIGN = 100
QUESTIONS = 600  # of a folder, spread over it
NEAREST, RANDOM = 100, 30  # candidates of a question that the fit looks at, besides the right ones
NONE_SHARE = 0.3  # of the loss in which no answer is a candidate
KEPT = 0.95  # share of the questions with the right page first whose answer fits
STEPS = 120
LEAST = 0.2  # a smaller weight is none


@dataclass(frozen=True, slots=True)
class Sample:
    """One question among some pages: `evidence` (n, F), places in `PROFILES` (n,), right or not (n,), right Pages in all."""

    task: str
    query: str
    evidence: Floats
    profile: Ints
    right: Floats
    answers: int

    @property
    def half(self) -> int:
        return half_of(self.query)


PROFILES = tuple(builtin_fusion().profiles)


def samples(library: Library, folder: Path, split: str | None) -> Iterator[Sample]:
    """Each question of a folder, first among the folder's files, then among everything."""
    task = read_task(library, folder, False, split, "split" if split else "all", True, None)
    db = library.store.read()
    truth: dict[str, set[int]] = {}
    for question in spread(task.questions, QUESTIONS):
        known = (page for page, score in task.qrels[question.id].items() if score > 0 and not page.startswith("("))
        truth.setdefault(question.text, set()).update(library.documents.resolve(page) for page in known)
    ids = [library.documents.row(name).id for name in task.documents or ()]
    scopes = {"alone": search.scope(db, None, ids, None), "together": search.scope(db, None, None, None)}
    for name, within in scopes.items():
        for query, right in truth.items():
            yield _sample(library, f"{folder.name} {name}", query, within, right)


def half_of(query: str) -> int:
    """0 or 1: each half is measured by what the other one was fitted to."""
    return zlib.crc32(query.encode()) % 2


def foreign(library: Library, folder: Path) -> Iterator[Sample]:
    """Questions of another folder's spread over it, asked among everything."""
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    within = search.scope(library.store.read(), None, None, None)
    for line in spread(lines, FOREIGN):
        yield _sample(library, "foreign", json.loads(line)["text"], within, set())


def _sample(library: Library, task: str, query: str, within: search.Scope, right: set[int]) -> Sample:
    found = search.candidates(
        library.store.read(),
        query,
        within,
        fusion=library.fusion,
        index=library.models.index(),
        vector=library.question_vector(query),
    )
    profile = [PROFILES.index(Profile(c.page.kind, c.page.has_text).key) for c in found]
    return Sample(
        task,
        query,
        search.evidence(found),
        np.array(profile, np.int64),
        np.array([c.page_id in right for c in found], np.float32),
        len(right),
    )


def fit(given: Sequence[Sample], start: Floats) -> Floats:
    """(profiles, F + 1) weights and offsets from questions, each task counting alike; `start` is of the same shape."""
    picked = [_some(sample, seed) for seed, sample in enumerate(given)]
    longest = max(len(sample.right) for sample in picked)
    evidence = torch.zeros(len(picked), longest, len(EVIDENCE) + 1)
    profile = torch.zeros(len(picked), longest, len(PROFILES))
    right, there = torch.zeros(len(picked), longest), torch.zeros(len(picked), longest, dtype=torch.bool)
    for row, sample in enumerate(picked):
        count = len(sample.right)
        evidence[row, :count, :-1] = torch.from_numpy(np.nan_to_num(sample.evidence))
        evidence[row, :count, -1] = 1.0
        profile[row, torch.arange(count), torch.from_numpy(sample.profile)] = 1.0
        right[row, :count], there[row, :count] = torch.from_numpy(sample.right), True
    sizes = {task: sum(sample.task == task for sample in given) for task in {sample.task for sample in given}}
    share = torch.tensor([1.0 / sizes[sample.task] for sample in picked])
    cosines = (name == "picture" or name.endswith("text") for name in EVIDENCE)
    scales = torch.tensor([10.0 if small else 1.0 for small in cosines])  # cosines are small numbers
    roots = torch.from_numpy(np.sqrt(np.maximum(start[:, :-1], 0.1) / scales.numpy())).requires_grad_()
    offsets = torch.from_numpy(start[:, -1].copy()).requires_grad_()
    optimizer = torch.optim.LBFGS([roots, offsets], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        weights = torch.cat([roots**2 * scales, offsets[:, None]], dim=1)
        scores = torch.einsum("qnf,qnf->qn", evidence, profile @ weights).masked_fill(~there, -1e4)
        value = (share * losses(scores, right)).sum() / share.sum() + 0.003 * (roots**4).mean()
        value.backward()
        return value

    optimizer.step(loss)
    return torch.cat([roots**2 * scales, offsets[:, None]], dim=1).detach().numpy()


def losses(scores: Tensor, right: Tensor) -> Tensor:
    """(q,) from log-odds (q, n): right pages against the others, and against "none of them"."""
    answered = (right > 0).any(dim=1)
    of_right = torch.logsumexp(scores.masked_fill(right <= 0, -1e4), dim=1)
    of_all = torch.logsumexp(scores, dim=1)
    or_none = torch.logaddexp(of_all, torch.zeros_like(of_all))
    listwise = torch.where(answered, of_all - of_right, torch.zeros_like(of_all))
    return listwise + NONE_SHARE * torch.where(answered, or_none - of_right, or_none)


def _some(sample: Sample, seed: int) -> Sample:
    """The right candidates, those that any evidence puts first, and some by chance."""
    values = np.nan_to_num(sample.evidence[:, :4])
    best = ((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-6)).max(axis=1)
    random = np.random.default_rng(seed).integers(0, len(best), RANDOM)
    keep = np.unique(np.concatenate([np.flatnonzero(sample.right), np.argsort(-best)[:NEAREST], random]))
    return Sample(
        sample.task, sample.query, sample.evidence[keep], sample.profile[keep], sample.right[keep], sample.answers
    )


def scores(sample: Sample, weights: Floats) -> Floats:
    """(n,) log-odds."""
    rows = weights[sample.profile]
    result: Floats = (np.nan_to_num(sample.evidence) * rows[:, :-1]).sum(axis=1) + rows[:, -1]
    return result


def report(given: Sequence[Sample], start: Floats) -> float:
    """Prints each task's figures on the half that the fit did not see; returns the cut-off that keeps `KEPT`."""
    figures: dict[str, list[list[float]]] = {}
    firsts: dict[str, list[float]] = {}  # chances of the first answer where it is right, or where none can be
    for half in (0, 1):
        weights = fit([sample for sample in given if sample.half != half], start)
        for sample in (sample for sample in given if sample.half == half):
            found = scores(sample, weights)
            order = np.argsort(-found, kind="stable")
            gains, relevant = sample.right[order].tolist(), [1.0] * sample.answers
            top = float(chance(found[order[:1]])[0]) if len(order) else 0.0
            measured = [METRICS[name](gains, relevant) for name in ("ndcg@10", "recall@10", "success@10")]
            figures.setdefault(sample.task, []).append(measured)
            if not sample.answers or (gains and gains[0] > 0):
                firsts.setdefault(sample.task, []).append(top)
    cutoff = float(np.quantile([top for task in firsts if task != "foreign" for top in firsts[task]], 1 - KEPT))
    for task, rows in figures.items():
        means = np.mean(rows, axis=0)
        fits = float(np.mean(np.array(firsts.get(task, [0.0])) >= cutoff))
        print(f"{task:22} ndcg@10 {means[0]:.3f}  recall@10 {means[1]:.3f}  success@10 {means[2]:.3f}  fits {fits:.2f}")
    return cutoff


def as_rows(fusion: Fusion) -> Floats:
    """(profiles, F + 1) weights and offset."""
    weights = fusion.profiles.values()
    return np.array([[*row.row().tolist(), row.offset] for row in weights], np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--foreign", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="into retrieval/fusion.json")
    args = parser.parse_args()
    given: list[Sample] = []
    with Library(args.library) as library:
        for folder, _, split in (text.partition(":") for text in args.folders):
            given += samples(library, Path(folder), split or None)
            print(f"asked {folder}", flush=True)
        given += foreign(library, args.foreign)
    before = builtin_fusion()
    cutoff = report(given, as_rows(before))
    weights = fit(given, as_rows(before))
    learned = dict(before.profiles)
    for place, key in enumerate(PROFILES):
        if any((sample.right[sample.profile == place] > 0).any() for sample in given):
            named = {name: round(float(value), 2) for name, value in zip(EVIDENCE, weights[place], strict=False)}
            learned[key] = Weights({k: v for k, v in named.items() if v >= LEAST}, round(float(weights[place, -1]), 2))
    text = to_json(replace(before, profiles=learned, cutoff=round(cutoff, 2)))
    if args.write:
        TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
