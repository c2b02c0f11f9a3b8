"""Questions that name a ratio, and pages that have its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval import search
from retrieval.adding import add_texts
from retrieval.ratios import spelled_out
from tests.retrieval.workshop import Workshop

BALANCE = "consolidated balance sheets: cash 5, total assets 90, total liabilities 40; net income kept in the firm 7"
TEXTS = [
    ("balance", BALANCE),
    ("story", "the harbour was quiet in spring, and the ferry ran on time"),
    ("dividend", "a dividend of 2 was paid in June"),
]
QUESTION = "what was the roa of the firm"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("What is Costco's return on assets?", "net income total assets"),
        ("EBITDA of 2021", "operating income depreciation amortization"),
        ("debt-to-equity ratio", "long-term debt"),
        ("quick ratio, and EPS", "earnings per share"),
    ],
)
def test_a_ratio_is_spelled_out_behind_the_question(query: str, found: str) -> None:
    spelled = spelled_out(query)
    assert spelled is not None and spelled.startswith(query) and found in spelled


@pytest.mark.parametrize(
    "query", ["", "how many steps are there", "the ratio of cats to dogs", "steps", "Roe v. Wades"]
)
def test_other_questions_are_left_alone(query: str) -> None:
    assert spelled_out(query) is None


def test_the_lines_of_a_ratio_are_found_and_its_name_comes_first(tmp_path: Path) -> None:
    with Workshop(tmp_path) as shop:
        add_texts(shop.store, TEXTS)
        shop.finish()
        library, db = shop.library, shop.store.read()
        index, within = library.models.index(), search.scope(db, None, None, None)

        def chances(spelled: bool) -> dict[int, float]:
            found = search.candidates(
                db,
                QUESTION,
                within,
                fusion=library.fusion,
                index=index,
                vector=library.question_vector(QUESTION),
                embed=library.question_vector if spelled else None,
            )
            values = [(candidate.fused, candidate.chance) for candidate in found]
            assert values == sorted(values, reverse=True)
            assert len({candidate.page_id for candidate in found}) == len(found)
            return {candidate.page_id: candidate.fused for candidate in found}

        literal, both = chances(False), chances(True)
        assert all(both[page] >= literal[page] for page in literal)
        assert both[1] > literal[1] and max(both, key=lambda page: both[page]) == 1
        add_texts(shop.store, [("named", "the roa of the firm was 8 %")])
        shop.finish()
        hits = library.search(QUESTION).hits
        assert [hit.corpus_id for hit in hits][:2] == ["named", "balance"]
