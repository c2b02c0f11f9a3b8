"""Verdicts as stored, and what the card says of them."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace

import pytest

from retrieval.training.card import card, code_version, default_name
from retrieval.training.report import dumps, loads
from retrieval.training.types import Comparison, Outcome, Recipe, TrainSettings, Verdict
from tests.retrieval.taught import verdict

HASHES = {"weights_hash": "a1" * 32, "labels_hash": "b2" * 32, "code": "0.1.0+c3"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"outcome": Outcome.TOO_FEW, "recommended": False, "cross_validated": True, "won": (), "per_kind": {}},
        {"recipe": Recipe.BOLD, "no_gain": True, "moved": (), "notes": (), "to_judge": (), "lost": ()},
    ],
)
def test_a_verdict_comes_back_as_it_went(changes: dict[str, object]) -> None:
    before = verdict(**changes)  # type: ignore[arg-type]
    after = loads(dumps(before))
    assert after == before
    for field in fields(Verdict):  # also of the same types: what compares equal may not be a tuple or an enum
        assert type(getattr(after, field.name)) is type(getattr(before, field.name)), field.name
    assert all(isinstance(row, Comparison) for row in (*after.all_pages, *after.judged_pages, after.guard))


def test_what_a_newer_version_added_is_passed_over() -> None:
    data = json.loads(dumps(verdict()))
    data["mood"] = "sunny"
    data["guard"]["mood"] = data["won"][0]["mood"] = "sunny"
    assert loads(json.dumps(data)) == verdict()


def test_no_figure_is_lost_by_being_not_a_number() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(verdict(seconds=float("nan")))


def test_the_card_says_what_it_learned_from_and_what_it_came_to() -> None:
    text = card("21 November", verdict(), TrainSettings(map_steps=150, seed=3), **HASHES)
    assert text.startswith("# 21 November\n")
    for said in (
        "from 84 judgements of 72 questions, on top of the model `builtin`",
        "* recipe: careful (asked for: auto)",
        "* moved: query map, fusion weights",
        "learned from 48 questions, measured on 24 others\n",
        "**Better**; recommended.\n",
        "| ndcg@10 | 24 | 0.700 | 0.730 | +0.030 (+0.020 to +0.040) |",
        "| ndcg@10, judged pages | 24 |",
        "| ndcg@10, picture | 24 | 0.700 | 0.690 | -0.010 (-0.020 to +0.000) |",
        "| ndcg@10, general questions | 24 |",
        "unjudged before and 70% after",
        "* few questions about pictures",
        f"`{'a1' * 32}`",
        f"`{'b2' * 32}`",
        "Folioscope 0.1.0+c3",
        "* map_steps: 150",
        "* seed: 3",
    ):
        assert said in text, said
    assert "None" not in text and "no gain" not in text.lower()


def test_the_card_does_not_recommend_what_is_not_recommended() -> None:
    few = verdict(outcome=Outcome.TOO_FEW, recommended=False, cross_validated=True, labels=1, no_gain=True, moved=())
    text = card("x", few, replace(TrainSettings(), recipe=Recipe.CAREFUL), **HASHES)
    assert "**Too few to tell**; not recommended. No share of the new weights" in text
    assert "from 1 judgement of" in text and "cross-validated in five folds" in text
    assert "* moved: nothing" in text and "asked for" not in text


def test_names_and_versions() -> None:
    assert re.fullmatch(r"\d{1,2} [A-Z][a-z]+, 84 judgements", default_name(1_795_000_000.0, 84))
    assert default_name(1_795_000_000.0, 1).endswith(", 1 judgement")
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{8}", code_version()) and code_version() == code_version()
