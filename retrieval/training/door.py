"""`library.training`: how far people are from a better Model, the retrain itself, and what to judge next.

Imports neither torch nor numpy at the top: the app looks every second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.errors import FolioscopeError
from retrieval.store import jobs, models, questions, vectors
from retrieval.store.db import change_counter, get_setting
from retrieval.training.plan import model_of, steps_of
from retrieval.training.types import (
    FEW_HELD_OUT,
    WORTHWHILE_QUESTIONS,
    JudgedQuestion,
    Progress,
    Recipe,
    Teach,
    TrainSettings,
    Verdict,
)
from retrieval.types import Job, JobState

if TYPE_CHECKING:
    from retrieval.library import Library

KIND = "train"
USUAL_DEVIATION = 0.2  # of a question's gain in NDCG@10, as measured (docs/lift.md)
HELD_OUT_SHARE = 1 / 3


class Training:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._store = library.store
        self._known: tuple[object, list[JudgedQuestion]] | None = None

    def progress(self) -> Progress:
        """Where the library stands; cheap, asks no model."""
        judged = self._judged()
        out = sum(question.held_out for question in judged)
        db = self._store.read()
        job = next((row for row in jobs.listed(db) if row.kind == KIND), None)
        waiting = _undecided(models.listed(db), models.current(db))
        running = job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
        ended_badly = job is not None and job.state in (JobState.FAILED, JobState.CANCELLED)
        return Progress(
            judged=len(judged),
            labels=sum(len(question.right) + len(question.wrong) for question in judged),
            held_out=out,
            wanted=WORTHWHILE_QUESTIONS,
            visible_gain=visible_gain(len(judged), out) if judged else None,
            visible_gain_wanted=visible_gain(WORTHWHILE_QUESTIONS, round(WORTHWHILE_QUESTIONS * HELD_OUT_SHARE)),
            suggested=Recipe.AUTO,
            seconds=self._seconds(judged),
            job=job.id if job is not None and (running or ended_badly) else None,
            verdict=None if running else waiting,
            steps=steps_of(job.detail) if job is not None and (running or ended_badly) else (),
        )

    def train(
        self,
        settings: TrainSettings | None = None,
        *,
        questions: Path | None = None,
        split: str | None = None,
        wait: bool = True,
        progress: Callable[[Job], None] | None = None,
    ) -> int | Verdict:
        """Enqueues a retrain; its job's id, or with `wait` its Verdict. `questions`: a folder with queries.jsonl and
        qrels.tsv whose judgements are used for this run only, its files must be in the library.

        Raises TooFewQuestions at once where that can be told, and FolioscopeError when the retrain ends without a Model.
        """
        from retrieval.training.request import Request, check_enough, folder_questions

        if questions is None:
            check_enough(len(self._judged()))
        else:
            check_enough(len(folder_questions(self._library, questions, split)))
        folder = None if questions is None else str(questions.resolve())
        request = Request(settings or TrainSettings(), folder, split)
        with self._store.write() as db:
            if any(job.kind == KIND for job in jobs.active(db)):
                raise FolioscopeError("A retrain is running already.", "Wait for it, or cancel it: `folioscope jobs`.")
            job_id = jobs.insert(db, KIND, request.as_json())
        self._library.wake()
        if not wait:
            return job_id
        self._library.jobs.wait(job_id, progress)
        return self._verdict_of(job_id)

    def _verdict_of(self, job_id: int) -> Verdict:
        row = jobs.get(self._store.read(), job_id)
        assert row is not None
        model = model_of(row.detail) if row.state is JobState.DONE else None
        verdict = None if model is None else self._library.models.verdict(model)
        if verdict is None:
            raise FolioscopeError(row.message or "The retrain was cancelled.")
        return verdict

    def asked(self, query: str, page_ids: Sequence[int]) -> None:
        """Notes a question that a person asked and what it was shown, best first: some of them are worth judging."""
        with self._store.write() as db:
            questions.note_asked(db, query, page_ids)

    def recent(self, limit: int) -> list[str]:
        """Questions that people asked lately, the last first."""
        return questions.recent(self._store.read(), limit)

    def queue(self, limit: int = 20) -> list[Teach]:
        """Answers whose judgement would teach most, the best first; see `retrieval.training.queue`."""
        from retrieval.training.queue import queue

        return queue(self._library, limit)

    def usual(self, recipe: Recipe) -> dict[str, float | int | str]:
        """What `recipe` takes where the settings say nothing, by the names of TrainSettings. Imports torch."""
        from retrieval.training.usual import usual

        return usual(recipe, builtin=models.current(self._store.read()).location == models.BUILTIN)

    def _judged(self) -> list[JudgedQuestion]:
        """Remembered while the library stays as it is."""
        key = change_counter(self._store.read())
        if self._known is None or self._known[0] != key:
            self._known = key, self._library.labels.questions()
        return self._known[1]

    def _seconds(self, judged: Sequence[JudgedQuestion]) -> dict[str, float]:
        """What each recipe is thought to take here."""
        from retrieval.rates import rates
        from retrieval.training.plan import expected_seconds

        db = self._store.read()
        stored = get_setting(db, "train_rates")
        out = sum(question.held_out for question in judged)
        parts, _ = vectors.totals(db, models.current(db).generation_id)
        careful = expected_seconds(stored if isinstance(stored, dict) else {}, len(judged) - out, out, parts)
        balanced = careful + 60.0
        bold = balanced + parts * rates(db)["text"]
        return {"auto": careful, "careful": careful, "balanced": balanced, "bold": bold}


def visible_gain(judged: int, held_out: int) -> float:
    """The smallest gain of NDCG@10 whose 95 % interval lies above zero, with a usual spread of gains."""
    measured = held_out if held_out >= FEW_HELD_OUT else judged
    return 1.96 * USUAL_DEVIATION / math.sqrt(max(measured, 1))


def _undecided(rows: Sequence[models.ModelRow], current: models.ModelRow) -> str | None:
    """The last Model that was trained, while nobody has promoted or discarded it, or anything after it."""
    trained = [row for row in rows if row.trained and row.dropped is None]
    if not trained:
        return None
    last = trained[-1]
    decided = last.promoted is not None or last.discarded is not None
    return None if decided or (current.promoted or 0.0) > last.created else last.id
