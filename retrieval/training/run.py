"""One retrain from judged questions to a measured Model on disk. Nothing changes for anybody until its last transaction."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval import search, trained
from retrieval.errors import FolioscopeError
from retrieval.fusion import Fusion, builtin_fusion, to_json
from retrieval.library import Library
from retrieval.models import Answering
from retrieval.store import jobs, models
from retrieval.store.db import set_setting
from retrieval.training import report
from retrieval.training.asking import Side, question_vectors, unmapped
from retrieval.training.card import card, code_version, default_name
from retrieval.training.evidence import Evidence, gather
from retrieval.training.learn import DEFAULTS, LAST_COURSE, Learned, Stopped, inner_folds, learn, steps_for
from retrieval.training.mapped import map_hash, mapped, save_map
from retrieval.training.measure import Measured, Measuring, Vectors, verdict
from retrieval.training.plan import Plan
from retrieval.training.request import Request, judged_questions
from retrieval.training.types import FEW_HELD_OUT, JudgedQuestion, Recipe, Verdict
from retrieval.types import Embedder, Floats, JobState, WithFeatures

if TYPE_CHECKING:
    from retrieval.index import GenerationIndex

ENOUGH_PICTURES = 30  # questions whose answer is a picture without text, from which *auto* tries the balanced recipe
MARGIN = (
    0.01  # NDCG@10 by which a deeper recipe must gain more than the careful one: the better of two looks good by chance
)
FOLDS = 5  # of the cross-validation where few questions are held out
RATES = "train_rates"  # the setting with what a unit of each step takes

SAME = "The judgements made the model that is in use once more: there was nothing new to learn."
MOVED = ("query map", "fusion weights", "calibration")  # by the careful recipe
DEEP = "Training the model"
LOAD, ASSIGN, ASK, LEARN = "Loading the model", "Dividing the questions", "Asking the questions", "Learning"
CHECK, RANK, GUARD, SAVE = "Checking in five folds", "Measuring before and after", "General questions", "Saving"


@dataclass(frozen=True, slots=True)
class Made:
    """What the new Model is: its parts, whatever recipe made them."""

    recipe: Recipe
    side: Side
    vectors: Vectors
    no_gain: bool
    moved: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Retrain:
    """`run()` does it all. `stop` is asked often; then Stopped is raised and nothing is left behind."""

    def __init__(self, library: Library, job_id: int, request: Request, plan: Plan, stop: Callable[[], bool]) -> None:
        self.library, self.job_id, self.request, self.plan, self.stop = library, job_id, request, plan, stop
        self.started = time.time()
        asked = request.settings.recipe
        self.deep: Recipe | None = asked if asked in (Recipe.BALANCED, Recipe.BOLD) else None

    def run(self) -> Verdict:
        self._expect(self.library.labels.questions() if self.request.folder is None else [])
        self._load()
        self._divide()
        evidence = self._ask()
        with trained.writing(self.library.path, f"job-{self.job_id}") as folder:
            made = self._learn(evidence, folder)
            found = self._measure(evidence, made)
            return self._save(folder, made, found)

    def check(self) -> None:
        if self.stop():
            raise Stopped

    def _expect(self, questions: Sequence[JudgedQuestion]) -> None:
        """What is still to come, from what is known by now."""
        known = bool(self.plan.steps)
        learning = sum(not question.held_out for question in questions) or 1
        out = len(questions) - learning
        rows = self.rows if known else 5000
        steps = steps_for(learning, self.request.settings)
        size = self.request.settings.batch_size or DEFAULTS.batch
        courses = len(inner_folds(learning, 0)) + LAST_COURSE
        coming = [(ASK, "ask", learning), (LEARN, "step", courses * steps * min(size, learning) * rows)]
        if self.deep is not None:
            coming.insert(1, (DEEP, "deep", 1 if self.deep is Recipe.BALANCED else rows))
        if out < FEW_HELD_OUT and self.deep is None:
            part = learning * (FOLDS - 1) // FOLDS
            coming.append((CHECK, "fold", FOLDS * (1 + LAST_COURSE) * steps * min(size, part) * rows))
            out = len(questions)
        coming += [(RANK, "rank", out), (GUARD, "guard", 1), (SAVE, "save", 1)]
        if not known:
            new = sum(not question.settled for question in questions)
            coming = [(LOAD, "load", 1), (ASSIGN, "settle", new), *coming]
        self.plan.expect(coming)

    def _load(self) -> None:
        self.plan.begin(LOAD)
        self.now: Answering = self.library.models.answering()
        self.row = self.library.models.row(self.now.model_id)
        self.embedder, self.map = unmapped(self.now.embedder)
        self.rows = sum(len(route) for route in self.now.index.routes.values())
        self.check()

    def _divide(self) -> None:
        self.plan.begin(ASSIGN)
        builtin = self.library.models.builtin()
        self.questions, self.labels, self.labels_hash = judged_questions(self.library, self.request, builtin)
        self._expect(self.questions)
        self.learning = [question for question in self.questions if not question.held_out]
        self.held_out = [question for question in self.questions if question.held_out]
        if len(self.learning) < 2:
            raise FolioscopeError(
                f"Only {len(self.learning)} of the judged questions is not held out: there is nothing to learn from.",
                "Judge some more questions, then train again.",
            )
        self.check()

    def _ask(self) -> Evidence:
        self.plan.begin(ASK)
        self.vectors = self._vectors_of(self.embedder)
        done = 0

        def tick() -> None:
            nonlocal done
            self.check()
            self.plan.progress(done / len(self.learning))
            done += 1

        return self._gathered(self.vectors, self.now.index, tick)

    def _vectors_of(self, embedder: Embedder) -> Vectors:
        every = [question.query for question in self.questions]
        return dict(zip(every, question_vectors(self.library, embedder, every, self.check), strict=True))

    def _gathered(self, vectors: Vectors, index: GenerationIndex, tick: Callable[[], None]) -> Evidence:
        db = self.library.store.read()
        within = search.scope(db, None, None, None)
        rows = np.stack([vectors[question.query] for question in self.learning])
        return gather(db, self.learning, rows, within, self._start(), index, tick)

    def _start(self) -> Fusion:
        """Learning starts from the builtin weights, whatever is current: the same labels then give the same Model."""
        fusion = builtin_fusion()
        return fusion if self.now.fusion.own else fusion.for_another_encoder

    def _learn(self, evidence: Evidence, folder: Path) -> Made:
        """By the recipe that was asked for; *auto* takes the one that gains more on the inner split."""
        asked = self.request.settings.recipe
        self.deep = deeper_than_careful(asked, self.embedder, evidence)
        self._expect(self.questions)
        ways = [self._careful(evidence)] if asked is Recipe.AUTO or self.deep is None else []
        if self.deep is not None:
            self.plan.begin(DEEP)
            ways += self._deeper(self.deep, evidence, folder)
        if not ways:
            note = f"The {asked} recipe found no gain beyond the careful one."
            return replace(self._careful(evidence)[1], notes=(note,))
        best = max(ways, key=lambda way: way[0] - (0.0 if way[1].recipe is Recipe.CAREFUL else MARGIN))[1]
        if best.recipe is Recipe.CAREFUL:
            trained.drop_weights(folder)
        return best

    def _careful(self, evidence: Evidence) -> tuple[float, Made]:
        """The gain on the inner split, and what gained it."""
        self.plan.begin(LEARN)
        found = learn(evidence, self.request.settings, self._tell, self.stop)
        return found.gain, self._made(Recipe.CAREFUL, self.before, self.vectors, found)

    def _made(self, recipe: Recipe, side: Side, vectors: Vectors, found: Learned, moved: tuple[str, ...] = ()) -> Made:
        if found.no_gain:
            return Made(recipe, side, vectors, not moved, moved)
        side = replace(side, fusion=found.fusion, map=found.map)
        return Made(recipe, side, vectors, False, (*moved, *MOVED))

    def _deeper(self, recipe: Recipe, evidence: Evidence, folder: Path) -> list[tuple[float, Made]]:
        """Own weights of the embedder in `folder`, the library's vectors by them, and a map on top; [] without a gain."""
        from retrieval.training.deeper import Grounds, go_deeper
        from retrieval.training.pictures import Pictures

        library, settings = self.library, self.request.settings
        pictures = Pictures(library.store, library.blobs, library.cache, library.children)
        rows = np.stack([self.vectors[question.query] for question in self.learning])
        grounds = Grounds(self.embedder, self.now.index, self.learning, rows, evidence, pictures)

        def tell(share: float, line: str) -> None:
            self.plan.progress(0.9 * share, line)

        found = go_deeper(grounds, recipe, settings, folder, tell, self.stop)
        if found.index is None or found.generation is None:
            return []
        vectors = self._vectors_of(found.embedder)
        on_top = self._gathered(vectors, found.index, self.check)
        side = Side(found.embedder, on_top.fusion, None, found.index, found.generation)
        learned = learn(on_top, settings, lambda done, total: None, self.stop)
        gain = found.record.shares[found.record.share] - found.record.shares[0.0] if found.record.shares else 0.0
        return [(gain + learned.gain, self._made(recipe, side, vectors, learned, found.moved))]

    def _tell(self, done: int, total: int) -> None:
        self.plan.progress(done / total, f"step {done} of {total}")

    @property
    def before(self) -> Side:
        now = self.now
        return Side(self.embedder, now.fusion, self.map, now.index, now.generation_id)

    def _measure(self, evidence: Evidence, made: Made) -> Measured:
        few = len(self.held_out) < FEW_HELD_OUT and made.side.embedder is self.embedder
        measuring = Measuring(self.library, self.before, self.vectors, self.check, self.plan)
        folds = self._folds(evidence) if few else []
        self.plan.begin(RANK)
        pairs = [(self.held_out, made.side), *folds]
        found = measuring.ask([(some, side, made.vectors) for some, side in pairs if some])
        self.plan.begin(GUARD)
        return Measured(found, measuring.guard(made.side), few)

    def _folds(self, evidence: Evidence) -> list[tuple[list[JudgedQuestion], Side]]:
        """Each learning question with a Model that has not learned from it."""
        self.plan.begin(CHECK)
        order = np.random.default_rng(self.request.settings.seed).permutation(len(self.learning))
        folds = [order[start::FOLDS] for start in range(FOLDS)]
        folds = [fold for fold in folds if len(fold)]
        found = []
        for number, fold in enumerate(folds):
            rest = np.setdiff1d(order, fold)

            def tell(done: int, total: int, number: int = number) -> None:
                self.plan.progress((number + done / total) / len(folds), f"fold {number + 1} of {len(folds)}")

            part = replace(evidence, asked=tuple(evidence.asked[place] for place in rest))
            learned = learn(part, self.request.settings, tell, self.stop, quick=True)
            side = self.before if learned.no_gain else replace(self.before, fusion=learned.fusion, map=learned.map)
            found.append(([self.learning[place] for place in fold], side))
        return found

    # the end

    def _save(self, folder: Path, made: Made, found: Measured) -> Verdict:
        self.plan.begin(SAVE)
        dim = self.embedder.dim
        matrix = np.zeros((dim, dim), np.float32) if made.side.map is None else made.side.map
        save_map(folder, matrix)
        (folder / trained.FUSION_FILE).write_text(to_json(made.side.fusion), "utf-8")
        if self.row.trained:
            trained.inherit(folder, self.library.models.folder(self.row.id))
        digest = weights_hash(folder, matrix)
        if digest == models.weights_hash(self.library.store.read(), self.row.id):
            made = replace(made, no_gain=True, notes=(*made.notes, SAME))
        # of a Model that answers as its base does, one a set of labels
        of = f"{digest}{self.row.id}{self.labels_hash if made.no_gain else ''}"
        result = verdict(
            made,
            found,
            model=f"{time.strftime('%Y%m%d')}-{hashlib.sha256(of.encode()).hexdigest()[:6]}",
            base=self.row.id,
            library=self.library,
            labels=self.labels,
            questions=len(self.questions),
            learned_from=len(self.learning),
            seconds=time.time() - self.started,
        )
        self._register(folder, result, made.side, matrix, digest)
        return result

    def _register(self, folder: Path, result: Verdict, side: Side, matrix: Floats, digest: str) -> None:
        settings, code = self.request.settings, code_version()
        name = default_name(time.time(), self.labels)
        text = card(name, result, settings, weights_hash=digest, labels_hash=self.labels_hash, code=code)
        (folder / trained.CARD_FILE).write_text(text, "utf-8")
        row = models.Trained(
            id=result.model,
            name=name,
            location=self.row.location,
            revision=self.row.revision,
            base=self.row.id,
            recipe=str(result.recipe),
            labels=self.labels,
            ndcg=result.all_pages[0].after.value,
            generation_id=side.generation,
            query_key=mapped(side.embedder, matrix).query_key,
            recommended=result.recommended,
            report=report.dumps(result),
            settings=json.dumps(asdict(settings)),
            weights_hash=digest,
            labels_hash=self.labels_hash,
            code=code,
        )
        self.check()
        trained.finish(folder, self.library.path, result.model)
        self.plan.end()
        with self.library.store.write() as db:
            models.insert_trained(db, row)
            set_setting(db, RATES, self.plan.rates)
            jobs.set_detail(db, self.job_id, self.plan.as_json(result.model))
            jobs.finish(db, self.job_id, JobState.DONE, f"{result.outcome}: {name}")


def deeper_than_careful(asked: Recipe, embedder: Embedder, evidence: Evidence) -> Recipe | None:
    """The recipe that goes beyond the careful one; *auto* tries the balanced one where pictures are asked for."""
    if asked is not Recipe.AUTO:
        return asked if asked is not Recipe.CAREFUL else None
    bare = np.array([key.endswith("/bare") for key in evidence.pool.profiles])
    pictured = sum(bare[evidence.pool.profile[one.pages[one.right]]].any() for one in evidence.asked)
    return Recipe.BALANCED if isinstance(embedder, WithFeatures) and pictured >= ENOUGH_PICTURES else None


def weights_hash(folder: Path, matrix: Floats) -> str:
    """sha256 over everything in a Model's folder that shapes its answers."""
    digest = hashlib.sha256(map_hash(matrix).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != trained.CARD_FILE and path.name != trained.MAP_FILE:
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
