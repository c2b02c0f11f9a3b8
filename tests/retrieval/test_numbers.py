from __future__ import annotations

import pytest

from retrieval.numbers import named, naming_words, page_numbers


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


@pytest.mark.parametrize(
    ("query", "name", "share"),
    [
        ("page 12 of the Costco report", "COSTCO_2021_10K.pdf", 1.0),
        ("page 12 COSTCO_2021_10K.pdf", "COSTCO_2021_10K.pdf", 1.0),
        ("page 19 of PH_2016.06.08_Economy-Final", "PH_2016.06.08_Economy-Final.pdf", 1.0),
        ("best buy, page 4", "filings/BESTBUY_2023_10K.pdf", 1.0),
        ("show me the 2nd page of the crew handbook", "crew-handbook.pdf", 1.0),
        ("page 5 of the manual", "kx-70-tidewheel-manual.pdf", 1.0),
        ("page 5 of the manual", "costs.pdf", 0.0),
        ("the cost table on page 12", "COSTCO_2021_10K.pdf", 0.0),
        ("costco revenue on page 12", "COSTCO_2021_10K.pdf", 0.5),
        ("what does the hippo on page 25 stand for?", "stories.pdf", 0.0),
        ("page 3", "page-setters.pdf", 0.0),
    ],
)
def test_the_document_that_is_named_beside_the_number(query: str, name: str, share: float) -> None:
    assert named(naming_words(query), ["other.pdf", name]) == share
