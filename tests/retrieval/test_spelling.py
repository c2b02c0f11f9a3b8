from __future__ import annotations

from collections.abc import Iterator

import pytest

from retrieval import spelling
from retrieval.adding import add_texts
from tests.retrieval.workshop import Workshop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with Workshop(tmp_path_factory.mktemp("spelling")) as found:
        texts = ["Walrus feeding schedule: herring", "a schedule of the herring boats", "the boast of a walrus"]
        texts += ["over and over, government", "over again", "Marrowfen shareholders"]
        add_texts(found.store, [(str(number), text) for number, text in enumerate(texts)])
        found.finish()
        yield found


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("wallrus", "walrus"),  # one more
        ("Walrs feeding", "walrus feeding"),  # one less
        ("the scheduel of the HERRIMG?", "the schedule of the herring?"),  # exchanged, another
        ("herrrring wallrus", "herrrring walrus"),  # two letters away is too far
        ("walrus schedules", None),  # they stand there, in another form
        ("botas", "boats"),
        ("goverment", "government"),  # "overment" has the stem of "over", and is no word
        ("shareholdrs", "shareholders"),
        ("marrowfin", "marrowfen"),  # a word of the house
        ("a waltz on the coast", None),  # English that the library does not hold is no slip
        ("boat", None),
        ("giraffe", None),
        ("wal wa w", None),
        ("x" * 2000, None),
        ('"wallrus" OR (NEAR', '"walrus" OR (NEAR'),
        ("", None),
    ],
)
def test_what_was_meant(shop: Workshop, query: str, meant: str | None) -> None:
    assert spelling.meant(shop.store.read(), query) == meant


def test_it_is_offered_only_where_nothing_fits(shop: Workshop) -> None:
    assert shop.library.search("wallrus").meant == "walrus"
    assert shop.library.search("walrus").meant is None
