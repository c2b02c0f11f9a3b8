"""Fusion: the evidence of several routes becomes one chance that a Page answers, weighed per Profile.

Evidence is what a question and a Page have to do with each other, on scales that do not depend on how many Pages the
library holds: BM25 as a share of what the question could reach, cosines as they are. So one set of weights serves ten
pages and ten thousand, and the chance of the best Page says whether anything here fits. Cosines of another encoder than
the one that the weights were measured with are first brought to its scale, by that question's mean and deviation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import resources

import numpy as np

from ingest.types import Kind
from retrieval.types import Floats, Profile

# Columns of the evidence, in the order of every weights' row. `words`: BM25 over the most that the question's words could
# give. `text`, `picture`: cosine with the nearest passage and with the picture. `coverage`: share of the question's words
# (rare ones count more) that stand on the page; `phrases`: of its neighbouring words, that stand there side by side as well
# (sequential dependence: Metzler & Croft, 2005). `number`: 1 where the question names the page by its number, up to 5
# where it names the document, too.
# `document_*`: the best of the other candidates of its document. `near_*`: the best of the page before and the page after.
EVIDENCE = (
    "words",
    "text",
    "picture",
    "coverage",
    "phrases",
    "number",
    "document_words",
    "document_text",
    "near_words",
    "near_text",
)

PRIOR_WEIGHT = 50  # a Scale's spread counts as much as that of so many scores


@dataclass(frozen=True, slots=True)
class Scale:
    """What a route's cosines of one question look like in an ordinary library, with the encoder that was measured."""

    mean: float
    deviation: float

    def bring(self, scores: Floats, mean: float, deviation: float, population: int) -> Floats:
        """(n,) cosines of another encoder on this scale; `mean`, `deviation`: of its `population` cosines for the question.

        The spread of a small population is steadied: this scale's counts as PRIOR_WEIGHT of its scores.
        """
        share = population / (population + PRIOR_WEIGHT)
        spread = np.sqrt(max(share * deviation**2 + (1 - share) * self.deviation**2, 1e-6))
        return (self.mean + self.deviation * (scores - mean) / spread).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Weights:
    """One Profile's fusion: log-odds = evidence · weights + offset. Evidence that is not named weighs nothing."""

    weights: Mapping[str, float]
    offset: float

    def row(self) -> Floats:
        """(F,) in the order of EVIDENCE."""
        return np.array([self.weights.get(name, 0.0) for name in EVIDENCE], np.float32)

    def fuse(self, evidence: Floats) -> Floats:
        """(n, F), NaN where a page has nothing on that route; returns the log-odds (n,)."""
        if evidence.ndim != 2 or evidence.shape[1] != len(EVIDENCE):
            raise ValueError(f"evidence of shape {evidence.shape}, not (n, {len(EVIDENCE)})")
        return np.nan_to_num(evidence, nan=0.0) @ self.row() + np.float32(self.offset)


@dataclass(frozen=True, slots=True)
class Blend:
    """What a Profile's Pages are ordered by when the reranker has read them: the fused log-odds and its score, weighed."""

    fused: float
    score: float
    offset: float

    def log_odds(self, fused: float, score: float) -> float:
        return self.fused * fused + self.score * score + self.offset


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights of every Profile, and the chance from which an answer `fits`.

    `scales` (text, picture) are those of the encoder that was measured; `own`: that encoder is the one in use.
    `reranked`: Profiles that the builtin reranker was measured to help, and how.
    """

    profiles: Mapping[str, Weights]
    cutoff: float
    by_words: Weights
    by_vectors: Weights
    scales: Mapping[str, Scale]
    own: bool = True
    reranked: Mapping[str, Blend] = field(default_factory=dict)

    def weights(self, kind: Kind, has_text: bool) -> Weights:
        return self.profiles[Profile(kind, has_text).key]

    @property
    def words_only(self) -> Fusion:
        """The same while no vectors can be asked."""
        return replace(self, profiles=dict.fromkeys(self.profiles, self.by_words))

    @property
    def vectors_only(self) -> Fusion:
        """The same for measuring what vectors are worth by themselves: of Pages without text that is the picture's alone."""
        bare = {key: Weights({"picture": row.weights["picture"]}, row.offset) for key, row in self.profiles.items()}
        of_text = {key: self.by_vectors for key in bare if Profile.of(key).has_text}
        return replace(self, profiles=bare | of_text)

    @property
    def for_another_encoder(self) -> Fusion:
        return replace(self, own=False)


def chance(log_odds: Floats) -> Floats:
    """(n,) → (n,) in 0–1."""
    return (1.0 / (1.0 + np.exp(-log_odds))).astype(np.float32)


def from_json(text: str) -> Fusion:
    """Raises ValueError for evidence that this version does not know."""
    data = json.loads(text)
    return Fusion(
        {key: _weights(row) for key, row in data["profiles"].items()},
        data["cutoff"],
        _weights(data["by_words"]),
        _weights(data["by_vectors"]),
        {route: Scale(**scale) for route, scale in data["scales"].items()},
        reranked={key: Blend(**row) for key, row in data.get("reranked", {}).items()},
    )


def _weights(row: Mapping[str, float]) -> Weights:
    weights = {name: weight for name, weight in row.items() if name != "offset"}
    if unknown := weights.keys() - set(EVIDENCE):
        raise ValueError(f"no evidence called {', '.join(sorted(unknown))}; there is {', '.join(EVIDENCE)}")
    return Weights(weights, row["offset"])


def to_json(fusion: Fusion) -> str:
    """What `from_json` reads."""

    def row(weights: Weights) -> dict[str, float]:
        return {**weights.weights, "offset": weights.offset}

    data = {
        "profiles": {key: row(weights) for key, weights in fusion.profiles.items()},
        "cutoff": fusion.cutoff,
        "by_words": row(fusion.by_words),
        "by_vectors": row(fusion.by_vectors),
        "scales": {route: {"mean": s.mean, "deviation": s.deviation} for route, s in fusion.scales.items()},
        "reranked": {key: asdict(blend) for key, blend in fusion.reranked.items()},
    }
    return json.dumps(data, indent=2) + "\n"


@cache
def builtin_fusion() -> Fusion:
    """Measured for the builtin model; the start for every other one."""
    return from_json(resources.files("retrieval").joinpath("fusion.json").read_text("utf-8"))
