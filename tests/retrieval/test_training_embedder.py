"""One contract for training every kind of Embedder: built in, tiny CLIP, tiny Qwen3-VL (LoRA)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.builtin import load_builtin
from retrieval.errors import FolioscopeError, ModelError
from retrieval.training.dataset import Example, Examples, Shown
from retrieval.training.embedder import Cancelled, open_trained, train_embedder
from retrieval.training.records import Trained
from retrieval.training.types import Recipe, TrainSettings
from retrieval.types import Embedder, Floats, PartInput, Route, WithFeatures
from tests.hash_embedder import HashEmbedder
from tests.retrieval.conftest import Models

KINDS = ("builtin", "clip", "qwen3_vl")
RATES = {"builtin": 1e-4, "clip": 1e-3, "qwen3_vl": 3e-3}  # where eight rows are learned by heart in a few steps
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 40)]
NAMES = ["first", "second", "third", "fourth"]
SETTINGS = TrainSettings(recipe=Recipe.BOLD, epochs=10, batch_size=4, learning_rate=1e-3, seed=3)


def picture(page_id: int) -> Image.Image:
    return Image.new("RGB", (40, 40), COLOURS[page_id % 4])


def made(route: Route, rows: int = 4) -> tuple[Example, ...]:
    """Questions that answer to a text, or a colour, by nothing but their place in the list: to be learned by heart."""
    pictured = route is Route.PICTURE

    def shown(page: int) -> Shown:
        return Shown(10 * page + pictured, page, None if pictured else f"passage {NAMES[page]} {page}")

    return tuple(
        Example(f"what about {NAMES[(row + 2) % 4]}", route, shown(row), (shown((row + 1) % 4),)) for row in range(rows)
    )


BOTH = made(Route.TEXT) + made(Route.PICTURE)
EXAMPLES = Examples(BOTH)


def see_for(embedder: Embedder) -> Callable[[int], object]:
    if isinstance(embedder, WithFeatures):
        rows = embedder.features([picture(page) for page in range(4)])
        return lambda page: rows[page % 4]
    return picture


def trained(
    embedder: Embedder, folder: Path, examples: Examples = EXAMPLES, settings: TrainSettings = SETTINGS
) -> Trained:
    return train_embedder(embedder, examples, settings, folder, lambda *_: None, lambda: False, see=see_for(embedder))


def rows_of(embedder: Embedder) -> Floats:
    parts = [PartInput(text="passage first 0"), PartInput(picture=picture(1))]
    return np.concatenate([embedder.embed_queries([PartInput(text="what about third")]), embedder.embed_parts(parts)])


Case = tuple[str, Embedder, Path, Trained]


@pytest.fixture(scope="module")
def cases(models: Models, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """Every kind, trained once."""
    done: dict[str, Case] = {}
    for name in KINDS:
        folder = tmp_path_factory.mktemp(name)
        before = rows_of(models[name])
        record = trained(models[name], folder, settings=replace(SETTINGS, learning_rate=RATES[name]))
        np.testing.assert_array_equal(rows_of(models[name]), before)  # the one that answers meanwhile is left alone
        done[name] = (name, models[name], folder, record)
    return done


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    return cases[request.param]


def test_the_loss_falls_on_what_is_learned_by_heart(case: Case) -> None:
    _, _, _, record = case
    assert record.steps == len(record.losses) >= 12
    assert np.mean(record.losses[-4:]) < 0.8 * np.mean(record.losses[:4])


def test_the_new_model_knows_what_it_was_taught(case: Case) -> None:
    _, embedder, folder, _ = case
    new = open_trained(embedder, folder)

    def margin(one: Embedder) -> float:
        questions = one.embed_queries([PartInput(text=example.query) for example in BOTH])
        right = one.embed_parts([part(example.right) for example in BOTH])
        wrong = one.embed_parts([part(example.wrong[0]) for example in BOTH])
        return float(np.mean(np.sum(questions * (right - wrong), axis=1)))

    assert margin(new) > margin(embedder) + 0.02


def part(shown: Shown) -> PartInput:
    return PartInput(text=shown.text) if shown.text is not None else PartInput(picture=picture(shown.page_id))


def test_keys_say_that_it_is_another_model(case: Case) -> None:
    _, embedder, folder, _ = case
    new = open_trained(embedder, folder)
    assert new.document_key != embedder.document_key and new.query_key != embedder.query_key
    assert new.dim == embedder.dim
    if isinstance(embedder, WithFeatures):
        assert isinstance(new, WithFeatures) and new.feature_key == embedder.feature_key  # stored features stay good


def test_a_fresh_process_gives_the_same_vectors(cases: dict[str, Case], checkpoints: dict[str, Path]) -> None:
    script = """
import json, sys
from pathlib import Path
from PIL import Image
from retrieval.builtin import load_builtin
from retrieval.embedders import load_embedder
from retrieval.training.embedder import open_trained
from retrieval.types import PartInput

parts = [PartInput(text="passage first 0"), PartInput(picture=Image.new("RGB", (40, 40), (30, 200, 30)))]
found = {}
for name, (base, folder) in json.loads(sys.argv[1]).items():
    one = open_trained(load_embedder(base, device="cpu") if base else load_builtin(device="cpu"), Path(folder))
    rows = [*one.embed_queries([PartInput(text="what about third")]).tolist(), *one.embed_parts(parts).tolist()]
    found[name] = [one.document_key, one.query_key, rows]
