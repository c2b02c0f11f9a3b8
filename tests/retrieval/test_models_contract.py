"""What holds for a trained Model on every kind of embedder: promoted, it answers with its map; a fresh process gives the
same vectors to the last bit; going back, it is as before; and it leaves as a folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.builtin.embedder import BuiltinEmbedder
from retrieval.builtin.trained import PROJECTION_FILE, projection_state
from retrieval.library import Library
from retrieval.store import models as model_store
from retrieval.store import vectors
from retrieval.store.db import set_setting
from retrieval.trained import CARD_FILE, FUSION_FILE, finish, inherit, writing
from retrieval.training.mapped import apply_map, mapped, save_map
from retrieval.types import Embedder, PartInput
from tests.retrieval.conftest import Models
from tests.retrieval.taught import row, turned

KINDS = ("builtin", "clip", "qwen3_vl")
QUESTIONS = [PartInput(text="a red kite"), PartInput(text="the price of herring")]
FRESH = """
import hashlib, json, sys
from pathlib import Path
from retrieval.library import Library
from retrieval.types import PartInput
questions = [PartInput(text=text) for text in ("a red kite", "the price of herring")]
with Library(Path(sys.argv[1]), cache=Path(sys.argv[2])) as library:
    found = {}
    for name in sys.argv[3:]:
        embedder = library.models.load(name)
        rows = [embedder.embed_queries(questions), embedder.embed_parts(questions)]
        found[name] = [embedder.query_key, embedder.document_key, *(hashlib.sha256(r.tobytes()).hexdigest() for r in rows)]
    print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def library(
    models: Models, checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """Holds a Model and one trained on it ("… taught") of each kind; on builtin also one with its own projection."""
    home = tmp_path_factory.mktemp("contract")
    with Library(home / "library", cache=home / "cache") as found:
        found.wake = lambda: None  # type: ignore[method-assign]
        found.models._bases = {
            (str(checkpoints.get(kind, kind)), None): models[kind] for kind in KINDS
        }  # loaded once for the whole run
        with found.store.write() as db:
            set_setting(db, "precision", "float32")
            for kind in KINDS[1:]:
                base = models[kind]
                generation = vectors.generation(db, base.document_key, base.dim)
                model_store.insert(db, kind, kind, str(checkpoints[kind]), None, generation, base.query_key)
        for seed, kind in enumerate(KINDS):
            put(found, kind, seed, models[kind])
        projected(found, models["builtin"])
        yield found


def put(library: Library, kind: str, seed: int, base: Embedder) -> None:
    matrix = turned(base.dim, seed) * 0.05
    with writing(library.path, kind) as folder:
        save_map(folder, matrix)
        (folder / FUSION_FILE).write_text(fusion(), "utf-8")
        (folder / CARD_FILE).write_text(f"# {kind}\n", "utf-8")
        finish(folder, library.path, f"{kind}-taught")
    register(library, f"{kind}-taught", kind, mapped(base, matrix))


def projected(library: Library, base: Embedder) -> None:
    """A Model whose pictures are projected otherwise; then one that was trained on it and takes that over."""
    from safetensors.torch import save_file

    assert isinstance(base, BuiltinEmbedder)
    for name, before in (("projected", None), ("projected-taught", "projected")):
        with writing(library.path, name) as folder:
            if before is None:
                state = {key: value * 1.5 for key, value in projection_state(base.route("image")[1:]).items()}
                save_file(state, folder / PROJECTION_FILE)
            else:
                save_map(folder, turned(base.dim, 9) * 0.05)
                inherit(folder, library.models.folder(before))
            (folder / FUSION_FILE).write_text(fusion(), "utf-8")
            finish(folder, library.path, name)
        from retrieval.trained import opened

        register(library, name, "builtin", opened(lambda: base, library.models.folder(name), lambda: "float32"))


def fusion() -> str:
    from importlib import resources

    return resources.files("retrieval").joinpath("fusion.json").read_text("utf-8")


def register(library: Library, model_id: str, kind: str, embedder: Embedder) -> None:
    location = library.models.row(kind).location
    with library.store.write() as db:
        generation = vectors.generation(db, embedder.document_key, embedder.dim)
        made = row(model_id, 1, generation, model_id, name=model_id)
        model_store.insert_trained(db, made._replace(location=location, base=kind, query_key=embedder.query_key))


@pytest.mark.parametrize("kind", KINDS)
def test_promoted_it_answers_with_its_map(library: Library, models: Models, kind: str) -> None:
    base = models[kind]
    library.models.promote(kind, force=True)
    before = library.models.embedder().embed_queries(QUESTIONS)
    library.models.promote(f"{kind}-taught")
    embedder = library.models.embedder()
    rows = embedder.embed_queries(QUESTIONS)
    assert np.allclose(rows, apply_map(before, turned(base.dim, KINDS.index(kind)) * 0.05), atol=1e-6)
    assert not np.allclose(rows, before, atol=1e-3)
    assert (embedder.document_key, embedder.query_key != base.query_key) == (base.document_key, True)
    assert library.models.generation_id == library.models.row(kind).generation_id
    library.models.rollback()
    assert np.array_equal(library.models.embedder().embed_queries(QUESTIONS), before)


def test_a_folder_needs_no_other_models(library: Library, models: Models) -> None:
    """Own weights are taken over, so the Model they come from may go."""
    first, second = library.models.load("projected"), library.models.load("projected-taught")
    assert first.document_key == second.document_key != models["builtin"].document_key
    assert (library.models.folder("projected-taught") / PROJECTION_FILE).exists()


def test_a_fresh_process_gives_the_same_vectors(library: Library) -> None:
    names = [f"{kind}-taught" for kind in KINDS] + ["projected-taught"]
    command = [sys.executable, "-c", FRESH, str(library.path), str(library.path.parent / "cache"), *names]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr
    fresh = json.loads(done.stdout.splitlines()[-1])
    for name in names:
        embedder = library.models.load(name)
        rows = [embedder.embed_queries(QUESTIONS), embedder.embed_parts(QUESTIONS)]
        digests = [hashlib.sha256(found.tobytes()).hexdigest() for found in rows]
        assert fresh[name] == [embedder.query_key, embedder.document_key, *digests], name


@pytest.mark.parametrize("kind", KINDS)
def test_it_leaves_as_a_folder(library: Library, tmp_path: Path, kind: str) -> None:
    from sentence_transformers import SentenceTransformer

    folder = library.models.export(f"{kind}-taught", tmp_path / "out")
    assert f"# {kind}" in (folder / "README.md").read_text("utf-8")
    if kind == "qwen3_vl":
        return  # outside of Folioscope this kind wants torchvision, as its card says
    model = SentenceTransformer(str(folder), device="cpu")
    rows = model.encode_query([{"text": question.text} for question in QUESTIONS], normalize_embeddings=True)
    assert np.allclose(rows, library.models.load(f"{kind}-taught").embed_queries(QUESTIONS), atol=1e-5)
