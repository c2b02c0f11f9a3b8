"""The whole loop over every kind of Embedder: judged, retrained boldly, promoted, and the same in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest.types import Limits
from retrieval.adding import add_files
from retrieval.library import Library
from retrieval.pipeline import Pipeline
from retrieval.store import jobs
from retrieval.training.job import do
from retrieval.training.types import Recipe, TrainSettings, Verdict
from retrieval.types import Embedder, Floats, PartInput
from tests.retrieval.fake_children import FakeChildren, Item, file, page

WORDS = "zebra quokka lemur tapir okapi heron otter gecko bison llama raven newt".split()
ASKED = [f"{how} the {word}" for word in WORDS for how in ("where is", "who saw")]
FILES: dict[str, list[Item]] = {
    name: [page(number, f"the {word} and what it eats") for number, word in enumerate(some, 1)]
    for name, some in (("a.pdf", WORDS[:6]), ("b.pdf", WORDS[6:]))
}
KINDS = ("builtin", "clip", "qwen3_vl")
# steps large enough that random nets move at all
SETTINGS = {
    "builtin": TrainSettings(Recipe.BOLD, epochs=1, batch_size=8, map_steps=5),
    "clip": TrainSettings(Recipe.BOLD, epochs=2, batch_size=8, learning_rate=3e-4, map_steps=5),
    "qwen3_vl": TrainSettings(Recipe.BOLD, epochs=2, batch_size=8, learning_rate=3e-3, map_steps=5),
}


class Loop:
    """A library without a worker: what is to be done is done by the test."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(folder / "library", cache=folder / "cache")
        self.library.wake = lambda: None  # type: ignore[method-assign]
        children = FakeChildren(FILES)
        self.library._children = children
        self.pipeline = Pipeline(
            self.library.store, self.library.blobs, self.library.cache, children, self.library.models.load
        )
        for name in FILES:
            file(folder / "in", name)
        paths = [folder / "in" / name for name in FILES]
        add_files(self.library.store, self.library.blobs, paths, [], False, {}, Limits())
        self.finish()
        for place, query in enumerate(ASKED):
            number = place // 2
            self.library.labels.set(query, f"{'ab'[number // 6]}.pdf#page={number % 6 + 1}", True)

    def finish(self) -> None:
        while self.pipeline.step():
            pass

    def base(self, name: str, checkpoints: dict[str, Path]) -> str:
        """The Model of that kind, current, with all its vectors."""
        if name == "builtin":
            model = "builtin"
        else:
            model = self.library.models.add(str(checkpoints[name]), wait=False).id
            self.finish()
        return self.library.models.promote(model).id

    def train(self, settings: TrainSettings) -> Verdict:
        job = self.library.training.train(settings, wait=False)
        assert isinstance(job, int)
        with self.library.store.write() as db:
            jobs.start(db, job)
        do(self.library, job, lambda: False)
        (done,) = [row for row in self.library.jobs.list() if row.id == job]
        assert done.state == "done", done.message
        model = next(row for row in self.library.models.versions())
        verdict = self.library.models.verdict(model.id)
        assert verdict is not None
        return verdict


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    made = Loop(tmp_path_factory.mktemp("loop"))
    yield made
    made.pipeline.close()
    made.library.close()


@pytest.fixture(scope="module")
def verdicts(loop: Loop, checkpoints: dict[str, Path]) -> dict[str, Verdict]:
    done = {}
    for name in KINDS:
        base = loop.base(name, checkpoints)
        verdict = loop.train(SETTINGS[name])
        assert verdict.base == base
        loop.library.models.promote(verdict.model, force=True)
        assert loop.library.models.current.id == verdict.model
        done[name] = verdict
    return done


def rows_of(embedder: Embedder) -> Floats:
    parts = [PartInput(text="the zebra"), PartInput(picture=Image.new("RGB", (40, 40), (30, 200, 30)))]
    return np.concatenate([embedder.embed_queries([PartInput(text="where is the zebra")]), embedder.embed_parts(parts)])


def test_a_bold_model_says_what_moved(verdicts: dict[str, Verdict], loop: Loop) -> None:
    encoder = {"builtin": "text encoder", "clip": "encoder", "qwen3_vl": "encoder"}
    for name, verdict in verdicts.items():
        assert verdict.recipe is Recipe.BOLD and encoder[name] in verdict.moved
        assert verdict.learned_from + verdict.measured_on == len(ASKED) or verdict.cross_validated
        assert loop.library.models.get(verdict.model).ready


def test_every_page_has_its_vectors_and_answers(verdicts: dict[str, Verdict], loop: Loop) -> None:
    for verdict in verdicts.values():
        loop.library.models.promote(verdict.model, force=True)
        info = next(row for row in loop.library.models.versions() if row.id == verdict.model)
        assert info.current and info.embedded == info.parts == 24
        result = loop.library.search("the zebra and what it eats")
        assert result.by_words_only is None and result.hits[0].corpus_id == "a.pdf#page=1"


def test_a_fresh_process_opens_the_same_models(verdicts: dict[str, Verdict], loop: Loop) -> None:
    script = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image
from retrieval import Library
from retrieval.types import PartInput

parts = [PartInput(text="the zebra"), PartInput(picture=Image.new("RGB", (40, 40), (30, 200, 30)))]
with Library(sys.argv[1], cache=Path(sys.argv[2])) as library:
    found = {}
    for model in sys.argv[3:]:
        one = library.models.load(model)
        rows = [*one.embed_queries([PartInput(text="where is the zebra")]), *one.embed_parts(parts)]
        found[model] = [one.document_key, one.query_key, np.array(rows).tolist()]
    print(json.dumps(found))
"""
    models = [verdict.model for verdict in verdicts.values()]
    command = [sys.executable, "-c", script, str(loop.library.path), str(loop.library.cache.path.parent), *models]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert len(found) == 3
    for model, (document_key, query_key, rows) in found.items():
        here = loop.library.models.load(model)
        assert (document_key, query_key) == (here.document_key, here.query_key)
        np.testing.assert_allclose(np.array(rows, np.float32), rows_of(here), atol=2e-6)


def test_back_to_builtin_is_what_it_was(verdicts: dict[str, Verdict], loop: Loop) -> None:
    assert loop.library.models.rollback("builtin").id == "builtin"
    new = loop.library.models.load(verdicts["builtin"].model)
    assert new.document_key != loop.library.models.embedder().document_key
