"""Makes the weights of the built-in model: the text net's upper layers (`train_text.py`), then the projection of pictures.

    FOLIOSCOPE_DATA=/path/to/data python -m retrieval.builtin.train            # one to two hours on two cores
    FOLIOSCOPE_DATA=/path/to/data python -m retrieval.builtin.train --quick    # some minutes, weights to a spare folder

The projection learns from what the frozen tower makes of pictures and the text net of their captions, computed once and kept
in `--cache`; the training itself takes four minutes a net. Two nets from different seeds are summed. More than half of the
features are dropped while they learn, or they know 15,000 pictures by heart (docs/builtin.md has what each is worth). The
loss is the symmetric InfoNCE of CLIP (Radford et al., 2021) against the vectors of the captions.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..cpu import settle_threads

settle_threads()  # before torch

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from ..types import Bools, Floats, Ints  # noqa: E402
from .embedder import DIM, PROJECTION, TEXT, TOWER, WEIGHTS, load  # noqa: E402
from .lists import HELD_OUT, SETS, gathered, spread  # noqa: E402
from .pictures import Captions, caption_vectors, first_pictures, picture_features, read_captions  # noqa: E402
from .towers import FEATURES  # noqa: E402
from .train_text import TextRecipe, gains  # noqa: E402
from .train_text import train as train_text  # noqa: E402

TRAIN = (
    ("photos", None),
    ("photos-coco", None),
    ("textbook-photos", "alt"),
    ("keyframes", None),
    ("keyframes-msrvtt", None),
)
FRAMES = ("keyframes", "keyframes-msrvtt")  # of videos
QUICK = 60  # questions of a set of texts
HELD_QUESTIONS = 120  # of a source
MUST_HOLD = (
    "FOLIOSCOPE_DATA must name a folder that holds texts, texts-qa, charts, photos, photos-coco, textbook-photos, keyframes and "
    "keyframes-msrvtt, each with queries.jsonl, qrels.tsv and corpus.jsonl or images/, and ocr.jsonl with the charts' words "
    "(sources: MODEL_CARD.md)"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes the projection; saved in the weights' metadata."""

    hidden: int = 4096
    input_dropout: float = 0.6
    dropout: float = 0.6  # behind the hidden layer
    epochs: int = 9
    batch: int = 512
    rate: float = 1e-3
    decay: float = 0.05
    scale: float = 20.0  # of the cosines, learned from here
    members: int = 2  # nets whose outputs are summed: they err in different places
    frames: int = 2  # how often they see a video's frame for each time that they see a photo
    seed: int = 0  # of the first member


@dataclass(frozen=True, slots=True)
class Examples:
    """Features (n, 1280), caption vectors (m, 384) and their pairs (p, 2): rows of captions and of features.

    `frames` (p,): which pairs are of a video's frame."""

    features: Floats
    captions: Floats
    pairs: Ints
    frames: Bools

    def more_frames(self, times: int) -> Examples:
        """Those pairs `times` as often."""
        return replace(
            self,
            pairs=np.concatenate([self.pairs, *[self.pairs[self.frames]] * (times - 1)]),
            frames=np.concatenate([self.frames, *[self.frames[self.frames]] * (times - 1)]),
        )


def info_nce(pictures: Tensor, captions: Tensor, scale: Tensor, same: Tensor) -> Tensor:
    """Symmetric InfoNCE of unit rows (B, D). `same` (B, B) marks pairs off the diagonal that are right as well: left out."""
    logits = (scale * pictures @ captions.T).masked_fill(same, float("-inf"))
    target = torch.arange(len(logits))
    cross = nn.functional.cross_entropy
    return (cross(logits, target) + cross(logits.T, target)) / 2


