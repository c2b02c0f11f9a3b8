"""The guard set: shipped whole, asked as any library, its vectors made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.fusion import builtin_fusion
from retrieval.store.cache import Cache
from retrieval.training.compare import compare
from retrieval.training.guarding import guard, pictures, texts
from retrieval.types import Embedder, Floats, PartInput
from tests.hash_embedder import HashEmbedder


class Counting(HashEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def embed_parts(self, parts: list[PartInput]) -> Floats:  # type: ignore[override]
        self.asked += len(parts)
        return super().embed_parts(parts)

    embed_queries = embed_parts  # type: ignore[assignment]


def test_there_are_about_eighty_questions_and_each_has_its_own_answer() -> None:
    questions = [question for question, _ in (*texts(), *pictures())]
    assert 75 <= len(questions) == len(set(questions)) <= 85
    assert len({answer for _, answer in (*texts(), *pictures())}) == len(questions)


def test_its_vectors_are_made_once(tmp_path: Path) -> None:
    embedder, cache = Counting(), Cache(tmp_path)
    stops = 0

    def stop() -> None:
        nonlocal stops
        stops += 1

    for _ in range(2):
        with guard(embedder, cache, stop) as asked:
            first = asked.ask(asked.vectors, builtin_fusion().for_another_encoder)
        assert embedder.asked == 2 * len(first)
    assert stops > 5
    cache.close()


def test_a_map_that_forgets_is_noticed(tmp_path: Path, models: dict[str, Embedder]) -> None:
    cache = Cache(tmp_path)
    with guard(models["builtin"], cache, lambda: None) as asked:
        fusion = builtin_fusion()
        good = asked.ask(asked.vectors, fusion)
        random = np.random.default_rng(0).standard_normal(asked.vectors.shape).astype(np.float32)
        bad = asked.ask(random / np.linalg.norm(random, axis=1, keepdims=True), fusion)
        found = compare(asked.rankings(good, bad), "ndcg@10")
    cache.close()
    assert found.before.value > 0.5 and found.questions == len(texts()) + len(pictures())
    assert found.difference.high < -0.02


def test_what_is_asked_often_and_where_stages_disagree_comes_first(tmp_path: Path) -> None:
    from tests.retrieval import judged

    with judged.library(tmp_path, HashEmbedder()) as library:
        assert library.training.queue() == []
        for query, times in (("heron harbour", 1), ("otter quarry", 4), ("lynx tunnel", 1)):
            for _ in range(times):
                library.training.asked(query, [hit.page_id for hit in library.search(query).hits])
        found = library.training.queue()
        assert {teach.query for teach in found} == {"heron harbour", "otter quarry", "lynx tunnel"}
        assert found[0].query == "otter quarry" and found[0].reason
        first = library.search("otter quarry").hits[0].page_id
        assert found[0].page_id == first
        library.labels.set("otter quarry", first, False)
        again = next(teach for teach in library.training.queue() if teach.query == "otter quarry")
        assert again.page_id != first  # the next one that nobody has called wrong
        library.labels.set("otter quarry", first, True)
        assert "otter quarry" not in {teach.query for teach in library.training.queue()}
        assert len(library.training.queue(1)) == 1


@pytest.mark.parametrize("name", ["texts.tsv", "pictures.tsv"])
def test_the_tables_have_two_columns(name: str) -> None:
    import retrieval.training.guard as package

    path = Path(str(package.__file__)).parent / name
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    assert all(len(row) == 2 and all(row) for row in rows)
