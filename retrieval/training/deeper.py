"""Balanced and bold: from judged questions to new weights in a Model's folder. What can be opened again: `open_trained`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from retrieval.errors import ModelError
from retrieval.fusion import EVIDENCE
from retrieval.index import GenerationIndex
from retrieval.trained import OWN_WEIGHTS
from retrieval.training.dataset import Example, Examples, mine
from retrieval.training.embedder import DEFAULTS as EMBEDDER
from retrieval.training.embedder import open_trained, train_embedder
from retrieval.training.evidence import Evidence
from retrieval.training.inputs import See
from retrieval.training.learn import DEFAULTS as CAREFUL
from retrieval.training.pictures import Pictures
from retrieval.training.projection import Ranked, train_projection
from retrieval.training.records import Trained
from retrieval.training.refill import fill
from retrieval.training.types import JudgedQuestion, Recipe, TrainSettings
from retrieval.types import Embedder, Floats, WithFeatures

INNER_SHARE = 0.2  # of the questions
NEGATIVES = 1  # beside each right Part, where the settings say nothing: the batch brings more, and each costs its time
FEWEST = 5  # inner questions that can say anything: with fewer there is no inner split
Tell = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a deeper recipe stands on. `questions`: none that is held out; `vectors` (n, dim): theirs without any map;
    `evidence`: the same questions', in the same order, under the base's fusion."""

    embedder: Embedder  # without its map
    index: GenerationIndex
    questions: Sequence[JudgedQuestion]
    vectors: Floats
    evidence: Evidence
    pictures: Pictures


def deepen(
    grounds: Grounds, recipe: Recipe, settings: TrainSettings, folder: Path, tell: Tell, stop: Callable[[], bool]
) -> Trained:
    """Writes own weights into `folder`. Raises Cancelled, ModelError (nothing that this recipe could move), MissingExtra."""
    if any(question.held_out for question in grounds.questions):
        raise ValueError("a held-out question was given to learn from")
    if recipe is Recipe.BALANCED:
        return _balanced(grounds, settings, folder, tell, stop)
    if recipe is Recipe.BOLD:
        return _bold(grounds, settings, folder, tell, stop)
    raise ValueError(f"{recipe} moves no weights of the embedder")


@dataclass(frozen=True, slots=True)
class Deeper:
    """A new embedder with all vectors of the library, or (`index` None) no gain found. `moved` in plain words."""

    embedder: Embedder
    record: Trained
    moved: tuple[str, ...] = ()
    generation: int | None = None
    index: GenerationIndex | None = None

    @property
    def no_gain(self) -> bool:
        return self.record.share == 0.0