def train(examples: Examples, recipe: Recipe, tell: Callable[[str], None] = lambda line: None) -> dict[str, Tensor]:
    """Weights of the two layers, float32: "0.weight" (hidden, 1280), "0.bias", "1.weight" (384, hidden), "1.bias".

    `hidden` is that of all members together: a sum of two-layer nets is one that is wider.
    """
    states = []
    examples = examples.more_frames(recipe.frames)
    for number in range(recipe.members):
        begin = time.perf_counter()
        states.append(train_member(examples, recipe, recipe.seed + number))
        tell(f"member {number + 1} of {recipe.members}: {time.perf_counter() - begin:.0f} s")
    return {
        "0.weight": torch.cat([state["0.weight"] for state in states]),
        "0.bias": torch.cat([state["0.bias"] for state in states]),
        "1.weight": torch.cat([state["1.weight"] for state in states], dim=1) / len(states),
        "1.bias": torch.stack([state["1.bias"] for state in states]).mean(0),
    }


def train_member(examples: Examples, recipe: Recipe, seed: int) -> dict[str, Tensor]:
    """One net, as `train` says."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    features, captions = torch.from_numpy(examples.features), torch.from_numpy(examples.captions)
    mean, spread = features.mean(0), features.std(0) + 1e-4
    first, second = nn.Linear(FEATURES, recipe.hidden), nn.Linear(recipe.hidden, DIM)
    net = nn.Sequential(nn.Dropout(recipe.input_dropout), first, nn.GELU(), nn.Dropout(recipe.dropout), second)
    log_scale = nn.Parameter(torch.tensor(recipe.scale).log())
    optimizer = torch.optim.AdamW(
        [{"params": net.parameters(), "weight_decay": recipe.decay}, {"params": [log_scale], "weight_decay": 0.0}],
        lr=recipe.rate,
    )
    batch = min(recipe.batch, len(examples.pairs))
    steps = recipe.epochs * (len(examples.pairs) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=max(2, steps), pct_start=0.1)
    for _ in range(recipe.epochs):
        shuffled = examples.pairs[order.permutation(len(examples.pairs))]
        for start in range(0, len(shuffled) - batch + 1, batch):
            texts, pictures = torch.from_numpy(shuffled[start : start + batch]).T
            same = (texts[:, None] == texts) | (pictures[:, None] == pictures)
            same.fill_diagonal_(False)
            rows = nn.functional.normalize(net((features[pictures] - mean) / spread), dim=-1)
            loss = info_nce(rows, captions[texts], log_scale.exp().clamp(max=100), same)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():  # the standardisation of the features moves into the first layer
        weight = first.weight / spread
        return {
            "0.weight": weight,
            "0.bias": first.bias - weight @ mean,
            "1.weight": second.weight.clone(),
            "1.bias": second.bias.clone(),
        }


def project(features: Floats, state: dict[str, Tensor]) -> Floats:
    """(n, 1280) → (n, 384) unit rows; what the shipped embedder does with the same weights."""
    x = nn.functional.gelu(torch.from_numpy(features) @ state["0.weight"].T + state["0.bias"])
    rows: Floats = nn.functional.normalize(x @ state["1.weight"].T + state["1.bias"], dim=-1).numpy()
    return rows


def found_at(examples: Examples, rows: Floats, k: int) -> float:
    """Share of captions with at least one of their pictures among the first `k` of all pictures (ties: the lower row)."""
    scores = examples.captions @ rows.T
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    right = {(int(text), int(picture)) for text, picture in examples.pairs}
    hits = [any((text, int(picture)) in right for picture in best[text]) for text in range(len(best))]
    return float(np.mean(hits))


def join(parts: list[Examples]) -> Examples:
    """All sets as one."""
    pairs, texts, pictures = [], 0, 0
    for part in parts:
        pairs.append(part.pairs + np.array([texts, pictures]))
        texts += len(part.captions)
        pictures += len(part.features)
    return Examples(
        np.concatenate([p.features for p in parts]),
        np.concatenate([p.captions for p in parts]),
        np.concatenate(pairs),
        np.concatenate([p.frames for p in parts]),
    )


def data_folder() -> Path:
    """FOLIOSCOPE_DATA; ends the program with one line when it is unset or holds something else."""
    folder = Path(os.environ.get("FOLIOSCOPE_DATA", ""))
    if not os.environ.get("FOLIOSCOPE_DATA") or not all(
        (folder / name / "queries.jsonl").exists() for name in (*SETS, *(name for name, _ in TRAIN))
    ):
        sys.exit(MUST_HOLD)
    return folder


def tell(line: str) -> None:
    print(line, flush=True)


def make_text(data: Path, cache: Path, out: Path, quick: bool) -> None:
    """The text net's upper layers, into `out`."""
    rows = gathered(data, cache, tell, QUICK if quick else None)
    recipe = TextRecipe(batch=16) if quick else TextRecipe()
    base = load(text_layers=False)
    begin = time.perf_counter()
    state = train_text(base, rows, recipe, tell)
    tell(f"{time.perf_counter() - begin:.0f} s of training")
    save_file(state, out / TEXT, metadata={"recipe": repr(recipe), "format": "1"})
    made = load(weights=out)
    for source in HELD_OUT:
        some = spread([row for row in rows if row.source == source], HELD_QUESTIONS)
        if some:
            before, after = np.mean(gains(base, some)), np.mean(gains(made, some))
            tell(
                f"{source}, {len(some)} questions, never trained on: NDCG@10 {before:.3f} → {after:.3f} by cosines alone"
            )
    tell(f"saved {out / TEXT}")


