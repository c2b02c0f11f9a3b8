"""The fused score in torch is the product's own, also after the question's vector has moved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from retrieval import search
from retrieval.library import Library
from retrieval.training.evidence import Evidence, candidates, gather
from retrieval.training.fused import Fused, best_of_others, pack
from retrieval.training.learn import Stopped, learn, ndcg_at_10
from retrieval.training.mapped import apply_map
from retrieval.training.types import JudgedQuestion, TrainSettings
from tests.retrieval import judged


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with judged.library(tmp_path_factory.mktemp("fused")) as made:
        judged.judge(made, 24, wrong=True)
        yield made


def evidence_of(library: Library) -> tuple[Evidence, list[JudgedQuestion]]:
    questions = library.labels.questions()
    now = library.models.answering()
    vectors = np.stack([library.question_vector(question.query) for question in questions])
    db = library.store.read()
    return gather(db, questions, vectors, search.scope(db, None, None, None), now.fusion, now.index), questions


def test_scores_are_those_of_the_search_before_and_after_a_map(library: Library) -> None:
    evidence, questions = evidence_of(library)
    now = library.models.answering()
    net, batch = Fused(evidence), pack(evidence.asked)
    random = np.random.default_rng(0).standard_normal(net.map.shape).astype(np.float32) * 0.05
    with torch.no_grad():
        net.map.copy_(torch.from_numpy(random))
    db = library.store.read()
    within = search.scope(db, None, None, None)
    for share, matrix in ((0.0, np.zeros_like(random)), (0.5, 0.5 * random), (1.0, random)):
        with torch.no_grad():
            scores = net(batch, share).numpy()
        for row, (question, asked) in enumerate(zip(questions, evidence.asked, strict=True)):
            vector = apply_map(asked.vector[None], matrix)[0]
            found = {c.page_id: c.fused for c in candidates(db, question, vector, within, now.fusion, now.index)}
            ours = dict(zip(evidence.pool.page_ids[asked.pages].tolist(), scores[row].tolist(), strict=False))
            assert ours.keys() == found.keys()  # so few pages that all are candidates
            assert [ours[page] for page in found] == pytest.approx(list(found.values()), abs=2e-3)


def test_judged_pages_are_always_candidates(library: Library) -> None:
    evidence, questions = evidence_of(library)
    for asked, question in zip(evidence.asked, questions, strict=True):
        ids = evidence.pool.page_ids[asked.pages]
        assert set(ids[asked.right].tolist()) == question.right
        assert set(ids[asked.judged].tolist()) == question.right | question.wrong


def test_the_best_of_the_others_of_a_document() -> None:
    values = torch.tensor([[0.5, 0.9, 0.2, 0.7, 0.7, 0.0]])
    document = torch.tensor([[0, 0, 0, 1, 1, 2]])
    present = torch.tensor([[True] * 6])
    expected = [0.9, 0.5, 0.9, 0.7, 0.7, 0.0]
    assert best_of_others(values, document, present)[0].tolist() == pytest.approx(expected)
    absent = present.clone()
    absent[0, 1] = False
    assert best_of_others(values, document, absent)[0, [0, 2]].tolist() == pytest.approx([0.2, 0.5])


def test_ndcg_of_arrays_is_that_of_the_metrics() -> None:
    from retrieval.metrics import ndcg

    random = np.random.default_rng(0)
    scores, right = random.standard_normal((50, 30)), random.random((50, 30)) < 0.15
    right[:, 0] = True
    expected = [
        ndcg(row[np.argsort(-of)].astype(float).tolist(), row.astype(float).tolist(), 10)
        for of, row in zip(scores, right, strict=True)
    ]
    assert ndcg_at_10(scores, right) == pytest.approx(np.array(expected))


def test_learning_is_reproducible_gains_and_stops(library: Library) -> None:
    evidence, _ = evidence_of(library)
    settings = TrainSettings(map_steps=20, map_learning_rate=0.05)
    told: list[tuple[int, int]] = []
    first, second = (learn(evidence, settings, lambda *row: told.append(row), lambda: False) for _ in range(2))
    assert first.share > 0 and first.gain > 0.05
    assert np.array_equal(first.map, second.map) and first.fusion == second.fusion
    assert told[-1][0] <= told[-1][1] and told[0][0] == 1
    with pytest.raises(Stopped):
        learn(evidence, settings, lambda *row: None, lambda: True)


def test_without_a_gain_nothing_moves(library: Library) -> None:
    evidence, _ = evidence_of(library)
    found = learn(evidence, TrainSettings(map_steps=2, map_learning_rate=1e-12), lambda *row: None, lambda: False)
    if found.no_gain:
        assert not found.map.any() and found.fusion == evidence.fusion
    assert found.gain == pytest.approx(0.0, abs=0.02)
