from __future__ import annotations

import pytest

from ingest.passages import clean, join, passages
from ingest.types import Box, Line, Source


def lines(*texts: str) -> list[Line]:
    """One below the other, a tenth of the page each."""
    return [Line(text, Box(0.1, row / 10, 0.9, (row + 1) / 10)) for row, text in enumerate(texts)]


def test_whole_lines_are_gathered_in_order() -> None:
    made = passages(lines("one two three", "four five six", "seven eight", "nine ten eleven"), Source.OCR, words=6)
    assert [one.text for one in made] == ["one two three four five six", "seven eight nine ten eleven"]
    assert [one.box for one in made] == [Box(0.1, 0.0, 0.9, 0.2), Box(0.1, 0.2, 0.9, 0.4)]
    assert {one.source for one in made} == {Source.OCR}


def test_a_short_rest_joins_the_last_passage() -> None:
    made = passages(lines("a b c d", "e f g h", "i"), Source.TEXT, words=8)
    assert [one.text for one in made] == ["a b c d e f g h i"]


def test_a_line_of_many_words_stays_whole() -> None:
    made = passages(lines("word " * 300, "tail of the text"), Source.TEXT)
    assert [len(one.text.split()) for one in made] == [304]


def test_no_passage_is_empty() -> None:
    assert passages([], Source.TEXT) == ()
    assert passages(lines("", "   ", "\u00ad"), Source.TEXT) == ()


def test_every_word_is_kept_once() -> None:
    texts = [" ".join(f"w{row}x{column}" for column in range(row % 13 + 1)) for row in range(200)]
    made = passages(lines(*texts), Source.TEXT)
    assert " ".join(one.text for one in made).split() == " ".join(texts).split()
    counts = [len(one.text.split()) for one in made]
    assert all(100 <= count <= 120 for count in counts[:-1])
    assert 28 <= counts[-1] <= 150


@pytest.mark.parametrize(
    ("divided", "whole"),
    [
        (["infor-", "mation"], "information"),
        (["infor\u2010", "mation"], "information"),
        (["infor\u00ad", "mation"], "information"),
        (["Infor\u00ad", "Mation"], "InforMation"),
        (["state-of-the-", "art"], "state-of-the-art"),
        (["2019-", "2020"], "2019-2020"),
        (["X-", "Ray"], "X-Ray"),
        (["pre-", "and post-war"], "pre- and post-war"),
        (["a dash -", "and more"], "a dash - and more"),
        (["one", "", "two"], "one two"),
        (["end\u00ad"], "end"),
    ],
)
def test_divided_words_are_joined(divided: list[str], whole: str) -> None:
    assert join(divided) == whole


def test_clean() -> None:
    assert clean(" a\tb\u00a0 c\n") == "a b c"
    assert clean("re\u00adport\u00ad") == "report\u00ad"
    assert clean("\x00\x07e\u0301\ufffd\u202e\ud800") == "\u00e9"


def test_words_must_be_positive() -> None:
    with pytest.raises(ValueError, match="not 0"):
        passages([], Source.TEXT, words=0)
