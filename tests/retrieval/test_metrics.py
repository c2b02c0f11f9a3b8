"""Closed forms by hand, and agreement with ranx on random runs."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from retrieval.metrics import METRICS, bootstrap, mrr, ndcg, paired_bootstrap, recall, success, values


def test_closed_forms() -> None:
    gains, relevant = [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0]
    found = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(gains, relevant, 10) == pytest.approx(found / ideal)
    assert recall(gains, relevant, 10) == pytest.approx(2 / 3)
    assert recall(gains, relevant, 2) == pytest.approx(1 / 3)
    assert success(gains, relevant, 1) == 0.0
    assert success(gains, relevant, 2) == 1.0
    assert mrr(gains, relevant, 10) == 0.5
    assert mrr(gains, relevant, 1) == 0.0


@pytest.mark.parametrize("metric", [ndcg, recall, success, mrr])
def test_nothing_found_and_nothing_relevant_are_zero(metric) -> None:
    assert metric([], [1.0], 10) == 0.0
    assert metric([0.0, 0.0], [], 10) == 0.0


def test_a_repeated_page_counts_once_at_its_first_place() -> None:
    qrels = {"q": {"a": 1.0, "b": 1.0}}
    assert values(METRICS["recall@10"], {"q": ["a", "a", "b"]}, qrels) == pytest.approx([1.0])
    assert values(METRICS["ndcg@10"], {"q": ["a", "a", "b"]}, qrels) == pytest.approx([1.0])


def test_a_question_without_a_ranking_counts_zero() -> None:
    assert values(METRICS["mrr@10"], {}, {"q": {"a": 1.0}}).tolist() == [0.0]


NAMES = {"ndcg@10": "ndcg@10", "recall@10": "recall@10", "recall@100": "recall@100", "mrr@10": "mrr@10"}
NAMES["success@10"] = "hit_rate@10"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agrees_with_ranx(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling takes a minute, the sums milliseconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ranx's own imports
        from ranx import Qrels, Run, evaluate

        random = np.random.default_rng(seed)
        pages = [f"p{i}" for i in range(300)]

        def some(count: int) -> list[str]:
            return [str(page) for page in random.choice(pages, count, replace=False)]

        qrels = {f"q{i}": {p: int(random.integers(1, 4)) for p in some(int(random.integers(1, 15)))} for i in range(40)}
        runs = {q: dict(zip(some(120), map(float, random.random(120)), strict=True)) for q in qrels}
        theirs = evaluate(Qrels(qrels), Run(runs), list(NAMES.values()))
    ranked = {q: sorted(found, key=lambda p, found=found: -found[p]) for q, found in runs.items()}
    for ours, other in NAMES.items():
        assert values(METRICS[ours], ranked, qrels).mean() == pytest.approx(theirs[other], abs=1e-6)


def test_bootstrap_holds_the_mean_and_narrows_with_more_questions() -> None:
    random = np.random.default_rng(7)
    few, many = bootstrap(random.random(50)), bootstrap(random.random(5_000))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 5
    # the normal approximation of a uniform sample's mean
    assert many.high - many.low == pytest.approx(2 * 1.96 / math.sqrt(12 * 5_000), rel=0.1)


def test_paired_bootstrap_sees_a_gain_that_is_small_against_the_spread() -> None:
    before = np.random.default_rng(3).random(200)
    gain = paired_bootstrap(before, before + 0.01)
    assert gain.value == pytest.approx(0.01)
    assert gain.low > 0
    assert paired_bootstrap(before, before).as_json() == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_bootstrap_refuses_what_has_no_interval() -> None:
    with pytest.raises(ValueError, match="one value per question"):
        bootstrap([])
    with pytest.raises(ValueError, match="not the same questions"):
        paired_bootstrap([0.1, 0.2], [0.1])
