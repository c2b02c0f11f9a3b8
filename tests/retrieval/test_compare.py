"""Two rankings compared: intervals against closed forms and against the truth, lists, changes."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.training.compare import Ranking, changes, compare, paired, per_kind, student_t, to_judge, unjudged_share
from tests.lift.coverage import coverage


def ranking(
    before: tuple[int, ...], after: tuple[int, ...], right: set[int], wrong: frozenset[int] = frozenset()
) -> Ranking:
    return Ranking(f"question {before}", frozenset(right), wrong, frozenset({"page"}), before, after)


def test_a_first_place_for_a_second_one() -> None:
    found = compare([ranking((7, 1), (1, 7), {1})] * 40, "ndcg@10")
    assert found.before.value == pytest.approx(1 / np.log2(3)) and found.after.value == 1.0
    assert found.difference.value == pytest.approx(1 - 1 / np.log2(3))
    assert found.difference.low > 0.2 and found.chance_better == 1.0
    assert compare([ranking((7, 1), (1, 7), {1})], "mrr@10").difference.value == pytest.approx(0.5)
    assert compare([ranking((7, 1), (1, 7), {1, 9})], "recall@10").after.value == pytest.approx(0.5)


def test_nothing_changed_is_an_even_chance_around_zero() -> None:
    found = paired("ndcg@10", [0.5] * 30, [0.5] * 30)
    assert found.difference.value == 0.0 and found.difference.low < 0 < found.difference.high
    assert found.difference.high < 0.03 and found.chance_better == pytest.approx(0.5, abs=0.05)


def test_values_must_be_of_the_same_questions() -> None:
    with pytest.raises(ValueError, match="not the same questions"):
        paired("ndcg@10", [0.1, 0.2], [0.3])
    assert paired("ndcg@10", [], []).questions == 0
    assert paired("ndcg@10", [0.2], [0.4]).difference.value == pytest.approx(0.2)


def test_the_interval_of_many_questions_is_the_normal_one() -> None:
    random = np.random.default_rng(0)
    gains = random.normal(0.03, 0.2, 2000)
    found = paired("ndcg@10", np.zeros(2000), gains, rounds=4000).difference
    reach = 1.96 * gains.std() / np.sqrt(2000)
    assert found.low == pytest.approx(gains.mean() - reach, abs=0.0015)
    assert found.high == pytest.approx(gains.mean() + reach, abs=0.0015)


def test_students_quantiles_are_those_of_the_tables() -> None:
    for freedom, value in ((4, 2.776), (7, 2.365), (19, 2.093), (149, 1.976)):
        assert student_t(0.975, freedom) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize("questions", [20, 150])
def test_the_interval_holds_the_truth(questions: int) -> None:
    share, _ = coverage("all questions move", questions, draws=250)
    assert 0.91 <= share <= 0.98 + 0.01  # of 250 draws


def test_over_judged_pages_only_the_unjudged_are_passed_over() -> None:
    one = ranking((5, 6, 1, 2), (5, 2, 6, 1), {1}, frozenset({2}))
    assert compare([one], "mrr@10").before.value == pytest.approx(1 / 3)
    condensed = compare([one], "mrr@10", judged_pages=True)
    assert (condensed.before.value, condensed.after.value) == (1.0, 0.5)
    assert unjudged_share([one], lambda row: row.before) == 0.5


def test_what_won_and_lost_and_what_to_judge() -> None:
    names = {page: f"{page}.pdf" for page in range(10)}
    far = ranking((4, 5, 6, 1), (1, 4, 5, 6), {1})
    near = ranking((2, 7), (7, 2), {2})
    same = ranking((3, 8), (3, 9), {3})
    won, lost = changes([near, far, same], names)
    assert [(change.page_id, change.before, change.after) for change in won] == [(1, 4, 1)]
    assert [(change.page_id, change.before, change.after) for change in lost] == [(2, 1, 2)]
    gone = changes([ranking((1, 2), (2,), {1})], names)[1]
    assert [(change.before, change.after) for change in gone] == [(1, None)]
    assert [(found.page_id, found.corpus_id) for found in to_judge([far, near, same], names)] == [
        (9, "9.pdf"),
        (8, "8.pdf"),
    ]
    assert list(per_kind([far, near])) == ["page"]
