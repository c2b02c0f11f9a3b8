from __future__ import annotations

import sqlite3

import pytest

from retrieval.fulltext import (
    MAX_TERMS,
    extra_tokens,
    joined_queries,
    phrases,
    standing,
    term_queries,
    terms,
    title_words,
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("What is the revenue of Best Buy?", ["revenue", "best", "buy"]),
        ("Revenue revenue REVENUE", ["revenue"]),
        ("who is this", ["who", "is", "this"]),  # nothing but function words: better than nothing
        ("", []),
        ("?!… — 🦓", []),
        ("AC-1200 v2.1", ["ac", "1200", "v2", "1"]),
        ("ｆｕｌｌ ｗｉｄｔｈ ﬁle", ["full", "width", "file"]),
    ],
)
def test_terms(query: str, found: list[str]) -> None:
    assert terms(query) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,234 people", "1234"),
        ("1,234.50 dollars", "n1234d5"),
        ("3.1400", "n3d14"),
        ("7.00", "7"),
        ("FY18, Q3 2021 and fy2019", "2018 2021 2019"),
        ("H1'22", "2022"),
        ("version 1.2.3", ""),
        ("12345", ""),
        ("1,23", ""),
        ("nothing", ""),
    ],
)
def test_extra_tokens(text: str, found: str) -> None:
    assert extra_tokens(text) == found


def test_title_words_are_taken_apart() -> None:
    words = title_words(["BESTBUY_2023_10K.pdf", "annualReport2019.final.pdf"]).split()
    assert {"BESTBUY", "2023", "10K", "10", "K", "annual", "Report", "2019", "final"} <= set(words)
    assert "pdf" not in words


def test_phrases_are_neighbouring_content_words_with_the_function_words_between_them() -> None:
    assert phrases("What is the rate of return on Bank Notes?") == {
        ("rate", "return"): 'text : "rate of return"',
        ("return", "bank"): 'text : "return on bank"',
        ("bank", "notes"): 'text : "bank notes"',
    }
    assert phrases("zebra") == phrases("zebra zebra") == phrases("") == {}
    assert phrases("zebra for all of you and me it is so quokka") == {}  # too far apart


def match_query(query: str) -> str | None:
    return " OR ".join(term_queries(query) + joined_queries(query)) or None


def test_no_words_no_query() -> None:
    assert match_query("") is None
    assert match_query("?? 🦓") is None


HOSTILE = [
    '"',
    'unbalanced " quote',
    "NEAR(zebra, 2)",
    "zebra NEAR/2 quokka",
    "zebra AND NOT OR",
    "text: zebra",
    "{text extra}: zebra",
    "^zebra*",
    "(((zebra",
    "zebra + quokka - wombat",
    "-- zebra; DROP TABLE pages",
    "zebra\x00quokka",
    "'; DELETE FROM documents; --",
    "_",
    "__ ___",
    "/etc/passwd",
    "https://example.org/a.png",
    "data:image/png;base64,AAAA",
    "é́́ ̈",
    "zebra 🦓👩‍👩‍👧",
    "١٢٣ 四五 ①",
    "İstanbul ẞ ﬃ",
    "\u202ezebra\u202c",
    "a" * 10_000,
    " ".join(f"w{number}" for number in range(3000)),
    '" OR ' * 2000,
    "1,234.5 " * 1000,
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_asked_fts5_takes_it_as_words(query: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE f USING fts5 (text, title, tokenize = 'porter unicode61 remove_diacritics 2')")
    db.executemany("INSERT INTO f VALUES (?, '')", [("a zebra",), ("something else",), ("NEAR AND OR text",)])
    match = match_query(query)
    if match is not None:
        rows = [row[0] for row in db.execute("SELECT rowid FROM f WHERE f MATCH ? ORDER BY rowid", (match,))]
        assert (1 in rows) == ("zebra" in terms(query))
    for phrase in phrases(query).values():
        db.execute("SELECT rowid FROM f WHERE f MATCH ?", (phrase,)).fetchall()
    assert len(phrases(query)) <= MAX_TERMS
    db.close()


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("die Straße", "Straße"),
        ("sales of 1,234 units", "1234"),
        ("sales of 1234 units", "1,234"),
        ("in FY18", "2018"),
        ("Résumé of a café", "resume cafe"),
        ("Resume", "Résumé"),
        ("running shoes", "run"),
        ("growth of 3.50 percent", "3.5"),
    ],
)
def test_different_spellings_meet(text: str, query: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE f USING fts5 (text, extra, title, tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    db.execute("INSERT INTO f VALUES (?, ?, '')", (text, extra_tokens(text)))
    match = match_query(query)
    assert db.execute("SELECT count(*) FROM f WHERE f MATCH ?", (match,)).fetchone()[0] == 1
    db.close()


def test_a_question_meets_a_name_that_squashes_its_words() -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE f USING fts5 (text, extra, title, tokenize = 'porter unicode61')")
    rows = [("sales", "", "BESTBUY 2023 10 K"), ("bestbuy", "", "other"), ("the best sales", "", "")]
    db.executemany("INSERT INTO f VALUES (?, ?, ?)", rows)
    found = db.execute("SELECT rowid FROM f WHERE f MATCH ? ORDER BY rowid", (match_query("Best Buy report"),))
    assert [row[0] for row in found] == [1, 3]  # joined words are looked for in titles alone
    db.close()


def test_the_beginning_of_the_first_page_belongs_to_the_title() -> None:
    first_page = "Annual Report of the Crimson Valve Company\n" + "filler " * 60 + "hidden"
    words = title_words(["a_2023.pdf"], first_page).split()
    assert words == ["a", "2023", "Annual", "Report", "Crimson", "Valve", "Company", "filler"]


def test_words_that_stand_in_a_text_are_whole_ones() -> None:
    text = "Cats, concatenated: the CAT's re-entry; café naïve_cat 1,234.5 ﬁne"
    wanted = ["cat", "cats", "concat", "café", "caf", "naïve", "entry", "1", "234", "5", "4", "fine", "nothing"]
    for word in wanted:
        assert standing([word], text) == (word in terms(text))
    assert standing(wanted, text) == len(set(wanted) & set(terms(text))) == 8
    assert standing([], text) == standing(["cat"], "") == 0
