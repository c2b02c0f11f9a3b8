from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval import Library
from retrieval.builtin import weigh
from retrieval.builtin.weigh import PROFILES, Sample
from retrieval.fusion import EVIDENCE, builtin_fusion, chance
from tests.hash_embedder import HashEmbedder
from tests.retrieval.small_set import TEXTS, write_small_set

PAGE, PHOTO = PROFILES.index("page/text"), PROFILES.index("picture/bare")


def planted(number: int, task: str) -> Sample:
    """Twenty pages and twenty photos; the right one has by far the best cosine on its own route, words say nothing."""
    random = np.random.default_rng(number)
    evidence = np.zeros((40, len(EVIDENCE)), np.float32)
    evidence[:20, 0] = random.uniform(0, 1, 20)
    evidence[:20, 1] = random.uniform(0.0, 0.3, 20)
    evidence[20:, 1] = np.nan
    evidence[:, 2] = random.uniform(0.0, 0.1, 40)
    right = np.zeros(40, np.float32)
    if task != "foreign":
        place = int(random.integers(20)) + (20 if task == "photos" else 0)
        right[place] = 1.0
        evidence[place, 2 if task == "photos" else 1] = 0.35 if task == "photos" else 0.7
    profile = np.array([PAGE] * 20 + [PHOTO] * 20, np.int64)
    return Sample(task, f"{task} {number}", evidence, profile, right, int(right.sum()))


def everything() -> list[Sample]:
    return [planted(number, task) for task in ("pages", "photos", "foreign") for number in range(40)]


def test_the_fit_finds_the_evidence_that_counts_and_knows_when_nothing_answers() -> None:
    weights = weigh.fit(everything(), weigh.as_rows(builtin_fusion()))
    assert weights.shape == (len(PROFILES), len(EVIDENCE) + 1)
    assert (weights[:, :-1] >= 0).all()
    assert weights[PAGE, 1] > 5 * weights[PAGE, 0]
    for number in range(100, 120):
        for task in ("pages", "photos"):
            sample = planted(number, task)
            found = weigh.scores(sample, weights)
            assert sample.right[found.argmax()] == 1.0 and chance(found).max() > 0.5
        assert chance(weigh.scores(planted(number, "foreign"), weights)).max() < 0.5


def test_the_report_measures_the_half_that_the_fit_did_not_see(capsys: pytest.CaptureFixture[str]) -> None:
    cutoff = weigh.report(everything(), weigh.as_rows(builtin_fusion()))
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == {"pages", "photos", "foreign"}
    assert "ndcg@10 1.000" in lines["pages"] and "fits 0.00" in lines["foreign"]
    assert 0.2 < cutoff < 1.0


def test_questions_are_asked_among_their_files_and_among_everything(tmp_path: Path) -> None:
    folder = write_small_set(tmp_path / "set")
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        library.add_texts([*TEXTS, ("other", "otters swim")])
        found = list(weigh.samples(library, folder, None))
        assert [sample.task for sample in found] == ["set alone"] * 3 + ["set together"] * 3
        assert [len(sample.right) for sample in found] == [3] * 3 + [4] * 3
        assert all(sample.right.sum() == sample.answers == 1 for sample in found)
        assert all(sample.right[0] == 1.0 for sample in found)  # best first
        strangers = list(weigh.foreign(library, folder))
        assert [sample.answers for sample in strangers] == [0, 0, 0]
        assert {sample.half for sample in everything()} == {0, 1}
