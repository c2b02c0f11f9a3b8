"""The whole retrain over a small library, with an embedder that needs no model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import FolioscopeError
from retrieval.library import Library
from retrieval.store import jobs
from retrieval.training import run
from retrieval.training.job import Trainer, do
from retrieval.training.mapped import load_map
from retrieval.training.request import Request, TooFewQuestions
from retrieval.training.types import Outcome, Recipe, TrainSettings, Verdict
from retrieval.types import JobState
from tests.retrieval import judged

QUICK = TrainSettings(recipe=Recipe.CAREFUL, map_steps=12, map_learning_rate=0.05)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with judged.library(tmp_path) as made:
        yield made


def trained(library: Library, settings: TrainSettings = QUICK) -> Verdict:
    found = library.training.train(settings)
    assert isinstance(found, Verdict)
    return found


def test_judge_train_promote_and_go_back(library: Library) -> None:
    asked = judged.judge(library, 40)
    before = [hit.corpus_id for hit in library.search(asked[0]).hits]
    found = trained(library)
    assert found.base == "builtin" and found.questions == 40 and found.labels == 40
    assert found.learned_from == sum(not question.held_out for question in library.labels.questions())
    assert found.cross_validated and found.measured_on == 40
    gain = found.all_pages[0]
    assert gain.measure == "ndcg@10" and gain.difference.value > 0.05
    assert [hit.corpus_id for hit in library.search(asked[0]).hits] == before  # until somebody promotes it
    library.models.promote(found.model, force=True)
    assert library.models.current.id == found.model
    assert load_map(library.models.folder(found.model)).any()
    assert library.search(asked[0]).hits
    assert library.models.rollback().id == "builtin"
    assert [hit.corpus_id for hit in library.search(asked[0]).hits] == before
    assert library.models.verdict(found.model) == found


def test_the_same_judgements_and_seed_make_the_same_model(library: Library) -> None:
    judged.judge(library, 20)
    first, second = trained(library), trained(library)
    assert first.model == second.model
    other = trained(library, replace(QUICK, seed=1))
    assert other.model != first.model
    assert len(library.models.versions()) == 3


def test_a_model_in_use_stays_what_it_is_when_the_same_is_learned_again(library: Library) -> None:
    judged.judge(library, 20)
    first = trained(library)
    library.models.promote(first.model, force=True)
    again = trained(library)
    assert again.no_gain and not again.recommended and again.base == first.model != again.model
    assert any("nothing new" in note for note in again.notes)
    assert library.models.verdict(first.model) == first
    assert library.models.row(first.model).base == "builtin"
    library.models.rollback()
    assert trained(library).model == first.model


def test_too_few_questions_are_refused_with_the_number_missing(library: Library) -> None:
    judged.judge(library, 5)
    with pytest.raises(TooFewQuestions, match="there are 5") as refused:
        library.training.train(QUICK)
    assert refused.value.missing == 3 and "3 more questions" in refused.value.remedy
    assert library.jobs.list()[0].kind == "ingest"


def test_what_is_held_out_is_never_learned_from(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = judged.judge(library, 40)
    seen: list[str] = []

    def spied(evidence: run.Evidence, *rest: object, **options: object) -> object:
        seen.extend(one.query for one in evidence.asked)
        return learn(evidence, *rest, **options)  # type: ignore[arg-type]

    learn = run.learn
    monkeypatch.setattr(run, "learn", spied)
    found = trained(library)
    out = {question.query for question in library.labels.questions() if question.held_out}
    assert out and not out & set(seen)
    assert set(seen) == set(asked) - out and found.learned_from == len(set(seen))
    evidence_pages = {change.query for change in (*found.won, *found.lost)}
    assert evidence_pages <= set(asked)


def test_progress_leads_to_the_verdict(library: Library) -> None:
    start = library.training.progress()
    assert (start.judged, start.job, start.verdict, start.visible_gain) == (0, None, None, None)
    judged.judge(library, 20)
    then = library.training.progress()
    assert then.judged == 20 and then.labels == 20 and then.visible_gain is not None
    assert then.visible_gain > then.visible_gain_wanted
    titles: list[str] = []
    left: list[float | None] = []

    def follow(job: object) -> None:
        now = library.training.progress()
        titles.extend(step.title for step in now.steps if step.started and not step.seconds)
        left.append(library.jobs.list()[0].seconds_left)

    job = library.training.train(QUICK, wait=False)
    assert isinstance(job, int)
    library.jobs.wait(job, follow)
    assert library.jobs.get(job).state is JobState.DONE
    done = library.training.progress()
    assert done.job is None and done.verdict == library.models.versions()[0].id
    library.models.discard(done.verdict)
    assert library.training.progress().verdict is None


def test_a_folder_of_questions_is_used_for_this_run_only(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    texts = [(f"{thing}-{place}", f"{thing} {place}") for thing in judged.THINGS for place in judged.PLACES]
    (folder / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in texts), encoding="utf-8"
    )
    lines = ["query-id\tcorpus-id\tscore"]
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as file:
        for number, (name, text) in enumerate(texts[:12]):
            split = "train" if number < 10 else "dev"
            file.write(
                json.dumps({"id": f"q{number}", "text": judged.question(*text.split(), number), "split": split}) + "\n"
            )
            lines.append(f"q{number}\t{name}\t1")
    (folder / "qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = library.training.train(QUICK, questions=folder, split="train")
    assert isinstance(found, Verdict) and found.questions == 10
    assert library.labels.list() == [] and library.training.progress().judged == 0
    with pytest.raises(TooFewQuestions):
        library.training.train(QUICK, questions=folder, split="dev")


def test_a_cancelled_retrain_leaves_nothing(library: Library) -> None:
    judged.judge(library, 40)
    job = library.training.train(replace(QUICK, map_steps=100_000), wait=False)
    assert isinstance(job, int)
    with pytest.raises(FolioscopeError, match="running already"):
        library.training.train(QUICK)
    while not any(step.title == run.LEARN and step.started for step in library.training.progress().steps):
        assert library.jobs.get(job).state in (JobState.QUEUED, JobState.RUNNING), library.jobs.get(job)
    assert library.jobs.cancel(job).state is JobState.CANCELLED
    assert len(library.models.list()) == 1
    found = trained(library)  # it can be started again at once
    assert found.questions == 40
    assert [path.name for path in (library.path / "models").iterdir()] == [found.model]
    assert library.jobs.get(job).message == "stopped"


def test_a_retrain_whose_worker_was_killed_says_so(library: Library) -> None:
    judged.judge(library, 20)
    with library.store.write() as db:
        job = jobs.insert(db, "train", Request(QUICK).as_json())
        jobs.start(db, job)
        jobs.set_detail(db, job, json.dumps({"steps": [{"title": run.RANK, "started": 1.0}], "model": None}))
    (library.path / "models" / f"job-{job}.new").mkdir(parents=True)
    trainer = Trainer(library, in_process=True, stopping=lambda: False)
    assert not trainer.step()
    ended = library.jobs.get(job)
    assert ended.state is JobState.FAILED and "interrupted (measuring before and after)" in str(ended.message)
    assert list((library.path / "models").iterdir()) == []
    assert library.training.progress().job == job


def test_what_cannot_be_trained_says_why(library: Library) -> None:
    judged.judge(library, 20)
    with library.store.write() as db:
        job = jobs.insert(db, "train", Request(QUICK, folder=str(library.path / "nowhere")).as_json())
        jobs.start(db, job)
    do(library, job, lambda: False)
    assert library.jobs.get(job).state is JobState.FAILED
    assert "nowhere" in str(library.jobs.get(job).message)


def test_labels_at_random_are_not_recommended(library: Library) -> None:
    names = [f"{thing}-{place}" for thing in judged.THINGS for place in judged.PLACES]
    random = np.random.default_rng(0).permutation(len(names))
    for number, place in enumerate(random):
        library.labels.set(judged.question(*names[number].split("-"), 0), names[place], True)
    found = trained(library)
    assert not found.recommended and found.outcome is not Outcome.BETTER
