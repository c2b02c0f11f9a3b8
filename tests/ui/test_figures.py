"""The words of Improve."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from retrieval.training.types import Interval, Outcome, Recipe
from tests.ui.made import compared, model, progress, verdict
from ui import figures

NOW = time.mktime((2026, 11, 21, 12, 0, 0, 0, 0, -1))
MARCH = time.mktime((2026, 3, 14, 12, 0, 0, 0, 0, -1))


def plain(text: str) -> str:
    return text.replace(figures.GAP, " ")


@pytest.mark.parametrize(
    ("value", "text"), [(0.614, ".61"), (0.0, ".00"), (1.0, "1.00"), (-0.02, "−.02"), (0.999, "1.00"), (-0.001, ".00")]
)
def test_figure(value: float, text: str) -> None:
    assert figures.figure(value) == text


@pytest.mark.parametrize(
    ("value", "percent", "text"),
    [(0.07, False, "+ .07"), (-0.02, False, "− .02"), (0.004, False, ".00"), (-0.004, True, "0"), (0.05, True, "+ 5"),
     (-0.11, True, "− 11"), (1.0, False, "+ 1.00")],
)  # fmt: skip
def test_change(value: float, percent: bool, text: str) -> None:
    assert plain(figures.change(value, percent=percent)) == text


def test_interval_and_row() -> None:
    assert plain(figures.interval(Interval(0.07, -0.02, 0.12))) == "+ .07 (− .02 to + .12)"
    row = figures.comparison(compared("recall@10", 0.78, 0.83))
    assert [plain(cell) for cell in row] == ["Right page in the first 10", "78 %", "83 %", "+ 5 (0 to + 10)"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (48, "48 s"),
        (112, "1 min 52 s"),
        (120, "2 min"),
        (1000, "17 min"),
        (3599, "1 h"),
        (4000, "1 h 7 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (4, "a few seconds left"), (33, "35 s left"), (58, "1 min left"), (71, "1 min 10 s left"),
     (900, "15 min left")],
)  # fmt: skip
def test_left(seconds: float | None, text: str) -> None:
    assert figures.left(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4, "a few seconds"),
        (41, "about 40 s"),
        (118, "about 2 minutes"),
        (60, "about 1 minute"),
        (7300, "about 2 hours"),
    ],
)
def test_about(seconds: float, text: str) -> None:
    assert figures.about(seconds) == text


def test_what_is_missing_is_a_number() -> None:
    assert figures.judged(progress(judged=0, labels=0)) == "Nothing judged yet"
    assert figures.judged(progress(judged=0, labels=2)) == "2 answers judged, none of them right"
    assert figures.judged(progress(judged=1)) == "1 question judged"
    told = figures.prospects(progress(), Recipe.AUTO)
    assert told == (
        "7 more and a retrain can show its worth, if it gains .05 or more (NDCG@10, 0 to 1). "
        "It takes about 2 minutes; search goes on meanwhile."
    )
    assert figures.prospects(progress(judged=3), Recipe.AUTO).startswith(
        "5 more and a retrain is possible; from 30 on it can show a gain of .05 or more"
    )
    assert "From 8 on" in figures.prospects(progress(judged=0), Recipe.AUTO)
    enough = figures.prospects(progress(judged=84), Recipe.BALANCED)
    worth = "Enough for a retrain to show its worth, if it gains .06 or more (NDCG@10, 0 to 1)."
    assert enough == worth  # nobody knows how long it takes


def test_the_verdict_in_words() -> None:
    better = verdict()
    assert figures.headline(better) == "Better on questions it never saw."
    assert plain(figures.measured(better)) == (
        "NDCG@10 .61 → .68 on 18 held-back questions: + .07, 95 % interval + .02 to + .12. General questions: no change."
    )
    assert figures.advice(better) == ""
    even = (replace(better.all_pages[0], chance_better=0.5),)
    few = verdict(outcome=Outcome.TOO_FEW, recommended=False, cross_validated=True, all_pages=even)
    assert figures.headline(few) == "Too few questions to tell."
    assert "each asked of a model that had not learned from it" in figures.measured(few)
    assert "cannot be told from chance" in figures.advice(few)
    for chance, measured_on, headline in (
        (0.97, 51, "Probably better, but not certain."),
        (0.97, 12, "Probably better, but not certain."),
        (0.04, 51, "Probably worse, but not certain."),
        (0.4, 51, "No clear difference."),
        (0.4, 12, "Too few questions to tell."),
    ):
        unsure = verdict(
            outcome=Outcome.TOO_FEW,
            recommended=False,
            measured_on=measured_on,
            all_pages=(replace(better.all_pages[0], chance_better=chance),),
        )
        assert figures.headline(unsure) == headline
        assert ("promote it as it is" in figures.advice(unsure)) == (chance > 0.9)
    worse = verdict(outcome=Outcome.WORSE, recommended=False)
    assert figures.headline(worse).startswith("Worse")
    assert "answered worse" in figures.doubt(worse)
    same = verdict(outcome=Outcome.TOO_FEW, recommended=False, no_gain=True)
    assert figures.headline(same) == "No gain found."


def test_the_sum_is_right_as_it_is_shown() -> None:
    one = compared("ndcg@10", 0.6951, 0.7549)
    assert [plain(text) for text in figures.comparison(one)][1:3] == [".70", ".75"]
    assert plain(figures.comparison(one)[3]).startswith("+ .05 (")
    assert plain(figures.comparison(compared("recall@10", 0.8451, 0.8949))[3]).startswith("+ 4 (")


def test_a_guard_that_does_not_hold_is_said() -> None:
    fallen = verdict(
        outcome=Outcome.TOO_FEW, recommended=False, guard=compared("ndcg@10", 0.71, 0.66), guard_holds=False
    )
    assert figures.headline(fallen) == "Better on your questions, worse on general ones."
    assert plain(figures.guard(fallen)) == "General questions: − .05, more than the .02 that may be lost."
    just = verdict(guard=compared("ndcg@10", 0.71, 0.687), guard_holds=False)
    assert plain(figures.guard(just)) == "General questions: − .02, a little more than the .02 that may be lost."


def test_ranks() -> None:
    assert figures.moved(9, 1) == "9th → 1st"
    assert figures.moved(None, 2) == "not found → 2nd"


def test_versions() -> None:
    assert figures.version(model(current=True, promoted=MARCH), NOW) == [
        "in use since 14 March · learned from 61 judgements",
        "NDCG@10 .61",
    ]
    shipped = model(id="builtin", recipe=None, labels=None, ndcg_at_10=None)
    assert figures.version(shipped, NOW) == ["as shipped"]
    assert "its weights are gone; its card is kept" in figures.version(model(kept=False), NOW)
    assert "has read 40 % of the library" in [plain(x) for x in figures.version(model(ready=False, embedded=4), NOW)]
    assert figures.day(MARCH, NOW + 366 * 86400) == "14 March 2026"


def test_imports_are_told_before_and_after() -> None:
    counts: dict[str, object] = {"imported": 84, "already": 1}
    assert figures.imported(counts, dry=True) == "84 judgements would be new, 1 is here already"
    assert figures.imported({"imported": 1, "already": 0}, dry=False) == "1 judgement imported"
