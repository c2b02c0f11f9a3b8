"""The weights between the fusion and the reranker: found on planted scores, and asked of a library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval import Library
from retrieval.builtin import blend
from retrieval.builtin.blend import Head
from retrieval.types import Floats, Kind, PartInput, Profile
from tests.hash_embedder import HashEmbedder
from tests.retrieval.small_set import ROWS, TEXTS, write_small_set

PROFILES = ["page/text", "picture/text"]


def planted(number: int, task: str) -> Head:
    """Twenty candidates; the score knows the right one among pages, and is noise among pictures."""
    random = np.random.default_rng(number)
    right = np.zeros(20, np.float32)
    right[random.integers(20)] = 1.0
    scores = random.standard_normal(20).astype(np.float32)
    place = PROFILES.index("picture/text" if task == "pictures" else "page/text")
    fused = random.standard_normal(20).astype(np.float32)
    (scores if task == "pages" else fused)[right > 0] += 4.0
    return Head(task, f"{task} {number}", fused, scores, np.full(20, place, np.int64), right, 1)


def everything() -> list[Head]:
    return [planted(number, task) for task in ("pages", "pictures") for number in range(60)]


def test_the_score_counts_where_it_knows_more() -> None:
    weights = blend.fit(everything(), len(PROFILES))
    assert weights.shape == (2, 3)
    pages, pictures = weights
    assert pages[1] > 2.0 * pages[0] and pages[1] > 1.0
    assert abs(pictures[1]) < 0.2 and pictures[0] > 0.7


def test_what_was_not_read_keeps_its_log_odds() -> None:
    head = planted(0, "pages")
    unread = Head("pages", "q", head.fused, head.scores, np.full(20, -1, np.int64), head.right, 1)
    weights = np.array([[2.0, 1.0, 0.5], [1.0, 0.0, 0.0]], np.float32)
    np.testing.assert_array_equal(blend.blended(unread, weights), head.fused)
    np.testing.assert_allclose(blend.blended(head, weights), 2 * head.fused + head.scores + 0.5, rtol=1e-6)


def test_the_report_measures_the_half_that_the_fit_did_not_see(capsys: pytest.CaptureFixture[str]) -> None:
    blend.report(everything(), len(PROFILES))
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    figures = {
        task: [float(line.split(name)[1].split()[0]) for name in ("fused", "reranked")] for task, line in lines.items()
    }
    assert figures["pages"][1] > figures["pages"][0] + 0.3
    assert figures["pictures"][1] > figures["pictures"][0] - 0.05
    assert {head.half for head in everything()} == {0, 1}


class Longest:
    profiles = frozenset({Profile(Kind.PAGE, True)})

    def score(self, query: str, parts: Sequence[PartInput]) -> Floats:
        return np.array([len(part.text or "") for part in parts], np.float32)


def test_questions_are_asked_among_the_files_of_their_folder(tmp_path: Path) -> None:
    folder = write_small_set(tmp_path / "set")
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        library.add_texts([*TEXTS, ("other", "otters swim")])
        found = list(blend.heads(library, Longest(), ["page/text"], folder, None))
    assert [head.query for head in found] == [text for _, text in ROWS]
    assert all(head.right[0] == 1.0 and head.answers == head.right.sum() == 1 for head in found)  # best first
    assert all(len(head.fused) == 3 and set(head.profile.tolist()) == {0} for head in found)
    assert found[0].scores.tolist()[0] == len("zebra stripes all day")
