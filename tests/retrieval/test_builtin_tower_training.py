from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from retrieval.builtin.embedder import TOWER, WEIGHTS
from retrieval.builtin.towers import EfficientNetLite2, load_tower, to_pixels
from retrieval.builtin.train_projection import Examples, Recipe, project, train_member
from retrieval.builtin.train_tower import Projection, TowerRecipe, Upper, lower_maps, train
from retrieval.types import Halves

FROZEN = TowerRecipe().frozen
NARROW = Recipe(hidden=32, epochs=20, batch=16, input_dropout=0.0, dropout=0.0, members=1, frames=1)


@pytest.fixture(scope="module")
def net() -> EfficientNetLite2:
    return load_tower(WEIGHTS / TOWER)


def noise(folder: Path, count: int) -> list[Path]:
    chance = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    files = [folder / "images" / f"{number}.png" for number in range(count)]
    for file in files:
        Image.fromarray(chance.integers(0, 255, (12, 9, 3), np.uint8)).save(file)
    return files


def test_lower_and_upper_blocks_are_the_whole_net(net: EfficientNetLite2, tmp_path: Path) -> None:
    files = noise(tmp_path / "made", 2)
    told: list[str] = []
    straight, mirrored = lower_maps(net, files, FROZEN, "net", tmp_path, told.append)
    assert straight.shape == mirrored.shape == (2, 19, 19, 120)
    assert straight.dtype == np.float16
    upper = Upper(net, FROZEN)
    with torch.inference_mode():
        for maps, turned in ((straight, False), (mirrored, True)):
            pictures = [Image.open(file).convert("RGB") for file in files]
            if turned:
                pictures = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in pictures]
            whole = net(to_pixels(pictures))
            parts = upper(torch.from_numpy(maps.astype(np.float32)).permute(0, 3, 1, 2))
            torch.testing.assert_close(parts, whole, atol=0.02, rtol=0.02)
    again, _ = lower_maps(net, files[::-1], FROZEN, "net", tmp_path, told.append)
    np.testing.assert_array_equal(again, straight[::-1])
    assert len(told) == 2  # the second time nothing was computed


def test_the_projection_goes_on_from_where_it_was() -> None:
    chance = np.random.default_rng(1)
    features = (chance.standard_normal((40, 1280)) * 2 + 1).astype(np.float32)
    captions = chance.standard_normal((40, 384)).astype(np.float32)
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    examples = Examples(features, captions, np.stack([np.arange(40)] * 2, axis=1), np.zeros(40, bool))
    state = train_member(examples, NARROW, 0)
    rows = torch.from_numpy(features)
    behind = Projection(state, NARROW, rows.std(0) + 1e-4, rows.mean(0)).eval()
    with torch.inference_mode():
        np.testing.assert_allclose(behind(rows).numpy(), project(features, state), atol=1e-4)


def test_the_upper_blocks_learn_what_captions_tell_and_the_lower_ones_stay(net: EfficientNetLite2) -> None:
    chance = np.random.default_rng(2)
    maps = chance.standard_normal((16, 4, 4, 120)).astype(np.float16)
    captions = chance.standard_normal((16, 384)).astype(np.float32)
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    published = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    before = features(Upper(net, FROZEN), maps).numpy()
    examples = Examples(before, captions, np.stack([np.arange(16)] * 2, axis=1), np.arange(16) < 4)
    recipe = TowerRecipe(epochs=80, batch=16, least=4, most=4, rate=5e-4, projection_rate=1e-9)  # the blocks must do it
    told: list[str] = []
    upper = train(net, (maps, maps[:, :, ::-1]), examples, replace(NARROW, epochs=2), recipe, told.append)
    first, *_, last = (float(line.split("loss ")[1]) for line in told)
    assert last < 0.7 * first
    assert all(torch.equal(tensor, published[name]) for name, tensor in net.state_dict().items())
    moved = load_tower(WEIGHTS / TOWER)
    upper.put(moved, FROZEN)
    changed = {name for name, tensor in moved.state_dict().items() if not torch.equal(tensor, published[name])}
    assert changed and all(name.startswith("head.") or int(name.split(".")[1]) >= FROZEN for name in changed)
    assert not any(name.endswith(("running_mean", "running_var")) for name in changed)


def test_a_seed_makes_the_same_blocks_again(net: EfficientNetLite2) -> None:
    chance = np.random.default_rng(3)
    maps = chance.standard_normal((6, 4, 4, 120)).astype(np.float16)
    pairs = np.array([[0, 0], [1, 0], [2, 1], [2, 2], [3, 3], [4, 4], [5, 5]])
    captions = np.eye(6, 384, dtype=np.float32)
    examples = Examples(features(Upper(net, FROZEN), maps).numpy(), captions, pairs, np.zeros(7, bool))
    recipe = TowerRecipe(epochs=1, batch=4, least=2, most=4)
    one, two = (train(net, (maps, maps[:, :, ::-1]), examples, NARROW, recipe) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def features(upper: Upper, maps: Halves) -> torch.Tensor:
    with torch.inference_mode():
        return upper(torch.from_numpy(maps.astype(np.float32)).permute(0, 3, 1, 2)).clone()
