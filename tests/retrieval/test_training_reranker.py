"""Training a reranker: a tiny BERT and a tiny Qwen3-VL with random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.types import Kind
from retrieval.errors import ModelError
from retrieval.rerankers import ModelReranker, load_reranker
from retrieval.training.dataset import Examples
from retrieval.training.following import Cancelled
from retrieval.training.records import Trained
from retrieval.training.reranker import open_reranker, train_reranker
from retrieval.training.types import Recipe, TrainSettings
from retrieval.types import Floats, PartInput, Profile, Route
from tests.retrieval.test_training_embedder import BOTH, EXAMPLES, picture

KINDS = ("cross_encoder", "qwen_reranker")
RATES = {"cross_encoder": 1e-2, "qwen_reranker": 3e-3}
SETTINGS = TrainSettings(recipe=Recipe.BALANCED, epochs=20, batch_size=4)
SHOWN = {route: [example.right for example in BOTH if example.route is route] for route in Route}
PROFILES = {Profile(Kind.PAGE, True)}
# the Part alone tells: a random net of two layers has no time to learn more
EASY = tuple(
    replace(e, right=SHOWN[e.route][place % 2], wrong=(SHOWN[e.route][2 + place % 2],)) for place, e in enumerate(BOTH)
)
Case = tuple[str, ModelReranker, Path, Trained]


def loaded(folder: Path) -> ModelReranker:
    found = load_reranker(str(folder), profiles=PROFILES, device="cpu")
    assert isinstance(found, ModelReranker)
    return found


def trained(base: ModelReranker, folder: Path, examples: Examples, settings: TrainSettings) -> Trained:
    return train_reranker(base, examples, settings, folder, lambda *_: None, lambda: False, see=picture)


def scores_of(reranker: ModelReranker) -> Floats:
    return reranker.score("what about third", [PartInput(text="passage first 0"), PartInput(text="passage third 2")])


@pytest.fixture(scope="module")
def cases(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    done = {}
    for name in KINDS:
        base, folder = loaded(checkpoints[name]), tmp_path_factory.mktemp(name)
        before = scores_of(base)
        record = trained(base, folder, Examples(EASY), replace(SETTINGS, learning_rate=RATES[name]))
        np.testing.assert_array_equal(scores_of(base), before)
        done[name] = (name, base, folder, record)
    return done


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    return cases[request.param]


def test_the_loss_falls_on_what_is_learned_by_heart(case: Case) -> None:
    _, _, _, record = case
    assert record.steps == len(record.losses)
    assert np.mean(record.losses[-4:]) < 0.8 * np.mean(record.losses[:4])


def test_right_parts_come_before_wrong_ones(case: Case) -> None:
    name, base, folder, _ = case
    new = open_reranker(base, folder)
    assert isinstance(new, ModelReranker) and new.profiles == PROFILES
    for example in EASY:
        if example.route is Route.TEXT:
            right, wrong = new.score(example.query, [PartInput(text=s.text) for s in (example.right, example.wrong[0])])
        elif name == "qwen_reranker":
            parts = [PartInput(picture=picture(s.page_id)) for s in (example.right, example.wrong[0])]
            right, wrong = new.score(example.query, parts)
        else:
            continue
        assert right > wrong


def test_it_comes_back_from_its_folder(case: Case) -> None:
    """Read twice, scored twice: the same; and other than the base."""
    _, base, folder, _ = case
    first, second = open_reranker(base, folder), open_reranker(base, folder)
    assert isinstance(first, ModelReranker) and isinstance(second, ModelReranker)
    np.testing.assert_array_equal(scores_of(first), scores_of(second))
    assert np.abs(scores_of(first) - scores_of(base)).max() > 1e-3


def test_no_gain_on_the_inner_split_leaves_the_old_weights(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    base = loaded(checkpoints["cross_encoder"])
    texts = [example for example in BOTH if example.route is Route.TEXT]
    train, inner = [], []
    for example in texts:
        pair = (example.right, example.wrong[0])
        order = np.argsort(-base.score(example.query, [PartInput(text=s.text) for s in pair]))
        inner.append(replace(example, right=pair[order[0]], wrong=(pair[order[1]],)))
        train.append(replace(example, right=pair[order[1]], wrong=(pair[order[0]],)))  # the opposite is taught
    record = trained(base, tmp_path, Examples(tuple(train), tuple(inner)), replace(SETTINGS, learning_rate=1e-2))
    assert record.inner[0] == 1.0 and record.share == 0.0 and record.shares[1.0] < 1.0
    new = open_reranker(base, tmp_path)
    assert isinstance(new, ModelReranker)
    np.testing.assert_allclose(scores_of(new), scores_of(base), atol=1e-6)


def test_a_person_can_stop_it(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(Cancelled):
        train_reranker(
            loaded(checkpoints["cross_encoder"]),
            EXAMPLES,
            SETTINGS,
            tmp_path,
            lambda _, line: told.append(line),
            lambda: bool(told),
            see=picture,
        )
    assert list(tmp_path.iterdir()) == []


def test_without_wrong_ones_there_is_nothing_to_tell_apart(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    bare = Examples(tuple(replace(example, wrong=()) for example in BOTH))
    with pytest.raises(ModelError, match="nothing to tell apart"):
        trained(loaded(checkpoints["cross_encoder"]), tmp_path, bare, SETTINGS)


def test_a_folder_without_weights_is_the_base(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    base = loaded(checkpoints["cross_encoder"])
    assert open_reranker(base, tmp_path) is base
