"""The Improve tab: its empty shell, and what fills it. Plain functions that take the Library."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from retrieval.errors import FolioscopeError, NotFound
from retrieval.library import Library
from retrieval.training.types import (
    MINIMUM_QUESTIONS,
    Progress,
    Recipe,
    Teach,
    TrainSettings,
    Unjudged,
    Verdict,
)
from retrieval.types import Job, JobState, Label, ModelInfo, PageInfo
from ui import figures, improve_cards, verdict_cards, wording
from ui.improve_cards import Judgement

DRAWN = 20  # judgements drawn at once; the rest on request
RUNNING = (JobState.QUEUED, JobState.RUNNING)
ENDED = {
    JobState.CANCELLED: "The last retrain was stopped. Nothing has changed.",
    JobState.FAILED: "The last retrain did not finish, and nothing has changed",
}
LOSSES = ("mnrl", "cached-mnrl", "triplet", "contrastive", "matryoshka")
WHOLE = {"batch_size": 1, "map_steps": 0, "hard_negatives": 0, "seed": 0}  # and the least that makes sense
REAL = ("epochs", "learning_rate", "map_learning_rate")
FIELDS = (
    ("epochs", "Epochs", "0.1"),
    ("batch_size", "Batch size", "1"),
    ("learning_rate", "Learning rate", "any"),
    ("map_steps", "Steps of the query map", "1"),
    ("map_learning_rate", "Learning rate of the query map", "any"),
    ("map_penalty", "Penalty of the query map", "any"),
    ("hard_negatives", "Hard negatives a question", "1"),
    ("seed", "Seed", "1"),
)


class WrongSetting(FolioscopeError):
    """A value of the expert panel that no training takes."""


def _dial() -> str:
    radios = "".join(
        f'<label><input type="radio" name="recipe" value="{recipe}"{" checked" if recipe is Recipe.AUTO else ""}>{name}</label>'
        for recipe, (name, _) in figures.RECIPES.items()
    )
    return f'<div class="seg" role="radiogroup" aria-label="How much may change">{radios}</div>'


def _expert() -> str:
    losses = "".join(f'<option value="{loss}">{loss}</option>' for loss in LOSSES)
    fields = "".join(
        f'<label>{name}<input type="number" min="0" step="{step}" inputmode="decimal" data-setting="{key}" data-number="1">'
        "</label>"
        for key, name, step in FIELDS
    )
    loss = f'<label>Loss<select data-setting="loss"><option value=""></option>{losses}</select></label>'
    return (
        '<details class="expert"><summary>Every setting</summary>'
        '<p class="sub">Left empty, each is the recipe’s own value, chosen by measurement and shown in grey.</p>'
        f'<div class="fields">{loss}{fields}</div></details>'
    )


SHELL = f"""<section class="folio" id="tab-improve" aria-label="Improve" hidden><main><div class="two">
<section class="card versions" aria-label="Versions"><h2>Versions</h2><ul class="line"></ul></section>
<div class="work">
<section class="card call" aria-label="Retrain"><div class="told"></div>
<div class="row"><p class="lead num judged-count"></p><span class="grow"></span>{_dial()}
<button type="button" class="btn main" data-act="train">Retrain</button></div>
<p class="sub num prospects"></p><div class="bar"><i></i></div>
<p class="banner refusal" role="alert" hidden></p><div class="foot"><p class="note dial"></p>{_expert()}</div></section>
<section class="card running" aria-label="Retraining" hidden></section>
<section class="card verdict" aria-label="Verdict" hidden></section>
<section class="card queue" aria-label="What to judge" hidden></section>
<div class="pair" hidden></div>
<section class="card judgements" aria-label="Judgements"><div class="row"><h2>Judgements</h2><span class="grow"></span>
<button type="button" class="btn" data-act="import">Import</button>
<button type="button" class="btn" data-act="export">Export</button></div>
<div class="importing" role="status" hidden></div><div class="rows"></div></section>
<input type="file" id="pick-labels" multiple accept=".csv,.tsv,.jsonl" hidden>
</div></div></main></section>"""

NO_JUDGEMENTS = (
    '<p class="note">Nothing yet. Ask in Search and press R at an answer that is right, W at one that is wrong; '
    "or import judgements that you have.</p>"
)
NO_DOCUMENTS = (
    '<p class="note">There is nothing to judge before there is something to find. '
    '<button type="button" class="link" data-act="to-library">Add documents</button> first.</p>'
)
NOTHING_TO_TEACH = "Ask a few questions in Search: those whose judgement teaches most are listed here."
NOTHING_NEW = "Every answer that the new model found is judged."


def contents(library: Library, *, everything: bool = False) -> dict[str, object]:
    """What the tab shows now. `state`: "call" (judge and retrain), "training" or "verdict" (a Model waits for a decision)."""
    progress = library.training.progress()
    job = library.jobs.get(progress.job) if progress.job is not None else None
    verdict = library.models.verdict(progress.verdict) if progress.verdict is not None else None
    waiting = "verdict" if verdict is not None else "call"
    state = "training" if job is not None and job.state in RUNNING else waiting
    counts, labels = library.documents.counts(), library.labels.list()
    return {
        "state": state,
        "documents": counts["documents"],
        "versions": improve_cards.versions(library.models.versions(), progress.verdict),
        "current": library.models.current.id,
        "judged": figures.judged(progress),
        "possible": progress.judged >= MINIMUM_QUESTIONS,
        "share": min(100, round(100 * progress.judged / max(progress.wanted, 1))),
        "prospects": {str(recipe): figures.prospects(progress, recipe) for recipe in Recipe},
        "dial": {str(recipe): f"{name}: {_lower(told)}" for recipe, (name, told) in figures.RECIPES.items()},
        "ended": _ended(job) if state == "call" else None,
        "running": _running(progress, job) if state == "training" and job is not None else "",
        "model": progress.verdict,
        "verdict": verdict_cards.verdict(verdict) if state == "verdict" and verdict is not None else "",
        "changes": _changes(library, verdict) if state == "verdict" and verdict is not None else "",
        "labels": len(labels),
        "labels_text": wording.plural(len(labels), "judgement"),
        "rows": _rows(library, labels, everything) or (NO_JUDGEMENTS if counts["documents"] else NO_DOCUMENTS),
    }


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _ended(job: Job | None) -> dict[str, object] | None:
    """A retrain that ended without a verdict."""
    if job is None or job.state not in ENDED:
        return None
    text = ENDED[job.state]
    if job.state is JobState.FAILED:
        text = f"{text}: {job.message.rstrip('.')}." if job.message else f"{text}."
    return {"job": job.id, "failed": job.state is JobState.FAILED, "text": text}


def _running(progress: Progress, job: Job) -> str:
    percent, _ = wording.pill(job)
    return improve_cards.running(progress, job.created, job.seconds_left, percent)


def _changes(library: Library, verdict: Verdict) -> str:
    pages: dict[int, PageInfo] = {}
    for change in (*verdict.won, *verdict.lost):
        found = _page(library, change.page_id)
        if found is not None:
            pages[change.page_id] = found
    return verdict_cards.changes(verdict, pages)


def _page(library: Library, page_id: int) -> PageInfo | None:
    try:
        return library.documents.page(page_id)
    except NotFound:
        return None  # deleted since


def _rows(library: Library, labels: Sequence[Label], everything: bool) -> str:
    held = {one.query for one in library.labels.questions() if one.held_out and one.settled}
    rows = []
    for label in labels if everything else labels[:DRAWN]:
        try:
            page = library.documents.page(library.documents.resolve(label.corpus_id))
        except NotFound:
            rows.append(
                Judgement(label.query, None, label.corpus_id, label.relevant, label.query in held, label.corpus_id)
            )
            continue
        place = improve_cards.place(page)
        rows.append(Judgement(label.query, page.id, place, label.relevant, label.query in held, label.corpus_id))
    return improve_cards.judgements(rows, len(labels))


def queue(library: Library, model: str | None = None) -> dict[str, object]:
    """What to judge: what teaches most, or what only `model` found and nobody has judged."""
    asked: list[Teach | Unjudged]
    if model:
        verdict = library.models.verdict(model)
        asked = list(verdict.to_judge) if verdict is not None else []
    else:
        asked = list(library.training.queue())
    items = []
    for one in asked:
        page = _page(library, one.page_id)
        if page is None:
            continue
        teach = one if isinstance(one, Teach) else Teach(one.query, one.page_id, "nobody has judged it yet")
        html = improve_cards.question(teach, page)
        items.append({"query": one.query, "page": page.id, "reason": teach.reason, "html": html})
    return {"items": items, "empty": NOTHING_NEW if model else NOTHING_TO_TEACH}


def train(library: Library, settings: TrainSettings) -> dict[str, object]:
    """Starts a retrain and returns its job. Raises TooFewQuestions."""
    return {"job": library.training.train(settings, wait=False)}


def settings(given: Mapping[str, object]) -> TrainSettings:
    """What the dial and the expert panel say. Raises WrongSetting."""
    chosen: dict[str, object] = {}
    for key, value in given.items():
        chosen[key] = _setting(key, value)
    return TrainSettings(**chosen)  # type: ignore[arg-type]


def _setting(key: str, value: object) -> object:
    if key == "recipe" and value in tuple(Recipe):
        return Recipe(str(value))
    if key == "loss" and value in LOSSES:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        if key in WHOLE and value >= WHOLE[key] and value == int(value):
            return int(value)
        if (key in REAL and value > 0) or (key == "map_penalty" and value >= 0):
            return float(value)
    name = next((name for field, name, _ in FIELDS if field == key), key)
    raise WrongSetting(f"{name} cannot be {value}", "Leave it empty for the recipe's own value.")


def answers_now(model: ModelInfo) -> dict[str, object]:
    return {"model": model.id, "name": model.name}


def card(library: Library, model_id: str) -> dict[str, object]:
    """The panel of one version. Raises NotFound."""
    return {"html": improve_cards.card(library.models.get(model_id), library.models.card(model_id))}


def stamp(progress: Progress, models: Sequence[ModelInfo]) -> str:
    """Changes whenever the tab would show something new."""
    shown = [(model.id, model.name, model.current, model.embedded) for model in models]
    return hashlib.sha256(repr((progress, shown)).encode()).hexdigest()[:16]
