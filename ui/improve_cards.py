"""HTML of Improve: versions, a running retrain, what to judge and what was judged. Values go through `esc`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from markdown_it import MarkdownIt

from retrieval.training.types import Progress, Teach, TrainStep
from retrieval.types import Kind, ModelInfo, PageInfo
from ui import figures, wording
from ui.cards import esc, seen

# a card names models, and a person names those: nothing in it is markup, a link, or fetched
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKDOWN.disable(["image", "link", "autolink", "reference", "entity"])


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of the table. `page_id` None: its document is not here any more."""

    query: str
    page_id: int | None
    answer: str  # “Economy-Final.pdf, page 5”
    relevant: bool
    held_out: bool
    corpus_id: str


def button(act: str, text: str, look: str = "", **data: object) -> str:
    more = "".join(f' data-{key}="{esc(value)}"' for key, value in data.items())
    return f'<button type="button" class="btn {look}" data-act="{act}"{more}>{esc(text)}</button>'


def link(act: str, text: str, label: str = "", **data: object) -> str:
    more = "".join(f' data-{key}="{esc(value)}"' for key, value in data.items())
    told = f' aria-label="{esc(label)}"' if label else ""
    return f'<button type="button" class="link" data-act="{act}"{told}{more}>{esc(text)}</button>'


def place(page: PageInfo) -> str:
    """“Economy-Final.pdf, page 14”, “town-hall.mp4 at 0:42”, “IMG_2041.jpg”."""
    if page.kind is Kind.PAGE:
        return f"{page.document}, page {wording.count(page.number)}"
    if page.kind is Kind.MOMENT:
        return f"{page.document} at {wording.clock(page.start_s or 0.0)}"
    return page.document


# versions


def versions(models: Sequence[ModelInfo], waiting: str | None, now: float | None = None) -> str:
    """The list at the left, newest first. `waiting`: the Model whose verdict waits for a decision."""
    return "".join(_version(model, model.id == waiting, now) for model in models)


def _version(model: ModelInfo, waiting: bool, now: float | None) -> str:
    lines = "<br>".join(esc(line) for line in figures.version(model, now))
    if waiting:
        lines += "<br>waits for your decision"
    acts = []
    if not model.current and not waiting and model.kept and model.ready:
        been = model.promoted is not None or model.id == "builtin"  # in use before
        text, told = ("Go back to this", "Go back to") if been else ("Use this", "Use")
        acts.append(link("back-to", text, f"{told} {model.name}", model=model.id, name=model.name))
    acts.append(link("card", "Card", f"Card of {model.name}", model=model.id))
    look = ' class="on" aria-current="true"' if model.current else (' class="new"' if waiting else "")
    below = f'{lines}<span class="row acts">{"".join(acts)}</span>'
    return f'<li{look} data-key="m{esc(model.id)}"><b>{esc(model.name)}</b>{below}</li>'


def card(model: ModelInfo, text: str) -> str:
    """The panel of one version: its name to change, and its card as it is kept with the weights."""
    name = (
        f'<form class="row rename" data-act="rename" data-model="{esc(model.id)}"><label class="sr" for="model-name">Name</label>'
        f'<input id="model-name" maxlength="80" autocomplete="off" value="{esc(model.name)}">'
        '<button class="btn">Rename</button></form>'
    )
    return (
        f'<div class="facts"><h2>{esc(model.name)}</h2>{name if model.id != "builtin" else ""}'
        f'<div class="model-card" tabindex="0" role="region" aria-label="Card">{readable(text)}</div>'
        f'<p class="sub">With its weights: <code>folioscope models export {esc(model.id)} FOLDER</code></p></div>'
    )


def readable(text: str) -> str:
    """HTML of a card's Markdown. Its headings stand below the panel's own."""
    tokens = _MARKDOWN.parse(seen(text))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


# a retrain that runs


def running(
    progress: Progress, created: float, seconds_left: float | None, percent: int, now: float | None = None
) -> str:
    """The card of a retrain: what it learns from, how far it is, its steps."""
    left = figures.left(seconds_left)
    lead = f"Learning from {wording.plural(progress.labels, 'judgement')}" + (f"{figures.GAP}· {left}" if left else "")
    listed = "".join(_step(step, time.time() if now is None else now) for step in progress.steps)
    listed = (
        listed or '<li class="now" aria-current="step"><span aria-hidden="true">●</span>Getting ready<span></span></li>'
    )
    return (
        f'<p class="sub">Retraining, started {figures.hour(created)} · goes on when you close this page</p>'
        f'<p class="lead num">{esc(lead)}</p><div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"'
        f' aria-valuenow="{percent}" aria-label="Retraining"><i style="--p:{percent}%"></i></div>'
        f'<ol class="steps num">{listed}</ol><div class="row acts">{button("cancel", "Cancel", job=progress.job)}</div>'
    )


