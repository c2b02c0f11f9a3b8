from __future__ import annotations

import random

import pytest

from ingest.types import FileKind, Kind
from retrieval.corpus_ids import Parsed, corpus_id, decode, encode, parse
from retrieval.store.pages import PageRow


def page(number: int = 1, kind: Kind = Kind.PAGE, start_s: float | None = None, end_s: float | None = None) -> PageRow:
    return PageRow(1, 1, number, kind, 10.0, 10.0, start_s, end_s, start_s, None, None, "", None)


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("plain name.pdf", "plain name.pdf"),
        ("50% off.pdf", "50%25 off.pdf"),
        ("C# notes.pdf", "C%23 notes.pdf"),
        ("%23.pdf", "%2523.pdf"),
        ("a%2523#.pdf", "a%252523%23.pdf"),
        ("a/b?c=d&e.pdf", "a/b?c=d&e.pdf"),
        ("файл 🦓.pdf", "файл 🦓.pdf"),
    ],
)
def test_only_percent_and_hash_are_encoded(name: str, encoded: str) -> None:
    assert encode(name) == encoded
    assert decode(encoded) == name


def test_the_form_of_each_kind() -> None:
    assert corpus_id("a.pdf", FileKind.PDF, page(12)) == "a.pdf#page=12"
    assert corpus_id("a.tif", FileKind.SCAN, page(12)) == "a.tif#page=12"
    assert corpus_id("a.png", FileKind.IMAGE, page(kind=Kind.PICTURE)) == "a.png"
    assert corpus_id("a.mp4", FileKind.VIDEO, page(3, Kind.MOMENT, 12.34, 15.0)) == "a.mp4#t=12.3,15.0"
    assert corpus_id("MED-10", FileKind.TEXT, page()) == "MED-10"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("a.pdf#page=3", Parsed("a.pdf", page=3)),
        ("a.mp4#t=1.5,2", Parsed("a.mp4", start_s=1.5, end_s=2.0)),
        ("a.png", Parsed("a.png")),
        ("C%23.pdf#page=1", Parsed("C#.pdf", page=1)),
        ("a#page=x", Parsed("a#page=x")),
        ("a#page=", Parsed("a#page=")),
        ("a#page=3 ", Parsed("a#page=3 ")),
        ("a#page=3\n", Parsed("a#page=3\n")),
        ("a#page=٣", Parsed("a#page=٣")),
        ("a#t=1,", Parsed("a#t=1,")),
        ("a#t=-1,2", Parsed("a#t=-1,2")),
        ("a#page=9999999999", Parsed("a#page=9999999999")),
        ("#page=1", Parsed("", page=1)),
        ("", Parsed("")),
        ("#", Parsed("#")),
    ],
)
def test_parse_never_fails(text: str, parsed: Parsed) -> None:
    assert parse(text) == parsed


def test_whatever_the_name_it_comes_back() -> None:
    chance = random.Random(4)
    for _ in range(3000):
        name = "".join(chance.choice("ab%#2350=,t.page /é🦓\n") for _ in range(chance.randrange(1, 14)))
        assert decode(encode(name)) == name
        assert parse(encode(name)).name == name
        number = chance.randrange(1, 5000)
        assert parse(corpus_id(name, FileKind.PDF, page(number))) == Parsed(name, page=number)
        start = chance.uniform(0, 9000)
        end = start + chance.uniform(0.1, 40)
        found = parse(corpus_id(name, FileKind.VIDEO, page(1, Kind.MOMENT, start, end)))
        assert found.name == name and found.start_s is not None and found.end_s is not None
        assert start <= (found.start_s + found.end_s) / 2 <= end
