"""Trains the built-in reranker.

    FOLIOSCOPE_DATA=/path/to/data python -m retrieval.builtin.train_reranker            # an hour and more on two cores
    FOLIOSCOPE_DATA=/path/to/data python -m retrieval.builtin.train_reranker --quick    # some minutes, weights to a spare folder

It is for charts: on pages it repeats what the fusion knows (docs/builtin.md). Each question comes with the right passage
and tempting wrong ones from our own first stage (`lists.py`). The loss is softmax cross-entropy over such a list (ListNet:
Cao et al., 2007). It begins with the layers of the text net, which already know what answers a question; MiniLM's token
tables and lower layers stay frozen. Where the CPU is faster in bfloat16 the net computes in it, its weights stay float32.
How the scores are weighed with those of the first stage is fitted apart (`blend.py`).
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..cpu import precision_probe, settle_threads

settle_threads()  # before torch

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from sentence_transformers.util import batch_to_device  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from .embedder import TEXT, WEIGHTS, put_layers  # noqa: E402
from .lists import Ranked, chosen, gathered  # noqa: E402
from .reranker import FILE, HEAD, build_cross_encoder, is_table  # noqa: E402
from .train import QUICK, data_folder, tell  # noqa: E402


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes the weights; saved in their metadata."""

    wrong: int = 4  # passages beside the right one
    hardest: int = 12  # among so many of the first stage's
    beside: float = 0.5  # share of the lists that come with the first stage's log-odds
    most: int = 1600  # questions of one source
    frozen: int = 3  # lower layers that stay MiniLM's
    batch: int = 12  # questions
    epochs: int = 2
    rate: float = 7e-5
    head_rate: float = 1e-3  # of the last layer
    warm: float = 0.08
    decay: float = 0.01
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Short:
    """A right passage first, then wrong ones; `given`: what each is worth before it is read, log-odds."""

    query: str
    passages: list[str]
    given: list[float]


def short(row: Ranked, recipe: Recipe, order: random.Random) -> Short | None:
    """None where nothing is wrong. Half of the lists come with the first stage's log-odds: what they tell by themselves
    need not be learned again, and without them the score must stand for itself."""
    wrong = [place for place in range(len(row.passages)) if place not in row.right][: recipe.hardest]
    if not wrong:
        return None
    places = [row.right[0], *order.sample(wrong, min(recipe.wrong, len(wrong)))]
    share = float(order.random() < recipe.beside)
    return Short(row.query, [row.passages[place] for place in places], [share * row.fused[place] for place in places])