def _step(step: TrainStep, now: float) -> str:
    text = esc(step.title)
    if step.seconds is not None:
        took = figures.step_time(step.seconds, None)
        return f'<li class="done"><span class="ok" aria-label="done">✓</span>{text}<span>{took}</span></li>'
    if step.started is not None:
        text += f", {esc(step.detail)}" if step.detail else ""
        took = figures.step_time(max(0.0, now - step.started), None)
        return f'<li class="now" aria-current="step"><span aria-hidden="true">●</span>{text}<span>{took}</span></li>'
    return f"<li><span></span>{text}<span>{figures.step_time(None, step.expected_s)}</span></li>"


def asked(query: str, corpus_id: str) -> str:
    """The address where a question stands with that answer opened."""
    return f"/?{urlencode({'q': query, 'hit': corpus_id})}"


def leads_to(query: str, corpus_id: str) -> str:
    """Attributes of a link that opens that answer in Search."""
    return f'href="{esc(asked(query, corpus_id))}" data-query="{esc(query)}" data-hit="{esc(corpus_id)}"'


# judging

NOUNS = {Kind.PAGE: "page", Kind.PICTURE: "picture", Kind.MOMENT: "moment"}


def question(teach: Teach, page: PageInfo) -> str:
    """One question of the queue with the answer to judge."""
    noun = NOUNS[page.kind]
    shape = f"{max(page.width, 1):.1f}/{max(page.height, 1):.1f}"
    badge = (
        f'<span class="t num">{esc(wording.span(page.start_s or 0.0, page.end_s or 0.0))}</span>'
        if page.kind is Kind.MOMENT
        else ""
    )
    title = f'<p class="lead">“{esc(teach.query)}”</p>'
    picture = (
        f'<a class="pic large" style="--ar:{shape}" {leads_to(teach.query, page.corpus_id)} title="Open it in Search">'
        f'<img src="/page/{page.id}?px=700" alt="{esc(place(page))}" decoding="async">{badge}</a>'
    )
    elsewhere = link("teach", "It is on another page…" if page.kind is Kind.PAGE else "It is something else…")
    buttons = _judge("right", "✓ Right", "R") + _judge("wrong", "✗ Wrong", "W") + _judge("skip", "Skip", "S")
    return (
        f'{title}<div class="judgegrid">{picture}<div><b class="strong">Is this the {noun}?</b>'
        f'<p class="sub">{esc(place(page))}</p><div class="row judging">{buttons}</div><p class="sub">{elsewhere}</p></div></div>'
    )


def _judge(verdict: str, text: str, key: str) -> str:
    look = {"right": "r", "wrong": "w"}.get(verdict, "quiet")
    return f'<button type="button" class="btn {look}" data-judge="{verdict}">{text} <kbd aria-hidden="true">{key}</kbd></button>'


def judgements(rows: Sequence[Judgement], total: int) -> str:
    """The table's rows, newest first, and how many more there are."""
    if not rows:
        return ""
    body = "".join(_judgement(row) for row in rows)
    head = "<tr><th>Question</th><th>Answer</th><th>Judged</th><th></th></tr>"
    more = ""
    if total > len(rows):
        shown = f"{wording.count(len(rows))} of {wording.count(total)} are shown. "
        more = f'<p class="note num">{shown}{link("all-judgements", "Show all")}</p>'
    return f'<table class="m num judged"><thead>{head}</thead><tbody>{body}</tbody></table>{more}'


def _judgement(row: Judgement) -> str:
    sign = '<td class="ok">✓ right</td>' if row.relevant else '<td class="bad">✗ wrong</td>'
    held = (
        ' <span class="held" title="Held back: only measured on, never learned from">held back</span>'
        if row.held_out
        else ""
    )
    undo, query, answer = "", esc(row.query), esc(row.answer)
    if row.page_id is not None:
        to = leads_to(row.query, row.corpus_id)
        query, answer = f"<a {to}>{query}</a>", f"<a {to}>{answer}</a>"
        verdict = "right" if row.relevant else "wrong"
        undo = link("undo", "Undo", f"Undo: {row.query}", page=row.page_id, query=row.query, verdict=verdict)
    return f"<tr><td>{query}{held}</td><td>{answer}</td>{sign}<td>{undo}</td></tr>"


def preview(counts: Mapping[str, object]) -> str:
    """What an import would do."""
    unknown, conflicts = _strings(counts["unknown"]), counts["conflicts"]
    out = [f"<p>{esc(figures.imported(dict(counts), dry=True))}.</p>"]
    if unknown:
        named = wording.plural(len(unknown), "answer is", "answers are")
        out.append(f'<p class="note">{named} not in this library and left out:</p>{_some(unknown)}')
    if isinstance(conflicts, Sequence) and conflicts:
        out.append(f'<p class="note">{esc(figures.conflicts(conflicts))}</p>')
    return "".join(out)


def _strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _some(names: Sequence[str], most: int = 5) -> str:
    listed = "".join(f"<li>{esc(name)}</li>" for name in names[:most])
    rest = f"<li>and {wording.count(len(names) - most)} more</li>" if len(names) > most else ""
    return f'<ul class="some sub">{listed}{rest}</ul>'
