"""The nouns of retraining. Imports neither torch nor numpy.

A *judged question* has at least one Page marked right. A third of them is *held out*: measured on, never learned from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

MINIMUM_QUESTIONS = 8  # fewer: a friendly refusal
WORTHWHILE_QUESTIONS = 30  # from here a usual gain can be told from chance
FEW_HELD_OUT = 20  # fewer: the estimate is cross-validated, and says so
GUARD_TOLERANCE = 0.02  # NDCG@10 on general questions may fall by no more


class Recipe(StrEnum):
    """How much of the Model a retrain moves, and so what it costs."""

    AUTO = "auto"  # careful, unless a deeper one wins on questions that neither learned from
    CAREFUL = "careful"  # query map, fusion weights, calibration: no page is embedded again
    BALANCED = "balanced"  # + picture projection from stored features, + reranker where the Model has one
    BOLD = "bold"  # + document routes: every page is embedded again


class Outcome(StrEnum):
    BETTER = "better"  # the interval of the gain lies above zero and the guard holds
    WORSE = "worse"  # it lies below zero
    TOO_FEW = "too few to tell"


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question with the Pages (ids) that people called right (at least one) and wrong for it.

    `held_out` is its side, for ever once `settled`; until then it is what its hash says.
    """

    query: str
    right: frozenset[int]
    wrong: frozenset[int]
    held_out: bool
    settled: bool = True


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """One retrain. None = the recipe's own value, chosen by measurement (see docs/lift.md)."""

    recipe: Recipe = Recipe.AUTO
    loss: str | None = None  # of the embedder: mnrl, cached-mnrl, triplet, contrastive, matryoshka
    epochs: float | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    map_steps: int | None = None
    map_learning_rate: float | None = None
    map_penalty: float | None = None
    hard_negatives: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure before and after, over the same questions."""

    measure: str  # ndcg@10, recall@10, mrr@10
    questions: int
    before: Interval
    after: Interval
    difference: Interval
    chance_better: float  # share of bootstrap rounds with a gain


@dataclass(frozen=True, slots=True)
class Change:
    """A held-out question whose right Page moved. Ranks are 1-based, None = not among the first 100."""

    query: str
    page_id: int
    corpus_id: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Unjudged:
    """An answer that stands in a top ten and that nobody has judged: judging it makes the verdict surer."""

    query: str
    page_id: int
    corpus_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a retrain came to, measured on questions that it never saw.

    `all_pages`: an unjudged Page counts as wrong; `judged_pages`: only judged Pages are ranked (condensed lists), since
    labels come from the old Model's answers. `guard` is over general questions that come with Folioscope.
    """

    model: str
    base: str
    outcome: Outcome
    recommended: bool
    recipe: Recipe  # the one that was used
    no_gain: bool  # no share of the new weights beat the old ones on the inner split: the new Model equals its base
    labels: int  # judgements
    questions: int  # judged questions
    learned_from: int
    measured_on: int
    cross_validated: bool
    all_pages: tuple[Comparison, ...]
    judged_pages: tuple[Comparison, ...]
    per_kind: dict[str, Comparison]  # NDCG@10
    unjudged_before: float  # share of the top tens
    unjudged_after: float
    guard: Comparison
    guard_holds: bool
    won: tuple[Change, ...]
    lost: tuple[Change, ...]
    to_judge: tuple[Unjudged, ...]
    moved: tuple[str, ...] = ()  # in plain words: "query map", "fusion weights", …
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainStep:
    """One line of a running retrain: done when `seconds` is set, running when `started`, else still to come."""

    title: str
    started: float | None = None  # Unix seconds
    seconds: float | None = None  # what it took
    expected_s: float | None = None  # what it is thought to take
    detail: str = ""  # "epoch 2 of 3 · loss .41"


@dataclass(frozen=True, slots=True)
class Teach:
    """A question and an answer whose judgement would teach most, and why in plain words."""

    query: str
    page_id: int
    reason: str  # "the stages disagree here", "asked 4 times and never judged", "a close call"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a library stands on the way to a better Model.

    `wanted` is the number of judged questions that makes a retrain worthwhile; `visible_gain` the smallest gain of
    NDCG@10 that would stand out from chance with the questions there are, and with `wanted` of them.
    """

    judged: int  # questions with a Page marked right
    labels: int
    held_out: int
    wanted: int
    visible_gain: float | None
    visible_gain_wanted: float
    suggested: Recipe
    seconds: dict[str, float]  # recipe → what it is thought to take
    job: int | None  # the retrain that runs, or the last one that ended without a verdict
    verdict: str | None  # the Model whose verdict waits for a decision
    steps: tuple[TrainStep, ...] = field(default=())
