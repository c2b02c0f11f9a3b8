"""Trains the upper blocks of the picture net, so that its features tell what captions tell and not only ImageNet's classes.

The lower blocks stay as they were published. What they make of every picture and of its mirror image, a map of 19 × 19 cells,
is computed once and kept in half precision: 87 kB a picture. Each step sees random crops of such maps: that is cheaper, hides
something else each time, and a net that learned from smaller pictures than it is asked with loses nothing (Touvron et al.,
"Fixing the train-test resolution discrepancy", 2019). The projection behind it learns along, by the same loss, and what is
kept is a moving average over the steps.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn import functional

from ..types import Halves, Ints
from .pictures import kept
from .towers import EfficientNetLite2, to_pixels
from .train_projection import Examples, Recipe, info_nce, train_member


@dataclass(frozen=True, slots=True)
class TowerRecipe:
    """Everything that shapes the blocks; saved in their metadata."""

    frozen: int = 15  # blocks that stay as published, of 21
    epochs: int = 4
    batch: int = 256  # pictures
    least: int = 12  # cells on a side of the smallest crop, and of the largest
    most: int = 16
    rate: float = 3e-4
    projection_rate: float = 3e-4
    decay: float = 0.05
    average: float = 0.98
    seed: int = 0


class Upper(nn.Module):
    """The blocks that learn: maps (B, C, h, w) of the lower ones → features (B, 1280)."""

    def __init__(self, net: EfficientNetLite2, frozen: int) -> None:
        super().__init__()
        self.blocks, self.head = copy.deepcopy(net.blocks[frozen:]), copy.deepcopy(net.head)
        self.requires_grad_(True)
        self.eval()  # statistics of the batches stay as published

    def forward(self, maps: Tensor) -> Tensor:
        features: Tensor = functional.relu6(self.head(self.blocks(maps))).mean(dim=(2, 3))
        return features

    def put(self, net: EfficientNetLite2, frozen: int) -> None:
        """These blocks in place of the net's."""
        net.blocks[frozen:].load_state_dict(self.blocks.state_dict())
        net.head.load_state_dict(self.head.state_dict())


class Projection(nn.Module):
    """`train_member`'s net as it goes on learning: features (B, 1280) → unit rows (B, 384)."""

    def __init__(self, state: dict[str, Tensor], recipe: Recipe, spread: Tensor, mean: Tensor) -> None:
        super().__init__()
        hidden, features = state["0.weight"].shape
        self.first, self.second = nn.Linear(features, hidden), nn.Linear(hidden, len(state["1.weight"]))
        # the net of the dropped features is that of the standardised ones
        self.first.load_state_dict(
            {"weight": state["0.weight"] * spread, "bias": state["0.bias"] + state["0.weight"] @ mean}
        )
        self.second.load_state_dict({"weight": state["1.weight"], "bias": state["1.bias"]})
        self.mean, self.spread = mean, spread
        self.dropped, self.dropped_hidden = recipe.input_dropout, recipe.dropout

    def forward(self, features: Tensor) -> Tensor:
        seen = functional.dropout((features - self.mean) / self.spread, self.dropped, self.training)
        hidden = functional.dropout(functional.gelu(self.first(seen)), self.dropped_hidden, self.training)
        return functional.normalize(self.second(hidden), dim=-1)


def lower_maps(
    net: EfficientNetLite2, files: Sequence[Path], frozen: int, key: str, cache: Path, tell: Callable[[str], None]
) -> tuple[Halves, Halves]:
    """(n, h, w, C) float16 each: what the frozen blocks make of the pictures and of their mirror images. Kept in `cache`
    under `key`, which names the net."""
    dtype = net.stem[0].weight.dtype

    def of(pictures: list[Image.Image]) -> Halves:
        with torch.inference_mode():
            maps = functional.relu6(net.stem(to_pixels(pictures).to(dtype)))
            rows: Halves = net.blocks[:frozen](maps).permute(0, 2, 3, 1).half().numpy()
            return rows

    def straight(chunk: Sequence[Path]) -> Halves:
        return _in_parts(chunk, lambda some: of([_open(file) for file in some]))

    def mirrored(chunk: Sequence[Path]) -> Halves:
        return _in_parts(chunk, lambda some: of([ImageOps.mirror(_open(file)) for file in some]))

    names = [f"{file.parent.parent.name}/{file.name}" for file in files]
    folder = cache / f"maps-{key}-{frozen}"
    return (
        kept(names, list(files), straight, folder / "straight", tell),
        kept(names, list(files), mirrored, folder / "mirrored", tell),
    )


