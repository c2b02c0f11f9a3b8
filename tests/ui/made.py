"""Hand-made values of the training nouns, for the templates."""

from __future__ import annotations

from dataclasses import replace

from retrieval.training.types import (
    Change,
    Comparison,
    Interval,
    Outcome,
    Progress,
    Recipe,
    TrainStep,
    Unjudged,
    Verdict,
)
from retrieval.types import FileKind, Kind, ModelInfo, PageInfo


def compared(measure: str, before: float, after: float, half: float = 0.05) -> Comparison:
    gain = after - before
    return Comparison(
        measure,
        18,
        Interval(before, before - 0.07, before + 0.07),
        Interval(after, after - 0.06, after + 0.06),
        Interval(gain, gain - half, gain + half),
        0.99,
    )


def verdict(**changes: object) -> Verdict:
    made = Verdict(
        model="20261121-0a1b2c",
        base="builtin",
        outcome=Outcome.BETTER,
        recommended=True,
        recipe=Recipe.CAREFUL,
        no_gain=False,
        labels=84,
        questions=54,
        learned_from=36,
        measured_on=18,
        cross_validated=False,
        all_pages=(
            compared("ndcg@10", 0.61, 0.68),
            compared("recall@10", 0.78, 0.83, 0.07),
            compared("mrr", 0.5, 0.56),
        ),
        judged_pages=(compared("ndcg@10", 0.7, 0.78),),
        per_kind={"page": compared("ndcg@10", 0.6, 0.66), "picture": compared("ndcg@10", 0.7, 0.72)},
        unjudged_before=0.42,
        unjudged_after=0.48,
        guard=compared("ndcg@10", 0.71, 0.71, 0.01),
        guard_holds=True,
        won=(
            Change("margin of error for foreign born", 7, "a.pdf#page=7", 9, 1),
            Change("how many", 8, "b.png", None, 2),
        ),
        lost=(Change("warranty of the bracket", 9, "c.pdf#page=1", 1, 3),),
        to_judge=(Unjudged("how many", 7, "a.pdf#page=7"),),
        moved=("query map", "fusion weights"),
        seconds=112.0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def progress(**changes: object) -> Progress:
    made = Progress(
        judged=23,
        labels=84,
        held_out=7,
        wanted=30,
        visible_gain=0.06,
        visible_gain_wanted=0.05,
        suggested=Recipe.CAREFUL,
        seconds={"auto": 118.0, "careful": 40.0, "bold": 4000.0},
        job=None,
        verdict=None,
        steps=(
            TrainStep("Held back 18 questions for measuring", 100.0, 1.2),
            TrainStep("Training the query map", 110.0, None, 60.0, "epoch 2 of 3 · loss .41"),
            TrainStep("Measuring both on the held-back questions", None, None, 5.0),
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def model(**changes: object) -> ModelInfo:
    made = ModelInfo(
        id="20260314-0a1b2c",
        name="Reports, March",
        base="builtin",
        recipe="careful",
        labels=61,
        ndcg_at_10=0.61,
        current=False,
        ready=True,
        embedded=10,
        parts=10,
        created=0.0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def page(**changes: object) -> PageInfo:
    made = PageInfo(
        7, "Economy-Final.pdf", "f" * 64, "Economy-Final.pdf#page=14", Kind.PAGE, 14, 31, 612, 792, None, None,
        FileKind.PDF, "text", 6, 8,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]
