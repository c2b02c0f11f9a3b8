"""Fine-tunes an Embedder's own weights (the bold recipe) with sentence-transformers' trainer, and opens the result.

What moves: the built-in model's text net and projection (its picture net never does, so stored features stay good); all of
another SentenceTransformer; of a vision-language model LoRA matrices, merged before they are saved.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from torch import nn
from transformers import PrinterCallback
from transformers.utils.logging import disable_progress_bar

from retrieval.builtin.embedder import BuiltinEmbedder
from retrieval.embedders import ModelEmbedder, load_embedder, transformers_of
from retrieval.encoding import unit_rows
from retrieval.errors import MissingExtra, ModelError
from retrieval.training.dataset import Examples, datasets_of
from retrieval.training.following import Cancelled, Follow
from retrieval.training.inputs import See, as_inputs, batches_of, distinct, show
from retrieval.training.losses import loss_named
from retrieval.training.moving import State, best_share, keep, moving, put, ranked_quality
from retrieval.training.records import RECORD, Trained
from retrieval.training.types import TrainSettings
from retrieval.types import Embedder, Floats, Route

FOLDER = "embedder"  # of another model's weights, inside the Model's folder


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the settings say nothing.

    Those of the built-in model were measured on MiniLM as it comes, on 400 questions about charts (five sixths learned from,
    400 others about other charts asked): NDCG@10 by passages alone .840 → .858 (+.005 to +.031), ten CPU minutes. The losses
    are compared in docs/lift.md.
    """

    loss: str = "mnrl"
    epochs: float = 2.0
    batch_size: int = 16
    learning_rate: float = 2e-5  # of a whole model
    lora_rate: float = 2e-4
    builtin_rate: float = 5e-5  # of the text net's free layers
    projection_rate: float = 2e-4  # of the two layers behind the picture net, less settled than a language model
    warmup: float = 0.1
    patience: int = 2  # epochs without a gain on the inner split
    lora_rank: int = 16
    free_layers: int = 3  # of the built-in text net, from the top; the lower ones and the word vectors stay


DEFAULTS = Defaults()


def train_embedder(
    embedder: Embedder,
    examples: Examples,
    settings: TrainSettings,
    folder: Path,
    tell: Callable[[float, str], None],
    stop: Callable[[], bool],
    *,
    see: See,
) -> Trained:
    """Writes new weights into `folder` (a Model's); `embedder` itself is left as it is.

    `see`: a Page's picture by its id; for an embedder `WithFeatures` the picture's stored features (n,). `tell` gets the
    share done and a line; `stop` is asked after every step, then Cancelled is raised. Raises ModelError, MissingExtra.
    """
    disable_progress_bar()  # of "writing model shards"
    learner = Learner.of(embedder)
    name = settings.loss or DEFAULTS.loss
    loss = loss_named(name)
    data = {
        route: made.with_transform(as_inputs(see)) for route, made in datasets_of(examples.train, loss.form).items()
    }
    if not data:
        raise ModelError("There is nothing to learn from: no judged page has a vector.", "Judge some answers first.")
    model = learner.model
    record = Trained(
        loss=name,
        epochs=settings.epochs or DEFAULTS.epochs,
        batch_size=settings.batch_size or DEFAULTS.batch_size,
        learning_rate=settings.learning_rate or learner.rate,
        seed=settings.seed,
        moved=sum(parameter.numel() for parameter in moving(model).values()),
    )
    inner = Inner(learner, examples, see)
    follow = Follow(model, inner.quality if examples.inner else None, tell, stop, DEFAULTS.patience)
    old = keep(model)
    with tempfile.TemporaryDirectory(prefix="folioscope-train-") as scratch:
        arguments = _arguments(Path(scratch), record, learner, next(iter(data.values())).column_names)
        if loss.across:
            arguments.batch_sampler = batches_of(examples.train, examples.right, settings.seed)
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=data,
            loss=loss.make(model, embedder.dim),
            callbacks=[follow],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    if follow.stopped:
        raise Cancelled
    record.steps, record.losses, record.inner = len(follow.losses), follow.losses, follow.qualities
    _settle(model, old, follow.best or keep(model), inner, record)
    learner.save(model.eval(), folder)
    (folder / RECORD).write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
    return record


def _settle(model: nn.Module, old: State, new: State, inner: Inner, record: Trained) -> None:
    """Goes the share of the way that is best on the inner split; all of it where there is none."""
    if not inner.examples:
        put(model, new)
        return
    model.eval()
    record.share, record.shares = best_share(model, old, new, inner.quality)


def _arguments(
    scratch: Path, record: Trained, learner: Learner, columns: Sequence[str]
) -> SentenceTransformerTrainingArguments:
    question, *others = [name for name in columns if name != "label"]
    prompts = {question: learner.model.prompts.get("query", "")}
    prompts |= {name: learner.model.prompts.get("document", "") for name in others}
    return SentenceTransformerTrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=record.epochs,
        per_device_train_batch_size=record.batch_size,
        learning_rate=record.learning_rate,
        learning_rate_mapping=learner.rates,
        warmup_steps=DEFAULTS.warmup,
        prompts={name: prompt for name, prompt in prompts.items() if prompt} or None,
        router_mapping={question: "query", **dict.fromkeys(others, "document")},
        seed=record.seed,
        data_seed=record.seed,
        use_cpu=learner.model.device.type == "cpu",
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_strategy="steps",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )


class Trainer(SentenceTransformerTrainer):
    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """None: the Model's card is written by whoever saves the Model, with what the verdict says."""


@dataclass(slots=True)
class Learner:
    """A copy of an embedder's model that may be trained, and how its weights are saved."""

    model: SentenceTransformer
    rate: float
    rates: dict[str, float]
    save: Callable[[SentenceTransformer, Path], None]

    @classmethod
    def of(cls, embedder: Embedder) -> Learner:
        if isinstance(embedder, BuiltinEmbedder):
            return _builtin(embedder)
        if isinstance(embedder, ModelEmbedder):
            return _language_model(embedder) if "message" in embedder.model.modalities else _whole(embedder)
        raise ModelError(
            f"{type(embedder).__name__} has no weights that can be trained here.", "Use the careful recipe."
        )


def _builtin(embedder: BuiltinEmbedder) -> Learner:
    from retrieval.builtin.trained import learner, save_weights

    model = learner(embedder)
    net = model[0].sub_modules["text"][0].model
    net.requires_grad_(False)
    for layer in net.encoder.layer[-DEFAULTS.free_layers :]:
        layer.requires_grad_(True)
    moved = frozenset(moving(net))

    def save(model: SentenceTransformer, folder: Path) -> None:
        save_weights(embedder, model, moved, folder)

    return Learner(model, DEFAULTS.builtin_rate, {r"sub_modules\.image": DEFAULTS.projection_rate}, save)


def _whole(embedder: ModelEmbedder) -> Learner:
    """Everything moves, in float32: steps this small vanish in half precision."""
    return Learner(copy.deepcopy(embedder.model).float(), DEFAULTS.learning_rate, {}, _save_whole)


def _language_model(embedder: ModelEmbedder) -> Learner:
    """LoRA on the attention of the language half; what it adds is merged into the weights before they are saved."""
    try:
        from peft import LoraConfig, LoraModel
    except ImportError as error:
        raise MissingExtra("Training a vision-language model needs peft.", "pip install folioscope[lora]") from error
    model = copy.deepcopy(embedder.model)
    rank = DEFAULTS.lora_rank
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])
    # the tuner puts its layers into the net where it stands; `get_peft_model` would wrap it as well, for nothing
    tuners = [(part, LoraModel(part.model, config, "default")) for part in transformers_of(model)]

    def save(model: SentenceTransformer, folder: Path) -> None:
        for part, tuner in tuners:
            part.model = tuner.merge_and_unload()
        _save_whole(model, folder)

    return Learner(model, DEFAULTS.lora_rate, {}, save)


def _save_whole(model: SentenceTransformer, folder: Path) -> None:
    save_model(model, folder / FOLDER)


def save_model(model: SentenceTransformer, folder: Path) -> None:
    """safetensors and settings, as sentence-transformers writes them; no card."""
    for transformer in transformers_of(model):
        backend = getattr(transformer.tokenizer, "backend_tokenizer", None)
        if backend is not None:  # a tokenizer remembers how the last batch was cut and padded, and would save it
            backend.no_truncation()
            backend.no_padding()
    model.save_pretrained(str(folder), create_model_card=False)


class Inner:
    """How well the model ranks the Parts of the inner split for its questions."""

    def __init__(self, learner: Learner, examples: Examples, see: See) -> None:
        self._model = learner.model
        self._right = examples.right
        self._see = see
        self.examples = examples.inner

    def quality(self) -> float:
        """Mean NDCG@10 over questions and routes, 0–1."""
        gains: list[float] = []
        for route in Route:
            some = [example for example in self.examples if example.route is route]
            if some:
                parts = distinct(some)
                questions = self._rows([{"text": example.query} for example in some], query=True)
                rows = self._rows([show(part.page_id if part.text is None else part.text, self._see) for part in parts])
                gains += ranked_quality(some, self._right, questions, rows, [part.page_id for part in parts])
        return float(np.mean(gains)) if gains else 0.0

    def _rows(self, inputs: list[dict[str, object]], *, query: bool = False) -> Floats:
        training = self._model.training
        encode: Any = self._model.encode_query if query else self._model.encode_document
        rows = encode(inputs, batch_size=8, show_progress_bar=False, convert_to_numpy=True)
        self._model.train(training)
        return unit_rows(rows)


def open_trained(base: Embedder, folder: Path) -> Embedder:
    """`base` with the own weights of a Model's folder; `base` itself where the folder holds none. Raises ModelError."""
    if isinstance(base, BuiltinEmbedder):
        from retrieval.builtin.trained import PROJECTION_FILE, TEXT_FILE, with_weights

        own = (folder / PROJECTION_FILE).exists() or (folder / TEXT_FILE).exists()
        return with_weights(base, folder) if own else base
    if not (folder / FOLDER).exists():
        return base
    if not isinstance(base, ModelEmbedder):
        raise ModelError(f"{folder / FOLDER} does not belong to {type(base).__name__}.", "Roll back to another model.")
    precision = str(base.model.dtype).removeprefix("torch.")
    return load_embedder(str(folder / FOLDER), precision=precision, device=str(base.model.device))


__all__ = ["Cancelled", "Trained", "open_trained", "save_model", "train_embedder"]
