"""The built-in reranker: its lists, its training on a few questions, its weights put together and loaded."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file, save_file

from retrieval.builtin import lists, reranker, train_reranker
from retrieval.builtin.lists import Ranked
from retrieval.errors import ModelError
from retrieval.fusion import Blend, builtin_fusion
from retrieval.library import Library
from retrieval.store.db import set_setting
from retrieval.training.asking import Remembering
from retrieval.types import Floats, Kind, PartInput, Profile
from tests.hash_embedder import HashEmbedder
from tests.retrieval.workshop import Workshop

RECIPE = train_reranker.Recipe(batch=4, epochs=10, rate=2e-3, frozen=5, most=20)


def question(number: int, source: str = "made") -> Ranked:
    """The right passage is the third."""
    passages = tuple(f"passage {n} about {'herons' if n == 2 else 'otters'}" for n in range(6))
    return Ranked(f"where are herons {number}", source, passages, (2.0, 1.0, 0.5, 0.0, -1.0, -2.0), (2,))


def test_lists_come_from_the_products_own_first_stage(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    texts = {"one": "the heron counts fish", "two": "the otter counts fish", "three": "nothing"}
    (folder / "corpus.jsonl").write_text("".join(json.dumps({"id": k, "text": t}) + "\n" for k, t in texts.items()))
    asked = [
        {"id": "q1", "text": "which otter counts", "source": "river"},
        {"id": "q2", "text": "zebra", "split": "dev"},
    ]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ttwo\t1\n")
    some = lists.read_texts(folder)
    assert some.texts == texts and some.right == {"q1": {"two"}}
    assert some.questions == [("q1", "which otter counts", "river"), ("q2", "zebra", "set")]
    told: list[str] = []
    with Workshop(tmp_path / "shop") as shop:
        shop.library.add_texts(some.texts.items(), wait=False)
        shop.finish()
        found = list(lists.ranked(shop.library, some, told.append))
    assert len(found) == 1  # zebra has no right answer
    assert found[0].source == "river" and [found[0].passages[place] for place in found[0].right] == [texts["two"]]
    assert sorted(found[0].fused, reverse=True) == list(found[0].fused) and len(found[0].passages) == 3
    lists.write(tmp_path / "lists.jsonl", iter(found))
    assert lists.read(tmp_path / "lists.jsonl") == found
    assert told == ["2 of 2 questions"]


def write_charts(folder: Path, wanted: dict[str, str]) -> None:
    """A set with one question for each picture, by the question's id; those of "q2" are for measuring."""
    (folder / "images").mkdir(parents=True)
    rows = [{"id": key, "text": f"about {key}", "split": "dev" if key == "q2" else "train"} for key in wanted]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    qrels = "".join(f"{key}\t{name}\t1\n" for key, name in wanted.items())
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{qrels}")


def test_pictures_come_with_the_text_that_was_read_in_them(tmp_path: Path) -> None:
    folder = tmp_path / "charts"
    write_charts(folder, {"q1": "a.png", "q2": "b.png", "q3": "c.png"})
    read = [
        {"set": name, "corpus-id": "a.png", "lines": [[said, 0.9, 0, 0, 1, 1], ["42 %", 0.9, 0, 0, 1, 1]]}
        for name, said in (("charts", "Otters"), ("others", "Herons"))
    ]
    (tmp_path / "ocr.jsonl").write_text("".join(json.dumps(row) + "\n" for row in read))
    page = Image.new("RGB", (500, 120), "white")
    ImageDraw.Draw(page).text((30, 40), "Badgers", fill="black", font=ImageFont.load_default(48))
    page.save(folder / "images" / "c.png")
    told: list[str] = []
    some = lists.read_pictures(folder, tmp_path / "ocr.jsonl", "train", tmp_path, told.append)
    assert some.texts == {"a.png": "Otters\n42 %", "c.png": "Badgers"}
    assert some.questions == [("q1", "about q1", "charts"), ("q3", "about q3", "charts")]
    assert told == ["reading the text in 1 pictures of charts"]
    (folder / "images" / "c.png").unlink()
    again = lists.read_pictures(folder, tmp_path / "ocr.jsonl", "train", tmp_path, told.append)
    assert again == some and len(told) == 1  # nothing is read twice


def test_sets_that_are_asked_together(tmp_path: Path) -> None:
    one = lists.Set({"a": "A"}, [("q1", "which a", "x")], {"q1": {"a"}})
    two = lists.Set({"b": "B"}, [("q2", "which b", "y")], {"q2": {"b"}})
    assert lists.joined([one, two]) == lists.Set(
        {"a": "A", "b": "B"}, one.questions + two.questions, {"q1": {"a"}, "q2": {"b"}}
    )