print(json.dumps(found))
"""
    given = {name: [str(checkpoints.get(name, "")), str(case[2])] for name, case in cases.items()}
    command = [sys.executable, "-c", script, json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for name, (document_key, query_key, rows) in json.loads(done.stdout).items():
        new = open_trained(cases[name][1], cases[name][2])
        assert (document_key, query_key) == (new.document_key, new.query_key)
        np.testing.assert_allclose(np.array(rows, np.float32), rows_of(new), atol=2e-6)


def test_only_data_files_are_written(case: Case) -> None:
    _, _, folder, record = case
    kinds = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert kinds <= {".safetensors", ".json", ".jinja", ".txt"}
    saved = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    assert saved["loss"] == "mnrl" and saved["seed"] == 3 and saved["steps"] == record.steps


def test_lora_is_merged(case: Case) -> None:
    name, _, folder, _ = case
    if name == "qwen3_vl":
        names = {path.name for path in folder.rglob("*")}
        assert "adapter_config.json" not in names and "model.safetensors" in names


def test_half_precision_opens_the_same_weights(cases: dict[str, Case]) -> None:
    """Trained in float32, opened where bfloat16 is the faster one: nearly the same vectors under the same keys."""
    _, exact, folder, _ = cases["builtin"]
    new = open_trained(exact, folder)
    half = open_trained(load_builtin("bfloat16", device="cpu"), folder)
    assert (half.document_key, half.query_key) == (new.document_key, new.query_key)
    cosines = np.sum(rows_of(half) * rows_of(new), axis=1)
    assert (cosines > 0.97).all() and (cosines < 1.0 - 1e-7).any()


def test_the_same_seed_gives_the_same_weights(models: Models, tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=1)
    keys = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        trained(models["clip"], tmp_path / name, settings=settings)
        keys.append(open_trained(models["clip"], tmp_path / name).document_key)
    assert keys[0] == keys[1]


@pytest.mark.parametrize("loss", ["mnrl", "cached-mnrl", "triplet", "contrastive", "matryoshka"])
@pytest.mark.parametrize("name", ["clip", "qwen3_vl"])
def test_every_loss_runs(models: Models, tmp_path: Path, name: str, loss: str) -> None:
    rate = {"clip": 3e-4, "qwen3_vl": 3e-3}[name]
    record = trained(
        models[name], tmp_path, settings=replace(SETTINGS, epochs=8, loss=loss, batch_size=3, learning_rate=rate)
    )
    assert record.loss == loss and np.isfinite(record.losses).all()
    third = len(record.losses) // 3
    assert np.mean(record.losses[-third:]) < np.mean(record.losses[:third])


def test_an_unknown_loss_is_named(models: Models, tmp_path: Path) -> None:
    with pytest.raises(FolioscopeError, match="no loss magic") as caught:
        trained(models["clip"], tmp_path, settings=replace(SETTINGS, loss="magic"))
    assert "mnrl" in caught.value.remedy


def test_the_inner_split_says_how_far_to_go(models: Models, tmp_path: Path) -> None:
    """The inner questions want what the old model ranks first, and the opposite is taught: 0 of the way."""
    clip = models["clip"]
    train, inner = [], []
    for route in Route:
        some = [example for example in BOTH if example.route is route]
        shown = [example.right for example in some]
        scores = (
            clip.embed_queries([PartInput(text=e.query) for e in some]) @ clip.embed_parts([part(s) for s in shown]).T
        )
        for example, order in zip(some, np.argsort(-scores, axis=1), strict=True):
            first, last = shown[order[0]], shown[order[-1]]
            inner.append(replace(example, right=first, wrong=(last,)))
            train.append(replace(example, right=last, wrong=(first,)))
    record = trained(clip, tmp_path, Examples(tuple(train), tuple(inner)))
    assert record.inner[0] == 1.0 and record.shares[1.0] < 1.0  # it did learn the opposite
    assert record.share == 0.0 and set(record.shares) == {0.0, 0.25, 0.5, 1.0}
    new = open_trained(clip, tmp_path)
    np.testing.assert_allclose(rows_of(new), rows_of(clip), atol=2e-6)


def test_it_ends_when_the_inner_split_stops_gaining(models: Models, tmp_path: Path) -> None:
    record = trained(models["clip"], tmp_path, Examples(BOTH, BOTH), replace(SETTINGS, epochs=40))
    best = int(np.argmax(record.inner[1:]))
    assert len(record.inner) - 2 - best == 2 and len(record.inner) < 41  # two epochs without a gain, then no more
    assert record.shares[record.share] == max(record.shares.values()) >= record.inner[0]


def test_a_person_can_stop_it(models: Models, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []

    def tell(share: float, line: str) -> None:
        told.append((share, line))

    with pytest.raises(Cancelled):
        train_embedder(models["clip"], Examples(BOTH), SETTINGS, tmp_path, tell, lambda: len(told) >= 2, see=picture)
    assert len(told) <= 3 and not (tmp_path / "embedder").exists()
    assert told[0][1].startswith("epoch 1 of 10 · loss ")
    assert [share for share, _ in told] == sorted(share for share, _ in told)


def test_what_has_no_weights_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no weights"):
        trained(HashEmbedder(), tmp_path)


def test_nothing_to_learn_from_says_so(models: Models, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing to learn from"):
        trained(models["clip"], tmp_path, Examples(()))


def test_a_folder_without_weights_is_the_base(models: Models, tmp_path: Path) -> None:
    for name in KINDS:
        assert open_trained(models[name], tmp_path) is models[name]
