"""`folioscope demo`: the whole loop on the samples, in a throw-away library: add, ask, judge, retrain, compare, promote,
go back. It prints what it measured, win or not."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import folioscope_samples

from retrieval import Library
from retrieval.training.types import Recipe, TrainSettings, Verdict
from ui.terminal import clean
from ui.training_commands import as_json

Say = Callable[[str], None]


class Demo:
    """One run. `steps`: what each came to, for --json."""

    def __init__(self, library: Library, folder: Path, seed: int, say: Say) -> None:
        self.library, self.folder, self.seed, self.say = library, folder, seed, say
        self.steps: list[dict[str, object]] = []

    def run(self) -> dict[str, object]:
        self._add()
        question = self._ask()
        before = self._measure("measure", "Questions that nobody judges:")
        self._judge()
        verdict = self._retrain()
        with self._step("promote") as figures:
            figures["model"] = self.library.models.promote(verdict.model).id
            self.say(f"Promoted {verdict.model}: it answers from now on.")
        after = self._measure("compare", "The same questions after it:")
        with self._step("ask again") as figures:
            figures["first"] = self._first(question)
        with self._step("roll back") as figures:
            figures["model"] = self.library.models.rollback().id
            self.say(f"Rolled back: {figures['model']} answers again.")
        gain = round(after - before, 4)
        self.say(f"NDCG@10 on questions that were never judged: {before:.3f} before, {after:.3f} after ({gain:+.3f}).")
        return {"steps": self.steps, "before": before, "after": after, "gain": gain, "verdict": as_json(verdict)}

    @contextmanager
    def _step(self, name: str) -> Iterator[dict[str, object]]:
        started = time.perf_counter()
        figures: dict[str, object] = {"step": name}
        yield figures
        figures["seconds"] = round(time.perf_counter() - started, 1)
        self.steps.append(figures)

    def _add(self) -> None:
        with self._step("add") as figures:
            added = self.library.add([folioscope_samples.folder()])
            pages = sum(int(str(row["pages"] or 0)) for row in added.added)
            figures |= {"files": len(added.added), "pages": pages}
            self.say(f"Added {len(added.added)} files, {pages} pages and moments.")

    def _ask(self) -> str:
        question = "how many loaves did we bake last year"
        with self._step("ask") as figures:
            figures |= {"question": question, "first": self._first(question)}
            self.say(f"Asked “{question}”: {figures['first']}")
        return question

    def _first(self, question: str) -> str | None:
        hits = self.library.search(question, top=1).hits
        return clean(hits[0].corpus_id) if hits else None

    def _measure(self, name: str, words: str) -> float:
        with self._step(name) as figures:
            report: dict[str, Any] = self.library.evaluate(self.folder, split="dev", corpus="all")
            figures |= {key: report[key] for key in ("queries", "ndcg@10", "recall@10", "mrr@10")}
            found = report["ndcg@10"]
            self.say(f"{words} NDCG@10 {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})")
        return float(found["value"])

    def _judge(self) -> None:
        with self._step("judge") as figures:
            for question, page in self._answers("train"):
                self.library.labels.set(question, page, True, "demo")
            progress = self.library.training.progress()
            figures |= {"questions": progress.judged, "labels": progress.labels, "held_out": progress.held_out}
            self.say(f"Judged {progress.judged} questions; {progress.held_out} of them are held out.")

    def _answers(self, split: str) -> Iterator[tuple[str, str]]:
        """(question, corpus id of a right Page)"""
        lines = (self.folder / "queries.jsonl").read_text("utf-8").splitlines()
        asked = {row["id"]: row["text"] for row in map(json.loads, lines) if row["split"] == split}
        for line in (self.folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
            question, page, score = line.split("\t")
            if question in asked and float(score) > 0:
                yield asked[question], page

    def _retrain(self) -> Verdict:
        with self._step("retrain") as figures:
            found = self.library.training.train(TrainSettings(recipe=Recipe.CAREFUL, seed=self.seed))
            assert isinstance(found, Verdict)
            figures |= {"model": found.model, "verdict": str(found.outcome), "recommended": found.recommended}
            gain = found.all_pages[0].difference
            self.say(
                f"Retrained in {found.seconds:.0f} s: {found.outcome} ({gain.value:+.3f}, {gain.low:+.3f} to"
                f" {gain.high:+.3f}, {found.measured_on} questions)."
            )
        return found


def demo(args: argparse.Namespace, say: Say) -> dict[str, object]:
    """The library lies in a temporary folder and goes when it is through."""
    with tempfile.TemporaryDirectory(prefix="folioscope-demo-") as place, Library(Path(place) / "library") as library:
        return Demo(library, folioscope_samples.judged(), args.seed, say).run()
