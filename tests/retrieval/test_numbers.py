from __future__ import annotations

import pytest

from retrieval.numbers import page_numbers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("what does the hippo on page 25 stand for?", {25}),
        ("How many colours are in the slide 14?", {14}),
        ("signatures on the page 15 and page 16", {15, 16}),
        ("pages 3, 4 and 7", {3, 4, 7}),
        ("Pages 3-5", {3, 4, 5}),
        ("slides 2 to 4 or 9", {2, 3, 4, 9}),
        ("see p. 12 and pp. 14–15", {12, 14, 15}),
        ("page no. 8", {8}),
        ("the date on the second page", {2}),
        ("the 11th slide, and the Third cover page", {11, 3}),
        ("pages 10 to 400 of the report", set()),  # a chapter
        ("page 0", set()),
        ("a page 1.5 inches wide", set()),
        ("page 12345", set()),
        ("how many pages are there in 2018?", set()),
        ("stop 5 on the map, web page", set()),
        ("", set()),
    ],
)
def test_page_numbers(query: str, found: set[int]) -> None:
    assert page_numbers(query) == found


@pytest.mark.parametrize("tail", [" -" * 1000 + "x", ", 2" * 700 + "x", " to" * 700, " " * 2000 + "x"])
def test_a_question_that_was_made_to_take_for_ever_does_not(tail: str) -> None:
    assert 1 in page_numbers("page 1" + tail)
