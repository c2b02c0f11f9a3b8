"""HTML of a verdict: the sentence, the intervals, every measure, and which questions moved. Values go through `esc`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from retrieval.training.types import Change, Comparison, Interval, Verdict
from retrieval.types import Kind, PageInfo
from ui import cards, figures, wording
from ui.cards import esc
from ui.improve_cards import button, leads_to, place

EDGE = 0.04  # of the plot's width, left free beside the outermost interval


def verdict(found: Verdict) -> str:
    """The card of a Model that waits for a decision."""
    learned = f"learned from {wording.plural(found.labels, 'judgement')} in {figures.duration(found.seconds)}"
    advice = figures.advice(found)
    told = f'<p class="note">{esc(advice)}</p>' if advice else ""
    asked = len(found.to_judge)
    judge = button("judge-new", f"Judge {wording.plural(asked, 'answer')} that only the new one found") if asked else ""
    look = "main" if found.recommended else ""
    acts = button(
        "promote", "Promote", look, model=found.model, sure=_js(found.recommended), doubt=figures.doubt(found)
    )
    acts += judge + button("discard", "Discard", "quiet", model=found.model)
    return (
        f'<p class="sub num">New model, ready · {learned}</p><p class="lead">{esc(figures.headline(found))}</p>'
        f'<p class="sub num">{esc(figures.measured(found))}</p>{told}{plot(found)}{table(found)}{_small_print(found)}'
        f'<div class="row acts">{acts}</div>'
    )


def _js(value: bool) -> str:
    return "true" if value else "false"


def plot(found: Verdict) -> str:
    """NDCG@10 now and new on one scale, and the change beside its zero: dots with their 95 % intervals."""
    if found.no_gain or not found.all_pages:
        return ""
    main = found.all_pages[0]
    low, high = _span((main.before, main.after))
    rows = _dot("Now", main.before, low, high, "now", figures.figure) + _dot(
        "New", main.after, low, high, "new", figures.figure
    )
    reach = max(abs(main.difference.low), abs(main.difference.high), 0.02) * (1 + 2 * EDGE)
    rows += _dot("Change", figures.gain(main), -reach, reach, "gain", figures.change, zero=True)
    label = (
        f"{figures.MEASURES.get(main.measure, main.measure)} now {figures.figure(main.before.value)}, "
        f"new {figures.figure(main.after.value)}, change {figures.interval(figures.gain(main))}, with 95 % intervals"
    )
    return f'<div class="plot num" role="img" aria-label="{esc(label)}">{rows}</div>'


def _span(intervals: Sequence[Interval]) -> tuple[float, float]:
    low, high = min(one.low for one in intervals), max(one.high for one in intervals)
    room = max(high - low, 0.02) * EDGE
    return low - room, high + room


def _dot(
    name: str, shown: Interval, low: float, high: float, look: str, tell: Callable[[float], str], *, zero: bool = False
) -> str:
    def at(value: float) -> float:
        return 100 * (value - low) / (high - low)

    left, right = at(shown.low), at(shown.high)
    line = f'<u style="left:{left:.2f}%;width:{max(0.0, right - left):.2f}%"></u><i style="left:{at(shown.value):.2f}%"></i>'
    figure = f'<b style="left:{right:.2f}%">{esc(tell(shown.value))}</b>'
    middle = f'<s style="left:{at(0.0):.2f}%"></s>' if zero else ""
    return f'<div class="dot {look}"><span>{name}</span><span class="track">{middle}{line}{figure}</span></div>'


def table(found: Verdict) -> str:
    """The measures that people know by a name, now and new."""
    listed = [figures.comparison(one) for one in found.all_pages if one.measure in figures.MEASURES]
    listed += [
        figures.comparison(one, f"{figures.MEASURES.get(one.measure, one.measure)}, judged pages only")
        for one in found.judged_pages
        if one.measure == "ndcg@10"
    ]
    if len(found.per_kind) > 1:
        listed += [figures.comparison(one, _kind(kind, one)) for kind, one in found.per_kind.items()]
    listed.append(figures.comparison(found.guard, "General questions (guard)"))
    looks = [_look(found.all_pages[0]) if found.all_pages else "", *[""] * (len(listed) - 1)]
    if not found.guard_holds:
        looks[-1] = "bad"
    rows = "".join(
        f'<tr><th scope="row">{esc(name)}</th><td>{now}</td><td>{new}</td><td class="{look}">{esc(moved)}</td></tr>'
        for (name, now, new, moved), look in zip(listed, looks, strict=True)
    )
    head = "<tr><th>Measure</th><th>Now</th><th>New</th><th>Change (95 %)</th></tr>"
    return f'<table class="m num"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _kind(kind: str, one: Comparison) -> str:
    name = dict(figures.KINDS).get(Kind(kind), kind) if kind in tuple(Kind) else kind
    return f"{name}, {wording.plural(one.questions, 'question')}"


def _look(one: Comparison) -> str:
    if one.difference.low > 0:
        return "ok"
    return "bad" if one.difference.high < 0 else ""


def _small_print(found: Verdict) -> str:
    said = (
        [f"Chance that it is better: {figures.share(min(0.99, found.all_pages[0].chance_better))}."]
        if found.all_pages
        else []
    )
    said.append(
        f"Not yet judged in the first ten: {figures.share(found.unjudged_before)} now, {figures.share(found.unjudged_after)} new."
    )
    said += [f"{note.rstrip('.')}." for note in found.notes]
    if found.moved:
        name = figures.RECIPES[found.recipe][0]
        said.append(f"{name}: it moved {_listed(found.moved)}.")
    return f'<p class="note num">{esc(" ".join(said))}</p>'


def _listed(words: Sequence[str]) -> str:
    named = [f"the {word}" if not word.startswith("the ") else word for word in words]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def changes(found: Verdict, pages: Mapping[int, PageInfo]) -> str:
    """Which questions won and which lost, as pictures of their right pages. `pages`: those that are still here."""
    if not (found.won or found.lost):
        return ""
    return _side("Got better", found.won, pages) + _side("Got worse", found.lost, pages)


def _side(title: str, changed: Sequence[Change], pages: Mapping[int, PageInfo]) -> str:
    rows = "".join(_change(one, pages.get(one.page_id)) for one in changed)
    rows = rows or '<p class="note">None of the held-back questions.</p>'
    return f'<section class="card"><h2>{title}</h2>{rows}</section>'


def _change(one: Change, page: PageInfo | None) -> str:
    picture = cards.thumb(page.id, page.width, page.height) if page is not None else '<span class="pic"></span>'
    where = esc(place(page)) if page is not None else "not in the library any more"
    return (
        f'<a class="qa" {leads_to(one.query, one.corpus_id)}>'
        f'{picture}<span><b>{esc(one.query)}</b><span class="sub num">{figures.moved(one.before, one.after)}</span>'
        f'<span class="sub">{where}</span></span></a>'
    )
