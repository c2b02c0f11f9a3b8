"""The second part of the text net's training."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from retrieval.builtin import sharpen, train_text
from retrieval.builtin.embedder import PROJECTION, TEXT, TOWER, WEIGHTS, BuiltinEmbedder, load
from retrieval.builtin.lists import Ranked
from retrieval.types import PartInput
from tests.retrieval.conftest import Models


def test_charts_are_told_apart_from_charts(models: Models, tmp_path: Path) -> None:
    base = models["builtin"]
    assert isinstance(base, BuiltinEmbedder)
    words = ("blorp", "grint", "vask", "mool")
    answers = ("Trains run late.", "Cats chase mice.", "Bread is baked.", "Snow is white.")
    rows = [Ranked(f"what about {w}?", "charts", answers, (4.0, 3.0, 2.0, 1.0), (n,)) for n, w in enumerate(words)]
    rows.append(replace(rows[0], right=(1, 0)))  # the same question has another right answer elsewhere
    found = sharpen.asked(base, rows, nearest=2)
    assert found[0].all_right == {answers[0], answers[1]} == set(found[4].all_right)
    assert set(found[0].wrong) == set(answers[2:]) and found[1].right == answers[1] not in found[1].wrong
    assert len(found[1].wrong) == 2

    recipe = sharpen.ChartRecipe(passes=30, rate=1e-3)
    net = sharpen.Upper(base, replace(recipe, dropout=0.0), half=False)
    texts = [*answers, answers[0] * 9]
    with torch.no_grad():
        rows_made = net.rows(texts).numpy()
    plain = base.embed_parts([PartInput(text=text) for text in texts])
    np.testing.assert_allclose(rows_made, plain, atol=0.01)  # the lower half's states are kept in half precision

    told: list[str] = []
    state = sharpen.sharpen(base, rows[:4], recipe, told.append)
    assert told[-1].startswith("charts, step 30 of 30") and {t.dtype for t in state.values()} == {torch.float16}
    for name in (TOWER, PROJECTION):
        shutil.copyfile(WEIGHTS / name, tmp_path / name)
    save_file(state, tmp_path / TEXT)
    taught = load(device="cpu", weights=tmp_path)
    assert train_text.gains(taught, rows[:4]) == [1.0] * 4
    assert sum(train_text.gains(base, rows[:4])) < 4.0
    stayed = sharpen.sharpen(base, rows[:4], replace(recipe, passes=2, rate=0.0), told.append)
    own = base.route("text")[0].model.state_dict()
    assert all(torch.equal(tensor, own[name].half()) for name, tensor in stayed.items())