def go_deeper(
    grounds: Grounds, recipe: Recipe, settings: TrainSettings, folder: Path, tell: Tell, stop: Callable[[], bool]
) -> Deeper:
    """Learns, opens what was learned, and makes the vectors of every Part that it changes. Raises as `deepen` does.

    Query map and fusion come after that, on the new vectors.
    """
    learning = learning_share(grounds, recipe, settings)
    record = deepen(grounds, recipe, settings, folder, lambda share, line: tell(learning * share, line), stop)
    if record.share == 0.0:
        for path in (folder / name for name in OWN_WEIGHTS if (folder / name).exists()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return Deeper(grounds.embedder, record)
    embedder = open_trained(grounds.embedder, folder)
    generation = fill(
        grounds.pictures,
        grounds.embedder,
        embedder,
        lambda share, line: tell(learning + (1.0 - learning) * share, line),
        stop,
    )
    index = GenerationIndex(generation, embedder.dim)
    index.refresh(grounds.pictures.store.read())
    return Deeper(embedder, record, _moved(grounds.embedder, recipe), generation, index)


def learning_share(grounds: Grounds, recipe: Recipe, settings: TrainSettings) -> float:
    """Which part of the whole time learning is thought to take, 0–1; the rest is making vectors.

    A Part that is learned from costs three times one that is embedded: forwards, and twice as much back.
    """
    if recipe is Recipe.BALANCED:
        return 0.9  # vectors are projected from stored features
    negatives = NEGATIVES if settings.hard_negatives is None else settings.hard_negatives
    routes = sum(len(rows) > 0 for rows in grounds.index.routes.values())
    shown = (1.0 - INNER_SHARE) * len(grounds.questions) * routes * (2 + negatives)
    learned = 3.0 * shown * (settings.epochs or EMBEDDER.epochs)
    return learned / max(1.0, learned + sum(len(rows) for rows in grounds.index.routes.values()))


def _moved(embedder: Embedder, recipe: Recipe) -> tuple[str, ...]:
    if recipe is Recipe.BALANCED:
        return ("picture projection",)
    if isinstance(embedder, WithFeatures):
        return ("text encoder", "picture projection")
    return ("encoder",)


def can(embedder: Embedder, recipe: Recipe) -> bool:
    """Whether a recipe has weights of that embedder to move. Loads nothing."""
    from retrieval.builtin.embedder import BuiltinEmbedder
    from retrieval.embedders import ModelEmbedder

    if recipe is Recipe.BALANCED:
        return isinstance(embedder, BuiltinEmbedder)
    return recipe is Recipe.BOLD and isinstance(embedder, BuiltinEmbedder | ModelEmbedder)


def split(count: int, seed: int) -> tuple[list[int], list[int]]:
    """Places of the questions to learn from and of the inner split, which is empty when it would be too small."""
    order = np.random.default_rng((seed, 1)).permutation(count).tolist()
    inner = round(INNER_SHARE * count)
    if inner < FEWEST:
        return sorted(order), []
    return sorted(order[inner:]), sorted(order[:inner])


def _balanced(grounds: Grounds, settings: TrainSettings, folder: Path, tell: Tell, stop: Callable[[], bool]) -> Trained:
    embedder = grounds.embedder
    if not isinstance(embedder, WithFeatures):
        raise ModelError("This model stores no features of pictures.", "Use the careful or the bold recipe.")
    pool = grounds.evidence.pool
    pictured = np.unique(pool.rows["picture"].page)
    found = grounds.pictures.features(embedder, pool.page_ids[pictured].tolist(), stop)
    if not found:
        raise ModelError("No page has a picture to learn from.", "Use the careful recipe.")
    ranked = ranked_of(grounds.evidence, {page: row for row, page in enumerate(found)})
    train, inner = split(len(ranked), settings.seed)
    return train_projection(
        embedder,
        np.stack(list(found.values())),
        [ranked[place] for place in train],
        [ranked[place] for place in inner],
        settings,
        folder,
        tell,
        stop,
    )


def ranked_of(evidence: Evidence, row_of: Mapping[int, int]) -> list[Ranked]:
    """Each question's candidates with all but the picture summed up. `row_of`: Page id → row of the features."""
    pool, column = evidence.pool, EVIDENCE.index("picture")
    rows = np.array([row_of.get(page, -1) for page in pool.page_ids.tolist()], np.int64)
    weights = np.array([evidence.fusion.profiles[key].row() for key in pool.profiles], np.float32)
    offsets = np.array([evidence.fusion.profiles[key].offset for key in pool.profiles], np.float32)
    found = []
    for asked in evidence.asked:
        profile = pool.profile[asked.pages]
        known = np.nan_to_num(asked.fixed, nan=0.0)
        slope = np.where(rows[asked.pages] >= 0, weights[profile, column], 0.0)
        total = (known * weights[profile]).sum(axis=1) + offsets[profile]
        rest = total - slope * known[:, column]
        # all candidates compete, and log-odds are made for one page
        warm = np.float32(CAREFUL.temperature)
        found.append(
            Ranked(
                asked.vector.astype(np.float32),
                rows[asked.pages],
                (warm * rest).astype(np.float32),
                (warm * slope).astype(np.float32),
                asked.right,
            )
        )
    return found


def _bold(grounds: Grounds, settings: TrainSettings, folder: Path, tell: Tell, stop: Callable[[], bool]) -> Trained:
    examples = examples_of(grounds, settings)
    pages = sorted(
        {
            part.page_id
            for example in (*examples.train, *examples.inner)
            for part in (example.right, *example.wrong)
            if part.text is None
        }
    )
    embedder = grounds.embedder
    with tempfile.TemporaryDirectory(prefix="folioscope-pictures-") as place:
        see: See
        if isinstance(embedder, WithFeatures):
            rows = grounds.pictures.features(embedder, pages, stop)
            see, known = rows.__getitem__, frozenset(rows)
        else:
            longest = getattr(embedder, "picture_px", 1024)
            files = grounds.pictures.files(pages, longest, Path(place), stop)
            known = frozenset(files)

            def see(page_id: int) -> object:
                return Image.open(files[page_id]).convert("RGB")

        seen = Examples(visible(examples.train, known), visible(examples.inner, known), examples.right)
        return train_embedder(embedder, seen, settings, folder, tell, stop, see=see)


def examples_of(grounds: Grounds, settings: TrainSettings) -> Examples:
    """Mined from the index, the inner split apart."""
    negatives = NEGATIVES if settings.hard_negatives is None else settings.hard_negatives
    db = grounds.pictures.store.read()
    sides = []
    for places in split(len(grounds.questions), settings.seed):
        some = [grounds.questions[place] for place in places]
        sides.append(tuple(mine(db, grounds.index, some, grounds.vectors[places], negatives=negatives)))
    return Examples(sides[0], sides[1], {question.query: question.right for question in grounds.questions})


def visible(examples: Sequence[Example], known: frozenset[int]) -> tuple[Example, ...]:
    """Without pictures that could not be made."""

    def there(page_id: int, text: str | None) -> bool:
        return text is not None or page_id in known

    return tuple(
        Example(e.query, e.route, e.right, tuple(w for w in e.wrong if there(w.page_id, w.text)))
        for e in examples
        if there(e.right.page_id, e.right.text)
    )


__all__ = ["Deeper", "Grounds", "can", "deepen", "go_deeper"]
