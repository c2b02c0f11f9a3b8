"""A retrain is killed at each of its steps; the old Model answers, nothing is lost, and the job says what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.training.job import Trainer
from retrieval.training.types import Recipe, TrainSettings
from retrieval.types import JobState
from tests.retrieval.conftest import Killed
from tests.retrieval.scripts import workshop

POINTS = [
    ("questions.settle", 1),  # assigning
    ("jobs.set_detail", 3),  # asking
    ("jobs.set_detail", 5),  # training
    ("retrieval.trained.finish", 1),  # saving
    ("models.insert_trained", 1),
    ("jobs.finish", 2),  # the one of the retrain, after that of the texts
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("point", "turn"), POINTS, ids=[f"{point}-{turn}" for point, turn in POINTS])
def test_a_retrain_is_whole_or_not_at_all(tmp_path: Path, killed: Killed, point: str, turn: int, when: str) -> None:
    said = killed(tmp_path, "retrain", point, when, turn)
    assert said == ["judged"]
    with workshop(tmp_path) as shop:
        shop.assert_whole()
        library = shop.library
        assert library.models.current.id == "builtin" and len(library.labels.list()) == 10
        assert library.search("tapir number3").hits[0].corpus_id == "text 3"
        trainer = Trainer(library, in_process=True, stopping=lambda: False)
        trainer.step()
        (first,) = (job for job in library.jobs.list() if job.kind == "train")
        committed = point in ("models.insert_trained", "jobs.finish") and when == "after"
        if committed:
            assert first.state is JobState.DONE and len(library.models.list()) == 2
        else:
            assert first.state is JobState.FAILED and "was interrupted" in str(first.message)
            assert len(library.models.list()) == 1
            assert not list(library.path.glob("models/*.new"))
        library.training.train(TrainSettings(recipe=Recipe.CAREFUL, map_steps=4), wait=False)
        assert trainer.step()
        assert library.jobs.list()[0].state is JobState.DONE, library.jobs.list()[0]
        assert len(library.models.list()) == 2  # the same weights: the same Model
        shop.assert_whole()
