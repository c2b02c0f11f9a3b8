"""Fine-tunes a Reranker's own weights with sentence-transformers' trainer: right Parts against tempting wrong ones."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from datasets import Dataset
from sentence_transformers import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
from transformers import PrinterCallback
from transformers.utils.logging import disable_progress_bar

from retrieval.errors import ModelError
from retrieval.metrics import ndcg
from retrieval.rerankers import ModelReranker, load_reranker
from retrieval.training.dataset import Cell, Example, Examples, cell, pair_columns
from retrieval.training.following import Cancelled, Follow
from retrieval.training.inputs import See, show
from retrieval.training.moving import best_share, keep, moving, put
from retrieval.training.records import RECORD, Trained
from retrieval.training.types import TrainSettings
from retrieval.types import Reranker, Route

FOLDER = "reranker"


@dataclass(frozen=True, slots=True)
class Defaults:
    epochs: float = 2.0
    batch_size: int = 16
    learning_rate: float = 2e-5
    warmup: float = 0.1
    patience: int = 2  # epochs without a gain on the inner split


DEFAULTS = Defaults()


class Trainer(CrossEncoderTrainer):
    def add_model_card_callback(self, default_args_dict: dict[str, object]) -> None:
        """None: the Model's card is written by whoever saves the Model."""


def train_reranker(
    reranker: Reranker,
    examples: Examples,
    settings: TrainSettings,
    folder: Path,
    tell: Callable[[float, str], None],
    stop: Callable[[], bool],
    *,
    see: See,
) -> Trained:
    """Writes new weights into `folder`/reranker (a Model's); `reranker` itself is left as it is.

    A reranker that reads text only learns from passages alone. `see`, `tell` and `stop` as in `train_embedder`. Raises
    ModelError, Cancelled.
    """
    if not isinstance(reranker, ModelReranker):
        raise ModelError(f"{type(reranker).__name__} has no weights that can be trained here.")
    disable_progress_bar()
    pairs = Pairs(reranker, see)
    train, inner = pairs.readable(examples.train), pairs.readable(examples.inner)
    if not any(example.wrong for example in train):
        raise ModelError("There is nothing to tell apart for the reranker.", "Judge some wrong answers too.")
    model = copy.deepcopy(reranker.model).float()
    record = Trained(
        loss="binary cross-entropy",
        epochs=settings.epochs or DEFAULTS.epochs,
        batch_size=settings.batch_size or DEFAULTS.batch_size,
        learning_rate=settings.learning_rate or DEFAULTS.learning_rate,
        seed=settings.seed,
        moved=sum(parameter.numel() for parameter in moving(model).values()),
    )

    def quality() -> float:
        return pairs.quality(model, inner)

    follow = Follow(model, quality if inner else None, tell, stop, DEFAULTS.patience)
    old = keep(model)
    with tempfile.TemporaryDirectory(prefix="folioscope-train-") as scratch:
        trainer = Trainer(
            model=model,
            args=_arguments(Path(scratch), record, on_cpu=model.device.type == "cpu"),
            train_dataset=pairs.dataset(train),
            loss=BinaryCrossEntropyLoss(model),
            callbacks=[follow],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    if follow.stopped:
        raise Cancelled
    record.losses, record.inner, record.steps = follow.losses, follow.qualities, len(follow.losses)
    new = follow.best or keep(model)
    model.eval()
    if inner:
        record.share, record.shares = best_share(model, old, new, quality)
    else:
        put(model, new)
    model.save_pretrained(str(folder / FOLDER), create_model_card=False)
    (folder / FOLDER / RECORD).write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
    return record


def open_reranker(base: Reranker, folder: Path) -> Reranker:
    """`base` with the weights in a Model's folder; `base` itself where it holds none. Raises ModelError."""
    if not (folder / FOLDER).exists() or not isinstance(base, ModelReranker):
        return base
    precision = str(base.model.dtype).removeprefix("torch.")
    place = str(base.model.device)
    return load_reranker(str(folder / FOLDER), profiles=base.profiles, precision=precision, device=place)


class Pairs:
    """Question and Part as a reranker is shown them, see `ModelReranker.score`."""

    def __init__(self, reranker: ModelReranker, see: See) -> None:
        kinds = frozenset(reranker.model.modalities)
        self._see = see
        self._fuses = "message" in kinds
        self._pictures = self._fuses and "image" in kinds

    def readable(self, examples: Sequence[Example]) -> list[Example]:
        return [example for example in examples if self._pictures or example.route is Route.TEXT]

    def dataset(self, examples: Sequence[Example]) -> Dataset:
        """(sentence1, sentence2, label). Plain texts stay strings: a pair of them is never opened as a file."""
        made = [pair_columns([e for e in examples if e.route is route]) for route in Route]
        rows = [row for table in made for row in zip(*table.values(), strict=True)]
        cells = Dataset.from_dict({"row": list(range(len(rows)))})

        def transform(batch: dict[str, list[int]]) -> dict[str, list[object]]:
            chosen = [rows[row] for row in batch["row"]]
            return {
                "sentence1": [self._shown(row[0]) for row in chosen],
                "sentence2": [self._shown(row[1]) for row in chosen],
                "label": [float(row[2]) for row in chosen],
            }

        return cells.with_transform(transform)

    def quality(self, model: CrossEncoder, examples: Sequence[Example]) -> float:
        """Mean NDCG@10 of each question's right Part among its own wrong ones."""
        given = [(example, part) for example in examples for part in (example.right, *example.wrong)]
        training = model.training
        shown = [(self._shown(example.query), self._shown(cell(part))) for example, part in given]
        scores = np.asarray(model.predict(shown, batch_size=8, show_progress_bar=False), np.float32)
        model.train(training)
        gains, start = [], 0
        for example in examples:
            count = 1 + len(example.wrong)
            order = np.argsort(-scores[start : start + count], kind="stable")
            gains.append(ndcg([float(place == 0) for place in order.tolist()], [1.0], 10))
            start += count
        return float(np.mean(gains))

    def _shown(self, value: Cell) -> object:
        return show(value, self._see) if self._fuses else value


def _arguments(scratch: Path, record: Trained, *, on_cpu: bool) -> CrossEncoderTrainingArguments:
    return CrossEncoderTrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=record.epochs,
        per_device_train_batch_size=record.batch_size,
        learning_rate=record.learning_rate,
        warmup_steps=DEFAULTS.warmup,
        seed=record.seed,
        data_seed=record.seed,
        use_cpu=on_cpu,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_strategy="steps",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )


__all__ = ["open_reranker", "train_reranker"]
