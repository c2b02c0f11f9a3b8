"""A question becomes Hits."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import retrieval.words
from ingest.types import Box, Kind, Page, Passage, Source
from retrieval import fulltext, hits, search
from retrieval.adding import add_texts
from retrieval.errors import NotFound
from retrieval.fusion import Blend
from retrieval.store import fulltext as fulltext_store
from retrieval.store.pages import PageLook
from retrieval.types import Floats, PartInput, Profile, Reranker
from retrieval.words import NOISE, look_up
from tests.retrieval.fake_children import Item, moment, page
from tests.retrieval.test_fulltext import HOSTILE
from tests.retrieval.workshop import Workshop

FILES: dict[str, list[Item]] = {
    "zoo.pdf": [
        page(1, "zebra stripes are black"),
        page(2, "quokka smiles at people"),
        page(3, "nothing at all is here"),
    ],
    "farm.pdf": [page(1, "the zebra and the cow"), page(2, "a cow alone in a field")],
    "walk.mp4": [moment(1, 0.0, 4.0, "a zebra walks"), moment(2, 4.0, 9.0, "it sleeps")],
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with Workshop(tmp_path_factory.mktemp("search"), FILES) as found:
        found.add("zoo.pdf", "walk.mp4", tags=["animals"])
        found.add("farm.pdf", tags=["work"])
        add_texts(found.store, [("note", "zebra zebra zebra zebra")])
        found.finish()
        yield found


def ids(shop: Workshop, query: str, **filters: object) -> set[str]:
    return {hit.corpus_id for hit in shop.library.search(query, top=100, **filters).hits}  # type: ignore[arg-type]


def test_the_best_page_comes_first_and_says_why(shop: Workshop) -> None:
    result = shop.library.search("who does the quokka smile at?")
    hit = result.hits[0]
    assert (hit.corpus_id, hit.document, hit.page, hit.kind) == ("zoo.pdf#page=2", "zoo.pdf", 2, "page")
    assert hit.document_id == shop.library.documents.get("zoo.pdf").id and hit.pages == 3
    assert (hit.why.words, hit.why.meaning, hit.why.reranked) == (1, 1, None) and hit.why.picture is not None
    assert hit.text == "quokka smiles at people" and hit.source == "text"
    assert hit.region == Box(0.1, 0.1, 0.9, 0.2)
    assert result.terms == ("quokka", "smile") and result.searched == 8
    assert (result.by_words_only, result.reading) == (None, 0)
    assert 0.0 <= hit.score <= 1.0
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)


def test_the_json_of_a_hit_has_every_key(shop: Workshop) -> None:
    keys = [
        "document",
        "document_id",
        "kind",
        "corpus_id",
        "page",
        "start_s",
        "end_s",
        "score",
        "fits",
        "region",
        "text",
        "why",
    ]
    for hit in shop.library.search("zebra").hits:
        row = hit.as_json()
        assert list(row) == keys
        assert list(row["why"]) == ["words", "meaning", "picture", "reranked"]  # type: ignore[call-overload]
        if hit.kind is Kind.MOMENT:
            assert row["page"] is None and isinstance(row["start_s"], float)


def test_filters(shop: Workshop) -> None:
    everything = ids(shop, "zebra")
    assert len(everything) == 8
    assert ids(shop, "zebra", kind=Kind.MOMENT) == {"walk.mp4#t=0.0,4.0", "walk.mp4#t=4.0,9.0"}
    assert ids(shop, "zebra", document="farm.pdf") == {"farm.pdf#page=1", "farm.pdf#page=2"}
    assert ids(shop, "zebra", tag="work") == {"farm.pdf#page=1", "farm.pdf#page=2"}
    assert ids(shop, "zebra", tag="animals", kind=Kind.PAGE) == {f"zoo.pdf#page={n}" for n in (1, 2, 3)}
    assert ids(shop, "zebra", tag="no such tag") == set()
    assert ids(shop, "zebra", kind=Kind.PICTURE) == set()
    assert shop.library.search("zebra", tag="work").searched == 2
    sha = shop.library.documents.get("zoo.pdf").id
    assert ids(shop, "zebra", document=sha[:12]) == ids(shop, "zebra", document="zoo.pdf")
    with pytest.raises(NotFound, match=r"no document named nothing\.pdf"):
        shop.library.search("zebra", document="nothing.pdf")
    with pytest.raises(NotFound):
        shop.library.search("zebra", document="\ud800'; DROP TABLE documents; --")


def test_a_filter_finds_what_is_far_down_without_it(shop: Workshop) -> None:
    """More than a thousand better pages elsewhere do not hide the only one in the asked document."""
    many = [(f"many {number}", f"zebra zebra {number}") for number in range(1000)]
    with Workshop(shop.folder / "many", {"a.pdf": [page(1, "a word and a zebra among so many other words")]}) as other:
        add_texts(other.store, many)
        other.add("a.pdf")
        other.finish()
        assert ids(other, "zebra", document="a.pdf") == {"a.pdf#page=1"}
        hit = other.library.search("zebra", document="a.pdf").hits[0]
        assert hit.why.words == 1 and hit.why.meaning == 1


@pytest.mark.parametrize("top", [0, 1, 3])
def test_top(shop: Workshop, top: int) -> None:
    assert len(shop.library.search("zebra", top=top).hits) == top


@pytest.mark.parametrize("query", [*HOSTILE, "\ud83d half a letter", " \t\n "], ids=range(len(HOSTILE) + 2))
def test_whatever_is_asked_is_only_a_question(shop: Workshop, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No text raises, none is opened as a path or an address, none is FTS5's language; and it can be judged."""
    opened: list[object] = []
    monkeypatch.setattr(Path, "open", lambda *args, **options: opened.append(args))
    started = time.perf_counter()
    result = shop.library.search(query)
    assert time.perf_counter() - started < 20  # seconds: not that it be fast, but that it ends
    assert opened == []
    assert len(result.hits) <= 10
    if "zebra" in result.terms:
        assert any(hit.why.words is not None for hit in result.hits)
    if result.terms == ():
        assert all(hit.why.words is None for hit in result.hits)
    if query.strip():
        shop.library.labels.set(query, "note", True)
        assert [hit.judged for hit in shop.library.search(query, top=100).hits if hit.document == "note"] == [True]
        shop.library.labels.set(query, "note", None)
    shop.assert_whole()


