"""Candidates of several routes become one order: each route calibrated, then weighted per Profile.

Cosines of question–passage and question–picture pairs and BM25 scores live on different scales, and each question has its
own. So every score is first taken as its distance from the mean of *that question's* scores over the whole library, in
standard deviations (z); a Profile then weighs its routes into the log-odds of being the answer, by which kinds can be
compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from ingest.types import Kind
from retrieval.types import Floats, Profile


@dataclass(frozen=True, slots=True)
class Weights:
    """One Profile's fusion: chance = sigmoid(weights · features + offset).

    `words`, `text` and `picture` weigh z scores; `coverage` the share of the question's words (rare ones count more) that
    stand on the page, which tells a good match from the best of a bad lot.
    """

    words: float
    text: float
    picture: float
    coverage: float
    offset: float

    def fuse(self, words: Floats, text: Floats, picture: Floats, coverage: Floats) -> Floats:
        """(n,) each, NaN where a page has nothing on that route; returns the log-odds (n,)."""
        total = np.full(len(words), self.offset, np.float32)
        columns = ((self.words, words), (self.text, text), (self.picture, picture), (self.coverage, coverage))
        for weight, column in columns:
            total += weight * np.nan_to_num(column, nan=0.0)
        return total


def chance(log_odds: Floats) -> Floats:
    """(n,) → (n,) in 0–1."""
    return (1.0 / (1.0 + np.exp(-log_odds))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Prior:
    """What a route's scores of one question look like in an ordinary library: steadies the z scores of a small one."""

    mean: float
    deviation: float

    def z(self, mean: float, deviation: float, population: int) -> tuple[float, float]:
        """(mean, deviation) to measure z scores with, after `population` scores with that mean and deviation."""
        share = population / (population + PRIOR_WEIGHT)
        spread = share * deviation**2 + (1 - share) * self.deviation**2
        return share * mean + (1 - share) * self.mean, float(np.sqrt(max(spread, 1e-6)))


PRIOR_WEIGHT = 50  # the prior counts as much as so many scores


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights of every Profile, and the chance from which an answer `fits`."""

    profiles: Mapping[str, Weights]
    cutoff: float
    by_words: Weights
    priors: Mapping[str, Prior]  # words, text, picture

    def weights(self, kind: Kind, has_text: bool) -> Weights:
        return self.profiles[Profile(kind, has_text).key]

    @property
    def words_only(self) -> Fusion:
        """The same while no vectors can be asked."""
        return Fusion(dict.fromkeys(self.profiles, self.by_words), self.cutoff, self.by_words, self.priors)


def from_json(text: str) -> Fusion:
    data = json.loads(text)
    profiles = {key: Weights(**weights) for key, weights in data["profiles"].items()}
    priors = {route: Prior(**prior) for route, prior in data["priors"].items()}
    return Fusion(profiles, data["cutoff"], Weights(**data["by_words"]), priors)


@cache
def builtin_fusion() -> Fusion:
    """Measured for the builtin model; the start for every other one."""
    return from_json(resources.files("retrieval").joinpath("fusion.json").read_text("utf-8"))


def mean_of_matches(scores: Floats, population: int) -> tuple[float, float]:
    """Mean and deviation of BM25 over `population` pages, of which all but the matches score 0. Matches: (n,)."""
    count = max(population, len(scores), 1)
    mean = float(scores.sum()) / count
    variance = float((scores.astype(np.float64) ** 2).sum()) / count - mean * mean
    return mean, float(np.sqrt(max(variance, 1e-6)))