def test_held_out_sources_are_never_learned_from() -> None:
    rows = [question(n) for n in range(30)] + [question(n, source) for source in lists.HELD_OUT for n in range(9)]
    picked = lists.chosen(rows, RECIPE.most, random.Random(0))
    assert len(picked) == 20 and {row.source for row in picked} == {"made"}
    made = [short for seed in range(20) if (short := train_reranker.short(picked[0], RECIPE, random.Random(seed)))]
    for short in made:
        assert short.passages[0] == "passage 2 about herons" and len(set(short.passages)) == 1 + RECIPE.wrong
    assert {short.given[0] for short in made} == {0.0, 0.5}  # some lists come with the first stage's log-odds
    assert train_reranker.short(Ranked("q", "s", ("a",), (1.0,), (0,)), RECIPE, random.Random(0)) is None


def _right_first(net: train_reranker.Net, rows: Sequence[Ranked]) -> int:
    """For how many questions the right passage has the best score."""
    with torch.inference_mode():
        best = [int(net.scores([row.query] * len(row.passages), row.passages).argmax()) for row in rows]
    return sum(place in row.right for row, place in zip(rows, best, strict=True))


def test_it_learns_and_what_is_saved_scores_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = train_reranker.Net("cpu", RECIPE.frozen)
    table = "0.model.embeddings.word_embeddings.weight"
    words = net.encoder.state_dict()[table].clone()
    rows = [question(n) for n in range(8)]
    before = _right_first(net, rows)
    torch.manual_seed(0)
    first = train_reranker.loss_of(net, [made for r in rows if (made := _short(r))]).item()
    train_reranker.train(net, rows, RECIPE)
    last = train_reranker.loss_of(net, [made for r in rows if (made := _short(r))]).item()
    assert last < 0.8 * first
    assert torch.equal(net.encoder.state_dict()[table], words)
    assert _right_first(net, rows) > before

    state = net.state()
    assert all(tensor.dtype == torch.float16 for tensor in state.values())
    assert any(".encoder.layer.4." in name for name in state)  # of the text net, not MiniLM's
    assert not any(".encoder.layer.2." in name or reranker.is_table(name) for name in state)
    monkeypatch.setattr(reranker, "FILE", tmp_path / "reranker.safetensors")
    with pytest.raises(ModelError, match=r"reranker\.safetensors is missing"):
        reranker.load(["page/text"])
    save_file(state, tmp_path / "reranker.safetensors")
    loaded = reranker.load(["page/text", "picture/text"])
    assert loaded.profiles == {Profile(Kind.PAGE, True), Profile(Kind.PICTURE, True)}
    found = loaded.score(rows[0].query, [PartInput(text) for text in rows[0].passages])
    with torch.inference_mode():
        wanted = net.scores([rows[0].query] * 6, rows[0].passages).numpy()
    np.testing.assert_allclose(found, wanted, atol=0.02)  # half precision
    assert found.argmax() == 2

    save_file({name: tensor for name, tensor in state.items() if ".linear." not in name}, tmp_path / "other")
    with pytest.raises(ValueError, match="do not fit"):
        reranker.build_cross_encoder(load_file(tmp_path / "other"))


def _short(row: Ranked) -> train_reranker.Short | None:
    return train_reranker.short(row, RECIPE, random.Random(0))


class Counting:
    profiles = frozenset({Profile(Kind.PAGE, True)})

    def __init__(self) -> None:
        self.read: list[tuple[str, str | None]] = []

    def score(self, query: str, parts: Sequence[PartInput]) -> Floats:
        self.read += [(query, part.text) for part in parts]
        return np.array([len(part.text or "") for part in parts], np.float32)


def test_a_verdict_reads_each_passage_once_for_both_models() -> None:
    counting = Counting()
    remembering = Remembering(counting)
    assert remembering.profiles == counting.profiles
    assert remembering.score("q", [PartInput("a"), PartInput("bb"), PartInput("a")]).tolist() == [1, 2, 1]
    assert remembering.score("q", [PartInput("ccc"), PartInput("bb")]).tolist() == [3, 2]
    assert remembering.score("other", [PartInput("bb")]).tolist() == [2]
    assert counting.read == [("q", "a"), ("q", "bb"), ("q", "ccc"), ("other", "bb")]


def test_a_model_has_the_reranker_that_its_fusion_knows_how_to_weigh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, str]] = []

    def load(profiles: Iterable[str], precision: str) -> Counting:
        asked.append((sorted(profiles), precision))
        return Counting()

    monkeypatch.setattr("retrieval.builtin.load_reranker", load)
    with Library(tmp_path / "library", cache=tmp_path / "cache") as library:
        with library.store.write() as db:
            set_setting(db, "precision", "float32")
        monkeypatch.setattr(library.models, "_fusion", lambda row: replace(builtin_fusion(), reranked={}))
        assert library.models.reranker() is None and asked == []
        blended = replace(builtin_fusion(), reranked={"page/text": Blend(1.0, 0.5, 0.0)})
        monkeypatch.setattr(library.models, "_fusion", lambda row: blended)
        assert library.models.reranker() is library.models.reranker("builtin") is not None
        assert asked == [(["page/text"], "float32")]  # once
    with Library(tmp_path / "other", embedder=HashEmbedder(), cache=tmp_path / "cache") as library:
        monkeypatch.setattr(library.models, "_fusion", lambda row: blended)
        assert library.models.reranker() is None  # measured with the builtin embedder