def test_a_question_is_the_same_however_it_is_spaced(shop: Workshop) -> None:
    shop.library.labels.set("  black \n stripes ", "zoo.pdf#page=1", True)
    assert shop.library.search("black  stripes").hits[0].judged is True
    shop.library.labels.set("black stripes", "zoo.pdf#page=1", False)
    assert shop.library.search("black stripes").hits[0].judged is False
    shop.library.labels.set("black stripes", "zoo.pdf#page=1", None)
    assert shop.library.search("black stripes").hits[0].judged is None


def test_a_document_that_goes_while_it_is_found_is_left_out(shop: Workshop) -> None:
    with Workshop(shop.folder / "going", FILES) as other:
        other.add("zoo.pdf", "farm.pdf")
        other.finish()
        db = other.store.read()
        library = other.library
        within = search.scope(db, None, None, None)
        ordered = search.candidates(
            db,
            "zebra",
            within,
            fusion=library.fusion,
            index=library.models.index(),
            vector=library.question_vector("zebra"),
        )
        library.documents.remove(["zoo.pdf"], for_good=True)
        found = hits.hits(
            db, ordered, query="zebra", fusion=library.fusion, judged={}, generation=library.models.generation_id
        )
        assert {hit.document for hit in found} == {"farm.pdf"}
        assert {name.split("#")[0] for name, _ in hits.ranked(db, ordered, "fused")} == {"farm.pdf"}