def _open(file: Path) -> Image.Image:
    return Image.open(file).convert("RGB")


def _in_parts(chunk: Sequence[Path], of: Callable[[Sequence[Path]], Halves]) -> Halves:
    return np.concatenate([of(chunk[start : start + 16]) for start in range(0, len(chunk), 16)])


def _tensor(maps: Halves) -> Tensor:
    """(B, C, h, w) float32, channels last."""
    return torch.from_numpy(maps.astype(np.float32)).permute(0, 3, 1, 2)


def train(
    net: EfficientNetLite2,
    maps: tuple[Halves, Halves],
    examples: Examples,
    projection: Recipe,
    recipe: TowerRecipe,
    tell: Callable[[str], None] = lambda line: None,
) -> Upper:
    """The upper blocks, trained. `maps` as `lower_maps` gives them, a row for each row of `examples.features` (the features
    of now, which a net of `projection` learns from first); `net` is left as it is."""
    torch.manual_seed(recipe.seed)
    order = np.random.default_rng(recipe.seed)
    features = torch.from_numpy(examples.features)
    start = train_member(examples.more_frames(projection.frames), projection, recipe.seed)
    upper = Upper(net, recipe.frozen)
    behind = Projection(start, projection, features.std(0) + 1e-4, features.mean(0))
    log_scale = nn.Parameter(torch.tensor(projection.scale * 2).log())  # the projection has learned already
    rates = [recipe.rate, recipe.projection_rate, recipe.projection_rate]
    groups = [
        {"params": list(upper.parameters()), "weight_decay": recipe.decay},
        {"params": list(behind.parameters()), "weight_decay": projection.decay},
        {"params": [log_scale], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW([{**group, "lr": rate} for group, rate in zip(groups, rates, strict=True)])
    captions = torch.from_numpy(examples.captions)
    of = _captions_of(examples.pairs)
    pictures = np.concatenate(
        [np.unique(examples.pairs[:, 1]), *[np.unique(examples.pairs[examples.frames, 1])] * (projection.frames - 1)]
    )
    batch = min(recipe.batch, len(pictures))
    steps = recipe.epochs * (len(pictures) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=max(2, steps), pct_start=0.15)
    average = copy.deepcopy(upper)
    done = 0
    for _ in range(recipe.epochs):
        shuffled = order.permutation(pictures)
        for begin in range(0, len(shuffled) - batch + 1, batch):
            rows = shuffled[begin : begin + batch]
            with torch.autocast("cpu", torch.bfloat16):
                seen = upper(_crop(_either(maps, rows, order), recipe, order))
            of_rows = [of[row] for row in rows.tolist()]
            place = torch.repeat_interleave(torch.arange(batch), torch.tensor([len(some) for some in of_rows]))
            texts, shown = torch.from_numpy(np.concatenate(of_rows)), torch.from_numpy(rows)[place]
            same = (texts[:, None] == texts) | (shown[:, None] == shown)
            same.fill_diagonal_(False)
            loss = info_nce(behind(seen.float())[place], captions[texts], log_scale.exp().clamp(max=100), same)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            done += 1
            _follow(average, upper, min(recipe.average, done / (done + 9)))
            if done % 20 == 0:
                tell(f"tower: step {done} of {steps}, loss {loss.item():.3f}")
    return average


def _either(maps: tuple[Halves, Halves], rows: Ints, order: np.random.Generator) -> Halves:
    """(B, h, w, C): each picture or its mirror image."""
    mirrored = order.random(len(rows)) < 0.5
    return np.where(mirrored[:, None, None, None], maps[1][rows], maps[0][rows])


def _crop(maps: Halves, recipe: TowerRecipe, order: np.random.Generator) -> Tensor:
    """(B, C, k, k): one square for the whole batch."""
    side = maps.shape[1]
    size = min(side, int(order.integers(recipe.least, recipe.most + 1)))
    top, left = order.integers(0, side - size + 1, 2)
    return _tensor(maps[:, top : top + size, left : left + size])


def _captions_of(pairs: Ints) -> dict[int, Ints]:
    """Rows of the captions of each picture."""
    ordered = pairs[np.argsort(pairs[:, 1], kind="stable")]
    pictures, starts = np.unique(ordered[:, 1], return_index=True)
    return dict(zip(pictures.tolist(), np.split(ordered[:, 0], starts[1:]), strict=True))


def _follow(average: nn.Module, net: nn.Module, share: float) -> None:
    with torch.no_grad():
        for mean, now in zip(average.parameters(), net.parameters(), strict=True):
            mean.lerp_(now, 1 - share)
