"""A retrain is killed at each of its steps; the old Model answers, nothing is lost, and the job says what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.store import vectors
from retrieval.training.job import Trainer
from retrieval.types import JobState
from tests.retrieval.conftest import Killed
from tests.retrieval.scripts import recipe_of, workshop
from tests.retrieval.workshop import Workshop

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
    committed = point in ("models.insert_trained", "jobs.finish") and when == "after"
    with workshop(tmp_path) as shop:
        reopened(shop, committed)


@pytest.mark.parametrize(
    ("point", "turn", "when"),
    [
        ("retrieval.training.deeper.train_embedder", 1, "before"),  # trained, but not opened again
        ("retrieval.training.refill._rows", 2, "before"),  # embedding: the first of two commits is done
        ("vectors.note_whole", 2, "before"),
        ("vectors.note_whole", 2, "after"),
    ],
)
def test_a_bold_retrain_is_whole_or_not_at_all(
    tmp_path: Path, killed: Killed, point: str, turn: int, when: str
) -> None:
    from tests.retrieval.tiny_models import make_clip

    make_clip(tmp_path / "model")
    assert killed(tmp_path, "retrain", point, when, turn) == ["judged"]
    with workshop(tmp_path) as shop:
        reopened(shop, committed=False)
        # the second retrain went on with what the first had embedded
        assert not vectors.unused_generations(shop.store.read())


def reopened(shop: Workshop, committed: bool) -> None:
    """The old Model answers, the job says what happened, and the same retrain can be done again."""
    shop.assert_whole()
    library = shop.library
    assert library.models.current.id == "builtin" and len(library.labels.list()) == 10
    assert library.search("tapir number3").hits[0].corpus_id == "text 3"
    trainer = Trainer(library, in_process=True, stopping=lambda: False)
    trainer.step()
    (first,) = (job for job in library.jobs.list() if job.kind == "train")
    if committed:
        assert first.state is JobState.DONE and len(library.models.list()) == 2
    else:
        assert first.state is JobState.FAILED and "was interrupted" in str(first.message)
        assert len(library.models.list()) == 1
        assert not list(library.path.glob("models/*.new"))
    library.training.train(recipe_of(shop), wait=False)
    assert trainer.step()
    assert library.jobs.list()[0].state is JobState.DONE, library.jobs.list()[0]
    assert len(library.models.list()) == 2  # the same weights: the same Model
    shop.assert_whole()