class Net:
    """The CrossEncoder's network and its tokenizer."""

    def __init__(self, device: str, frozen: int, precision: str = "float32", text: Path = WEIGHTS / TEXT) -> None:
        """`precision`: float32 or bfloat16. `text`: the layers of a text net to begin with."""
        self.encoder = build_cross_encoder(None, device)
        layers = load_file(text)
        put_layers(self.encoder[0].model, layers, text)
        self.begun = frozenset(f"0.model.{name}" for name in layers)  # not MiniLM's, whether or not they learn
        self.device = device
        self.half = precision == "bfloat16"
        below = tuple(f"0.model.encoder.layer.{number}." for number in range(frozen))
        self.frozen = {n for n, _ in self.encoder.named_parameters() if is_table(n) or n.startswith(below)}
        for name, parameter in self.encoder.named_parameters():
            parameter.requires_grad_(name not in self.frozen)

    def trained(self) -> dict[str, nn.Parameter]:
        return {name: p for name, p in self.encoder.named_parameters() if p.requires_grad}

    def scores(self, queries: Sequence[str], passages: Sequence[str]) -> Tensor:
        """(n,) for n pairs, computed in groups of like length: padding costs as much as words."""
        pairs = list(zip(queries, passages, strict=True))
        order = np.argsort([len(query) + len(passage) for query, passage in pairs], kind="stable")
        groups = np.array_split(order, max(1, len(pairs) // 16))
        parts = []
        for group in groups:
            features = self.encoder.preprocess([pairs[place] for place in group])
            found = batch_to_device(features, torch.device(self.device))
            reader, *above = self.encoder
            with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=self.half):
                found = reader(found)
            for module in above:
                found = module(found)
            parts.append(found["scores"][:, 0].float())
        back = torch.from_numpy(np.argsort(np.concatenate(groups)))
        return torch.cat(parts)[back.to(self.device)]

    def state(self) -> dict[str, Tensor]:
        """What is shipped: what is not MiniLM's, in half precision."""
        state = self.encoder.state_dict()
        return {name: state[name].half().cpu().contiguous() for name in sorted(self.begun | self.trained().keys())}


def loss_of(net: Net, lists: Sequence[Short]) -> Tensor:
    """Mean cross-entropy of the first passage of each list."""
    queries = [row.query for row in lists for _ in row.passages]
    scores = net.scores(queries, [passage for row in lists for passage in row.passages])
    scores = scores + torch.tensor([value for row in lists for value in row.given], device=scores.device)
    sizes = [len(row.passages) for row in lists]
    return torch.stack([-part.log_softmax(0)[0] for part in scores.split(sizes)]).mean()


def train(net: Net, rows: Sequence[Ranked], recipe: Recipe) -> None:
    """One pass or more over the questions; a line of progress each minute."""
    order = random.Random(recipe.seed)
    torch.manual_seed(recipe.seed)
    trained = net.trained()
    groups = [
        {"params": [p for name, p in trained.items() if not name.startswith(HEAD)], "lr": recipe.rate},
        {"params": [p for name, p in trained.items() if name.startswith(HEAD)], "lr": recipe.head_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.decay)
    steps = recipe.epochs * (len(rows) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [recipe.rate, recipe.head_rate],
        total_steps=max(2, steps),
        pct_start=recipe.warm,
        anneal_strategy="linear",
    )
    net.encoder.train()
    begin = told = time.perf_counter()
    losses: list[float] = []
    for batch in _batches(rows, recipe, order):
        loss = loss_of(net, [made for row in batch if (made := short(row, recipe, order)) is not None])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if time.perf_counter() - told > 60:
            told = time.perf_counter()
            left = (told - begin) / len(losses) * (steps - len(losses))
            tell(f"step {len(losses)} of {steps}, loss {np.mean(losses[-50:]):.3f}, {left / 60:.0f} min left")
    net.encoder.eval()


def _batches(rows: Sequence[Ranked], recipe: Recipe, order: random.Random) -> Iterator[list[Ranked]]:
    for _ in range(recipe.epochs):
        mixed = list(rows)
        order.shuffle(mixed)
        for start in range(0, len(mixed) - recipe.batch + 1, recipe.batch):
            yield mixed[start : start + recipe.batch]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m retrieval.builtin.train_reranker", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few hundred questions")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "folioscope-features")
    parser.add_argument(
        "--out", type=Path, help="default: where the product looks for them; with --quick a file in the cache"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--most", type=int, help="questions of one source")
    asked = parser.parse_args(arguments)
    asked.cache.mkdir(parents=True, exist_ok=True)
    rows = gathered(data_folder(), asked.cache, tell, QUICK if asked.quick else None, ("all-charts",))
    recipe = Recipe(most=30) if asked.quick else Recipe()
    if asked.most:
        recipe = replace(recipe, most=asked.most)
    order = random.Random(recipe.seed)
    used = chosen(rows, recipe.most, order)
    tell(f"{len(used):,} questions to learn from")
    net = Net(asked.device, recipe.frozen, precision_probe())
    begin = time.perf_counter()
    train(net, used, recipe)
    tell(f"{time.perf_counter() - begin:.0f} s of training")
    out: Path = asked.out or (asked.cache / "reranker.safetensors" if asked.quick else FILE)
    save_file(net.state(), out, metadata={"recipe": repr(recipe), "format": "1"})
    tell(f"saved {out}")


if __name__ == "__main__":
    main()