def test_rank_orders_by_each_stage(shop: Workshop) -> None:
    words = shop.library.rank("zebra", stage="words")
    assert words[0][0] == "note" and {name for name, _ in words} == {
        "note", "zoo.pdf#page=1", "farm.pdf#page=1", "walk.mp4#t=0.0,4.0",
    }  # fmt: skip
    for stage in ("vectors", "fused", "full"):
        ranked = shop.library.rank("zebra", stage=stage)
        scores = [score for _, score in ranked]
        assert len(ranked) == 8 and scores == sorted(scores, reverse=True)
    limited = shop.library.rank("zebra", documents=("farm.pdf", shop.library.documents.get("note").id))
    assert {name for name, _ in limited} == {"farm.pdf#page=1", "farm.pdf#page=2", "note"}
    assert shop.library.rank("zebra", documents=()) == []
    assert len(shop.library.rank("zebra", top=2)) == 2


class Backwards:
    """Likes what others like least."""

    profiles = frozenset({Profile(Kind.PAGE, True)})

    def __init__(self) -> None:
        self.shown: list[str] = []

    def score(self, query: str, parts: Sequence[PartInput]) -> Floats:
        self.shown = [part.text or "" for part in parts]
        return np.arange(len(parts), dtype=np.float32)


def test_a_reranker_orders_its_profiles_and_leaves_the_others_in_place(shop: Workshop) -> None:
    plain = shop.library.search("zebra", top=100).hits
    reranker = Backwards()
    shop.library.reranker = reranker
    try:
        ranked = shop.library.search("zebra", top=100).hits
        without = shop.library.search("zebra", top=100, rerank=False).hits
    finally:
        shop.library.reranker = None
    assert [hit.corpus_id for hit in without] == [hit.corpus_id for hit in plain]
    mine = [hit.corpus_id for hit in plain if hit.kind is Kind.PAGE]
    assert [hit.corpus_id for hit in ranked if hit.kind is Kind.PAGE] == mine[::-1]
    assert [hit.kind for hit in ranked] == [hit.kind for hit in plain]
    assert [hit.why.reranked for hit in ranked if hit.kind is Kind.PAGE] == list(range(1, len(mine) + 1))
    assert all(hit.why.reranked is None for hit in ranked if hit.kind is Kind.MOMENT)
    assert all(reranker.shown)
    scores = [hit.score for hit in ranked]
    assert scores == sorted(scores, reverse=True)


class ByNumber:
    """Reads one Profile and gives the scores of a table, by the text it is shown."""

    profiles = frozenset({Profile(Kind.PAGE, True)})

    def __init__(self, **scores: float) -> None:
        self.scores = scores

    def score(self, query: str, parts: Sequence[PartInput]) -> Floats:
        return np.array([self.scores.get((part.text or " ").split()[0], 0.0) for part in parts], np.float32)


def test_a_blend_weighs_what_was_known_before_and_what_was_read(shop: Workshop) -> None:
    library, db = shop.library, shop.store.read()
    fusion = replace(library.fusion, reranked={"page/text": Blend(0.5, 2.0, -1.0)})
    now = library.models.answering()
    within = search.scope(db, None, None, None)

    def ask(reranker: Reranker | None) -> list[search.Candidate]:
        vector = library.question_vector("zebra")
        return search.candidates(db, "zebra", within, fusion=fusion, index=now.index, vector=vector, reranker=reranker)

    before = ask(None)
    ordered = ask(ByNumber(zebra=-3.0, quokka=5.0))
    fused = {candidate.page_id: candidate.fused for candidate in before}
    assert {candidate.page_id: candidate.fused for candidate in ordered} == fused

    def weighed(candidate: search.Candidate) -> float:
        first = search.shown(db, [candidate])[0].text or " "
        return 0.5 * candidate.fused + 2.0 * {"zebra": -3.0, "quokka": 5.0}.get(first.split()[0], 0.0) - 1.0

    def read(candidate: search.Candidate) -> bool:
        return candidate.page.has_text and candidate.page.kind is Kind.PAGE

    assert any(map(read, before[: search.RERANK_K])) and not all(map(read, before[: search.RERANK_K]))
    first = [candidate for candidate in ordered[: search.RERANK_K] if read(candidate)]
    assert [c.page_id for c in first] == [c.page_id for c in sorted(first, key=weighed, reverse=True)]
    assert [c.page_id for c in first] != [c.page_id for c in before[: search.RERANK_K] if read(c)]
    assert [c.why.reranked for c in first] == list(range(1, len(first) + 1))
    assert [read(candidate) for candidate in ordered] == [
        read(candidate) for candidate in before
    ]  # places of the others
    assert [candidate.chance for candidate in ordered] == [candidate.chance for candidate in before]


