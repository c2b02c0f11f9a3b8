"""What the measurements of the builtin model count, on captions made up here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from retrieval.builtin.pictures import Captions
from tests.quality import single_words


def test_words_are_asked_that_several_captions_of_several_photos_hold() -> None:
    photos = single_words.PHOTOS + 1
    texts = [f"The dog {number} runs" for number in range(2 * photos)] + ["a cat", "one dog"]
    pairs = [(number, number // 2) for number in range(2 * photos)] + [(2 * photos, 0), (2 * photos + 1, photos)]
    files = tuple(Path(f"{number}.jpg") for number in range(photos + 1))
    asked = single_words.asked(Captions("made", files, tuple(texts), np.array(pairs)))
    assert set(asked) == {"dog", "runs"}  # one caption has a cat, and "the" is no content
    assert asked["dog"] == set(range(photos + 1))  # one caption is enough to be right
    assert asked["runs"] == set(range(photos))


def test_a_row_tells_what_is_right_and_what_fits() -> None:
    pictures = np.eye(6, dtype=np.float32)
    told = single_words.row("made", np.array([[1, 0, 0, 0, 0, 0], [0] * 6], np.float32), pictures, [{0}, {5}])
    assert told == "| made | 2 | 0.100 | 0.500 | 50% |"
