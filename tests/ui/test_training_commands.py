"""What `train` prints and refuses, and the demo on the real samples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.library import Library
from retrieval.training.types import Outcome
from tests.hash_embedder import HashEmbedder
from tests.retrieval.taught import verdict
from ui import training_commands
from ui.cli import main

KEYS = {
    "model", "base", "recipe", "labels", "before", "after", "difference", "verdict", "recommended", "seconds",
}  # fmt: skip
EVAL_KEYS = {"queries", "ndcg@10", "recall@10", "mrr@10", "region@0.3", "latency_ms", "per_kind"}


def test_the_documented_keys() -> None:
    found = training_commands.as_json(verdict())
    assert set(found) == KEYS
    for side in (found["before"], found["after"]):
        assert isinstance(side, dict)
        assert set(side) == EVAL_KEYS
        assert side["queries"] == 24
        assert set(side["per_kind"]) == {"page", "picture"}
    assert found["difference"] == {
        measure: {"value": 0.03, "low": 0.02, "high": 0.04} for measure in ("ndcg@10", "recall@10", "mrr@10")
    }
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("outcome", Outcome)
def test_words_for_people(outcome: Outcome) -> None:
    said = training_commands.text(verdict(outcome=outcome, recommended=outcome is Outcome.BETTER))
    assert str(outcome) in said
    assert "+0.030 (+0.020 to +0.040)" in said
    assert ("folioscope promote" in said) is (outcome is Outcome.BETTER)
    assert "few questions about pictures" in said


def test_too_few_questions_are_told_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOLIOSCOPE_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("FOLIOSCOPE_CACHE", str(tmp_path / "cache"))
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        library.add_texts([("one", "zebra"), ("two", "quokka")])
        for number in range(3):
            library.labels.set(f"where is {number}", "one", True)
    assert main(["train"]) == 1
    said = capsys.readouterr()
    assert "5 more" in said.err
    assert "Traceback" not in said.err


def test_the_demo_goes_the_whole_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOLIOSCOPE_LIBRARY", str(tmp_path / "mine"))
    assert main(["demo", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [step["step"] for step in said["steps"]] == [
        "add", "ask", "measure", "judge", "retrain", "promote", "compare", "ask again", "roll back",
    ]  # fmt: skip
    assert said["gain"] == pytest.approx(said["after"] - said["before"], abs=1e-4)
    assert said["steps"][-1]["model"] == "builtin"
    assert set(said["verdict"]) == KEYS
    assert not (tmp_path / "mine").exists()  # a throw-away library, never the user's own