def test_words_side_by_side_are_more_than_the_same_words_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        ("apart", "net profit before tax, and interest income of the year"),
        ("beside", "tax on profit, before interest: the net income and year"),
        ("another", "of something else"),
    ]
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, texts)
        shop.finish()
        db = shop.store.read()

        def phrases() -> list[float]:
            found = {page_id: search.Candidate(page_id) for page_id in (1, 2, 3)}
            search.cover(look_up(db, "what was the net income of the year"), search.scope(db, None, None, None), found)
            return [found[page_id].phrases for page_id in (1, 2, 3)]

        assert phrases() == pytest.approx([0.5, 0.5, 0.0])  # "income of the year", "net income"
        hits = shop.library.search("what was the net income").hits
        assert [(hit.corpus_id, hit.why.side_by_side) for hit in hits[:2]] == [("beside", True), ("apart", False)]
        monkeypatch.setattr(retrieval.words, "PHRASE_PAGES", 1)
        assert phrases() == [0.0, 0.0, 0.0]


def test_a_page_that_is_named_by_its_number_is_found(shop: Workshop) -> None:
    assert ids(shop, "what is on page 3 with the zebra") >= {"zoo.pdf#page=3"}  # it holds no word of it
    before = [hit.corpus_id for hit in shop.library.search("who smiles at the zebra").hits]
    after = [hit.corpus_id for hit in shop.library.search("who smiles at the zebra on page 2").hits]
    assert after.index("zoo.pdf#page=2") <= before.index("zoo.pdf#page=2")
    assert "zoo.pdf#page=3" not in ids(shop, "what is on page 3 with the zebra", kind=Kind.MOMENT)
    db = shop.store.read()
    found = search.candidates(
        db, "zebra on page 2", search.scope(db, None, None, None), fusion=shop.library.fusion, index=None, vector=None
    )
    numbered = {(c.page.kind, c.page.number) for c in found if c.number}
    assert numbered == {(Kind.PAGE, 2)}


@pytest.mark.parametrize("query", ["page 2 of the zoo report", "zoo page 2", "Zoo.pdf, p. 2"])
def test_a_page_that_is_named_by_its_document_and_number_comes_first(shop: Workshop, query: str) -> None:
    first = shop.library.search(query).hits[0]
    assert first.corpus_id == "zoo.pdf#page=2" and first.why.named
    assert shop.library.search(query.replace("2", "1")).hits[0].corpus_id == "zoo.pdf#page=1"


def test_of_very_many_pages_those_with_most_of_the_words_are_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("amber", "birch", "cedar", "delta")
    texts = [
        (f"{n:03}", " ".join(word for at, word in enumerate(words) if (n >> at) & 1) + " filler") for n in range(64)
    ]
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, texts)
        shop.finish()
        db, query = shop.store.read(), " ".join(words)

        def by_words(within: search.Scope) -> dict[int, float | None]:
            found: dict[int, search.Candidate] = {}
            search.by_words(db, look_up(db, query), within, found)
            return {page_id: candidate.bm25 for page_id, candidate in found.items()}

        everything = search.scope(db, None, None, None)
        some = search.Scope(np.arange(1, 33), 32)
        full = by_words(everything)
        assert len(full) == 60  # all but the four without a word
        monkeypatch.setattr(retrieval.words, "BM25_PAGES", 8)
        for within in (everything, some):
            few = by_words(within)
            allowed = set(range(1, 65)) if within.page_ids is None else set(within.page_ids.tolist())
            assert {page: full[page] for page in few} == few and few.keys() <= allowed
            held = sorted((bin((page - 1) & 15).count("1") for page in full if page in allowed), reverse=True)
            assert 8 <= len(few) < len(full.keys() & allowed)
            assert sorted((bin((page - 1) & 15).count("1") for page in few), reverse=True) == held[: len(few)]
        monkeypatch.setattr(retrieval.words, "BM25_PAGES", 60)
        assert by_words(everything) == full
        assert by_words(some) == {page: score for page, score in full.items() if page <= 32}


