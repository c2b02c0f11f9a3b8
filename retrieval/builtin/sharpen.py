"""The second part of the text net's training: charts beside charts.

What answers a question about a chart stands in a handful of words, and many charts share most of theirs. Batches that mix
sources teach little of that: the other passages of a batch are told apart by their kind alone. Here a batch holds charts
only, so that every other chart in it is a wrong answer of the right kind (in-batch negatives: Henderson et al., 2017), each
question brings one of its nearest wrong ones along, and the layers below those that learn are computed once a text.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..cpu import precision_probe
from ..training.embedder import DEFAULTS
from ..types import PartInput
from .embedder import BuiltinEmbedder
from .lists import Ranked

GROUP = 32  # texts of like length that are computed at once


@dataclass(frozen=True, slots=True)
class ChartRecipe:
    """Everything that shapes the second part; saved in the metadata of the layers."""

    passes: float = 2.0
    batch: int = 64
    nearest: int = 10  # the wrong chart that comes along is one of so many
    tokens: int = 128
    rate: float = 5e-5
    warm: float = 0.1
    decay: float = 0.01
    scale: float = 20.0  # of the cosines
    dropout: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its right passage that is nearest, the nearest wrong ones, and all that is right."""

    query: str
    right: str
    wrong: tuple[str, ...]
    all_right: frozenset[str]


def asked(base: BuiltinEmbedder, rows: Sequence[Ranked], nearest: int) -> list[Asked]:
    """The questions of `rows` among the passages of all of them, as `base` finds them."""
    right: dict[str, set[str]] = {}
    for row in rows:
        right.setdefault(row.query, set()).update(text for place in row.right if (text := row.passages[place]))
    texts = sorted({text for row in rows for text in row.passages if text})
    passages = base.embed_parts([PartInput(text=text) for text in texts])
    queries = base.embed_queries([PartInput(text=row.query) for row in rows])
    made = []
    for row, query in zip(rows, queries, strict=True):
        order = [texts[place] for place in np.argsort(-(passages @ query), kind="stable").tolist()]
        answers = [text for text in order if text in right[row.query]]
        wrong = [text for text in order[: nearest + len(answers)] if text not in right[row.query]][:nearest]
        if answers and wrong:
            made.append(Asked(row.query, answers[0], tuple(wrong), frozenset(answers)))
    return made


class Upper:
    """A text net whose upper layers learn; what the lower ones make of a text is computed once."""

    def __init__(self, base: BuiltinEmbedder, recipe: ChartRecipe, half: bool) -> None:
        """`half`: compute in bfloat16; the weights stay float32."""
        text = base.route("text")[0]
        self.tokenizer: Any = text.tokenizer
        self.net: Any = copy.deepcopy(text.model).float().cpu()
        self.net.requires_grad_(False)
        self.tokens, self.half = recipe.tokens, half
        layers = list(self.net.encoder.layer)
        self.lower, self.upper = layers[: -DEFAULTS.free_layers], layers[-DEFAULTS.free_layers :]
        self.net.eval()
        for layer in self.upper:
            layer.requires_grad_(True).train()
            for module in layer.modules():
                if isinstance(module, nn.Dropout):
                    module.p = recipe.dropout
            layer.attention.self.dropout.p = 0.0  # the fused attention of CPUs knows no dropout
        self._known: dict[str, Tensor] = {}

    def trained(self) -> dict[str, nn.Parameter]:
        return {name: weight for name, weight in self.net.named_parameters() if weight.requires_grad}

    def rows(self, texts: Sequence[str]) -> Tensor:
        """(n, 384) unit rows that carry gradients, computed in groups of like length."""
        below = self._below(texts)
        order = sorted(range(len(texts)), key=lambda place: len(below[place]))
        found: dict[int, Tensor] = {}
        for start in range(0, len(order), GROUP):
            group = order[start : start + GROUP]
            states = nn.utils.rnn.pad_sequence([below[place] for place in group], batch_first=True).float()
            there = torch.arange(states.shape[1]) < torch.tensor([len(below[place]) for place in group])[:, None]
            states = self._through(self.upper, states, there).float()
            means = (states * there[..., None]).sum(1) / there.sum(1, keepdim=True)
            found.update(zip(group, nn.functional.normalize(means, dim=-1), strict=True))
        return torch.stack([found[place] for place in range(len(texts))])

    def _below(self, texts: Sequence[str]) -> list[Tensor]:
        """What the lower layers make of each: (its tokens, 384) bfloat16."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), GROUP):
            some = new[start : start + GROUP]
            batch = self.tokenizer(some, padding=True, truncation=True, max_length=self.tokens, return_tensors="pt")
            there = batch["attention_mask"].bool()
            with torch.no_grad():
                states = self._through(self.lower, self.net.embeddings(batch["input_ids"]), there)
            for text, row, mask in zip(some, states, there, strict=True):
                self._known[text] = row[mask].bfloat16()
        return [self._known[text] for text in texts]

    def _through(self, layers: Sequence[Any], states: Tensor, there: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
            for layer in layers:
                made = layer(states, there[:, None, None, :])
                states = made[0] if isinstance(made, tuple) else made
        return states


def loss_of(net: Upper, batch: Sequence[Asked], recipe: ChartRecipe, order: random.Random) -> Tensor:
    """Cross-entropy of the right passage among all of the batch; what else is right for a question is left out."""
    rights = [question.right for question in batch]
    texts = list(dict.fromkeys([*rights, *(order.choice(question.wrong) for question in batch)]))
    cosines = net.rows([question.query for question in batch]) @ net.rows(texts).T
    target = torch.tensor([texts.index(right) for right in rights])
    also = torch.tensor([[text in q.all_right and text != q.right for text in texts] for q in batch])
    return nn.functional.cross_entropy((recipe.scale * cosines).masked_fill(also, -1e4), target)


def sharpen(
    base: BuiltinEmbedder, rows: Sequence[Ranked], recipe: ChartRecipe, tell: Callable[[str], None]
) -> dict[str, Tensor]:
    """The upper layers of `base` after they learned from `rows`, in half precision, under MiniLM's names."""
    order = random.Random(recipe.seed)
    torch.manual_seed(recipe.seed)
    questions = asked(base, rows, recipe.nearest)
    net = Upper(base, recipe, precision_probe() == "bfloat16")
    trained = net.trained()
    size = min(recipe.batch, len(questions))
    steps = max(2, int(recipe.passes * len(questions) / size)) if questions else 0
    optimizer = torch.optim.AdamW(trained.values(), lr=recipe.rate, weight_decay=recipe.decay)
    losses: list[float] = []
    if steps:
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.rate, total_steps=steps, pct_start=recipe.warm, anneal_strategy="linear"
        )
    while len(losses) < steps:
        order.shuffle(questions)
        for start in range(0, len(questions) - size + 1, size)[: steps - len(losses)]:
            loss = loss_of(net, questions[start : start + size], recipe, order)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained.values(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            if len(losses) % 10 == 0:
                tell(f"charts, step {len(losses)} of {steps}, loss {np.mean(losses[-10:]):.3f}")
    return {name: weight.detach().half().contiguous() for name, weight in trained.items()}


__all__ = ["ChartRecipe", "asked", "sharpen"]