def make_projection(data: Path, cache: Path, out: Path, quick: bool) -> None:
    """The layers behind the tower, into `out`, for the text net that is there."""
    embedder = load(weights=out)

    def examples(captions: Captions) -> Examples:
        if quick:
            captions = first_pictures(captions, max(100, len(captions.files) // 10))
        return Examples(
            picture_features(embedder, captions.files, cache, tell),
            caption_vectors(embedder, captions.texts, cache, tell),
            captions.pairs,
            np.full(len(captions.pairs), captions.name in FRAMES),
        )

    dev = {name: examples(read_captions(data / name, "dev")) for name in ("photos", "keyframes")}
    joined = join([examples(read_captions(data / name, "train", kind)) for name, kind in TRAIN])
    recipe = Recipe(epochs=4, batch=128, members=2) if quick else Recipe()
    begin = time.perf_counter()
    state = train(joined, recipe, tell)
    tell(f"{len(joined.features)} pictures, {len(joined.pairs)} pairs, {time.perf_counter() - begin:.0f} s of training")
    half = {name: tensor.half().contiguous() for name, tensor in state.items()}
    shipped = {name: tensor.float() for name, tensor in half.items()}
    for name, measured in dev.items():
        rows = project(measured.features, shipped)
        figures = "  ".join(f"@{k} {found_at(measured, rows, k):.3f}" for k in (1, 5, 10))
        tell(f"{name} dev, {len(rows)} pictures, {len(measured.captions)} captions: found {figures}")
    save_file(half, out / PROJECTION, metadata={"recipe": repr(recipe), "format": "1"})
    tell(f"saved {out / PROJECTION}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m retrieval.builtin.train", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="some questions, a tenth of the pictures, 4 epochs")
    parser.add_argument("--only", choices=("text", "pictures"), help="the other weights stay as they are")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "folioscope-features")
    parser.add_argument("--out", type=Path, help="default: the shipped weights; with --quick a folder in the cache")
    chosen = parser.parse_args(arguments)
    data = data_folder()
    out: Path = chosen.out or (chosen.cache / "quick" if chosen.quick else WEIGHTS)
    for folder in (chosen.cache, out):
        folder.mkdir(parents=True, exist_ok=True)
    for name in (TEXT, PROJECTION, TOWER):
        if not (out / name).exists():
            shutil.copyfile(WEIGHTS / name, out / name)
    if chosen.only != "pictures":
        make_text(data, chosen.cache, out, chosen.quick)
    if chosen.only != "text":
        make_projection(data, chosen.cache, out, chosen.quick)


if __name__ == "__main__":
    main()