def test_words_that_stand_nearly_everywhere_are_skipped_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the ranking of every page by every word: equally long pages tie by the rare word, longer ones do not."""
    chance = np.random.default_rng(4)
    texts = []
    for number in range(120):
        words = ["common"] * int(chance.integers(1, 4)) + ["usual"] * int(chance.integers(0, 3))
        words += ["rare"] * int(chance.random() < 0.3) + ["other"] * int(chance.integers(0, 2) * (number % 3 == 0))
        words += ["filler"] * (12 - len(words) + number % 2 * int(chance.integers(0, 5)))
        texts.append((f"{number:03}", " ".join(words)))
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, texts)
        shop.finish()
        db, everything = shop.store.read(), search.scope(shop.store.read(), None, None, None)
        for most, query in itertools.product((5, 20, 100), ("common rare", "usual common other rare", "common usual")):
            monkeypatch.setattr(search, "WORDS_K", most)
            words = look_up(db, query)
            assert (words.telling_match() is not None) == ("rare" in query)
            found: dict[int, search.Candidate] = {}
            search.by_words(db, words, everything, found)
            match = words.match()
            assert match is not None
            slow = fulltext_store.match(db, match, most, fulltext.WEIGHTS)
            assert {page for page, _ in slow} == set(found)  # the same at the edge, where many tie but for noise
            assert [score for _, score in slow] == pytest.approx([c.bm25 for c in found.values()], abs=NOISE)


def test_evidence_of_a_document_and_of_the_neighbours_is_that_of_a_slow_search() -> None:
    chance = np.random.default_rng(5)
    found = []
    for place in chance.permutation(60).tolist():
        page = PageLook(1 + place // 10, 1 + place % 10, Kind.PAGE, True)
        text = None if chance.random() < 0.3 else float(chance.normal())
        found.append(search.Candidate(place, words=float(chance.integers(0, 4)), text=text, look=page))
    found = found[:30]  # some documents with gaps, some alone
    for candidate, row in zip(found, search.evidence(found), strict=True):
        mine = candidate.page
        others = [c for c in found if c is not candidate and c.page.document_id == mine.document_id]
        near = [c for c in others if abs(c.page.number - mine.number) == 1]
        best = [max((c.words for c in others), default=0.0), max((c.text or 0.0 for c in others), default=0.0)]
        beside = [max([0.0, *(c.words for c in near)]), max([0.0, *(c.text or 0.0 for c in near)])]
        assert row[6:].tolist() == pytest.approx([*best, *beside], abs=1e-6)


def test_a_reranker_is_shown_the_text_of_pages_without_vectors(tmp_path: Path) -> None:
    with Workshop(tmp_path, FILES) as other:
        other.add("zoo.pdf", "farm.pdf")
        other.step()
        other.step()
        reranker = Backwards()
        other.library.reranker = reranker
        other.library.search("zebra cow")
        assert sorted(reranker.shown) == ["a cow alone in a field", "the zebra and the cow", "zebra stripes are black"]


def test_the_passage_that_holds_the_words_is_shown(tmp_path: Path) -> None:
    passages = tuple(
        Passage(text, Box(0.0, top, 1.0, top + 0.1), Source.TEXT)
        for text, top in (("cows eat grass", 0.0), ("a quokka smiles", 0.3), ("quokka " + "word " * 300, 0.6))
    )
    with Workshop(tmp_path, {"a.pdf": [Page(1, Kind.PAGE, 100.0, 100.0, passages)]}) as shop:
        shop.add("a.pdf")
        shop.step()
        hit = shop.library.search("does the quokka smile").hits[0]
        assert hit.text == "a quokka smiles" and hit.region == passages[1].box
        hit = shop.library.search("word quokka").hits[0]
        assert hit.text is not None and len(hit.text) <= 500 and hit.text.endswith("…")


def test_an_empty_library_answers_nothing(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        result = shop.library.search("zebra")
        assert (result.hits, result.searched, result.reading) == ([], 0, 0)
        assert shop.library.rank("zebra") == []
