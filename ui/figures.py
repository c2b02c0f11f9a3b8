"""The words of Improve: figures, intervals, durations, and what a verdict comes to. Plain text only."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from retrieval.training.types import (
    GUARD_TOLERANCE,
    MINIMUM_QUESTIONS,
    WORTHWHILE_QUESTIONS,
    Comparison,
    Interval,
    Outcome,
    Progress,
    Recipe,
    Verdict,
)
from retrieval.types import Kind, ModelInfo
from ui.wording import clock, count, ordinal, plural

LIKELY = 0.9  # chance from which a change is told as probable
GAP = "\u00a0"  # between a sign and its figure: never broken at a line's end
MEASURES = {
    "ndcg@10": "NDCG@10",
    "recall@10": "Right page in the first 10",
    "mrr": "Nearness to the top (MRR)",
    "mrr@10": "Nearness to the top (MRR)",
}
SHARES = frozenset({"recall@10"})  # told in percent
RECIPES = {
    Recipe.AUTO: ("Auto", "Careful, unless a deeper change wins on questions kept aside."),
    Recipe.CAREFUL: ("Careful", "Learns how you ask. No page is read again."),
    Recipe.BALANCED: ("Balanced", "Also learns how your pictures look. No file is read again."),
    Recipe.BOLD: ("Bold", "Also learns how your pages read: every page is read again in the background."),
}
KINDS = {Kind.PAGE: "Pages", Kind.PICTURE: "Pictures", Kind.MOMENT: "Moments"}


def figure(value: float) -> str:
    """.614 -> ".61", 1.0 -> "1.00"."""
    text = f"{abs(value):.2f}"
    return ("−" if value < -0.005 else "") + (text[1:] if text.startswith("0") else text)


def share(value: float) -> str:
    """.783 -> "78 %"."""
    return f"{round(100 * value)}{GAP}%"


def change(value: float, *, percent: bool = False) -> str:
    """.07 -> "+ .07", -.02 -> "− .02", .001 -> ".00"; with `percent` .05 -> "+ 5"."""
    rounded = round(100 * value)
    if rounded == 0:
        return "0" if percent else ".00"
    size = str(abs(rounded)) if percent else figure(abs(rounded) / 100)
    return f"{'+' if rounded > 0 else '−'}{GAP}{size}"


def interval(difference: Interval, *, percent: bool = False) -> str:
    """Like “+ .07 (+ .02 to + .12)”."""
    low, high = change(difference.low, percent=percent), change(difference.high, percent=percent)
    return f"{change(difference.value, percent=percent)} ({low} to {high})"


def gain(measured: Comparison) -> Interval:
    """The difference as the two figures beside it have it when they are rounded: .70 → .75 is + .05, also where .055 was
    measured."""
    shown = round(measured.after.value, 2) - round(measured.before.value, 2)
    return replace(measured.difference, value=shown)


def comparison(measured: Comparison, name: str | None = None) -> tuple[str, str, str, str]:
    """A row of the verdict's table: (measure, now, new, change with its interval)."""
    percent = measured.measure in SHARES
    shown: Callable[[float], str] = share if percent else figure
    return (
        name or MEASURES.get(measured.measure, measured.measure),
        shown(measured.before.value),
        shown(measured.after.value),
        interval(gain(measured), percent=percent),
    )


def duration(seconds: float) -> str:
    """48 -> "48 s", 112 -> "1 min 52 s", 4000 -> "1 h 7 min"."""
    whole = max(1, round(seconds))
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{whole} s"
    if minutes < 10:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def about(seconds: float) -> str:
    """A forecast: 4 -> "a few seconds", 40 -> "about 40 s", 118 -> "about 2 minutes"."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"about {plural(minutes, 'minute')}"
    return f"about {plural(round(minutes / 60), 'hour')}"


def left(seconds: float | None) -> str:
    """What a retrain still takes: 70 -> "1 min 10 s left"; calmer steps than the clock's."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    step = 5 if seconds < 60 else 10
    return f"{duration(round(seconds / step) * step)} left"


def day(when: float, now: float | None = None) -> str:
    """“14 March”, with the year where it is another one."""
    then, today = time.localtime(when), time.localtime(time.time() if now is None else now)
    text = f"{then.tm_mday} {time.strftime('%B', then)}"
    return text if then.tm_year == today.tm_year else f"{text} {then.tm_year}"


def hour(when: float) -> str:
    """“13:02”."""
    return time.strftime("%H:%M", time.localtime(when))


def judged(progress: Progress) -> str:
    if not progress.labels:
        return "Nothing judged yet"
    if not progress.judged:
        return f"{plural(progress.labels, 'answer')} judged, none of them right"
    return f"{plural(progress.judged, 'question')} judged"


def prospects(progress: Progress, recipe: Recipe) -> str:
    """Below the number of judged questions: what is missing, what can be seen, how long it takes."""
    visible = f"from {count(progress.wanted)} on it can show a gain of {_visible(progress.visible_gain_wanted)}"
    missing = MINIMUM_QUESTIONS - progress.judged
    if not progress.judged:
        least = f"From {MINIMUM_QUESTIONS} on a retrain is possible; {visible}."
        return f"Say of an answer that it is right, and its question counts. {least}"
    if missing > 0:
        return f"{count(missing)} more and a retrain is possible; {visible}."
    if progress.judged < progress.wanted:
        more = f"{count(progress.wanted - progress.judged)} more and a retrain can show its worth"
        first = f"{more}, if it gains {_visible(progress.visible_gain_wanted)}."
    elif progress.visible_gain is not None:
        first = f"Enough for a retrain to show its worth, if it gains {_visible(progress.visible_gain)}."
    else:
        first = "Enough for a retrain to show its worth."
    return f"{first} {takes(progress, recipe)}".rstrip()


def _visible(gain: float) -> str:
    return f"{figure(gain)} or more (NDCG@10, 0 to 1)"


def takes(progress: Progress, recipe: Recipe) -> str:
    seconds = progress.seconds.get(str(recipe))
    return "" if seconds is None else f"It takes {about(seconds)}; search goes on meanwhile."


def headline(verdict: Verdict) -> str:
    if verdict.no_gain:
        return "No gain found."
    if verdict.outcome is Outcome.BETTER:
        return "Better on questions it never saw."
    if verdict.outcome is Outcome.WORSE:
        return "Worse on questions it never saw."
    if not verdict.guard_holds:
        shown = verdict.all_pages and verdict.all_pages[0].difference.low > 0
        return "Better on your questions, worse on general ones." if shown else "Worse on general questions."
    if likely(verdict):
        return f"Probably {likely(verdict)}, but not certain."
    if verdict.measured_on < WORTHWHILE_QUESTIONS:
        return "Too few questions to tell."
    return "No clear difference."


def likely(verdict: Verdict) -> str:
    """Where a change is likely but not shown: "better" or "worse"; else ""."""
    chance = verdict.all_pages[0].chance_better if verdict.all_pages and verdict.outcome is Outcome.TOO_FEW else 0.5
    return "better" if chance >= LIKELY else "worse" if chance <= 1 - LIKELY else ""


def measured(verdict: Verdict) -> str:
    """The sentence below the headline."""
    if not verdict.all_pages:
        return guard(verdict)
    main = verdict.all_pages[0]
    over = f"{plural(main.questions, 'held-back question')}"
    if verdict.cross_validated:
        over = f"{plural(main.questions, 'question')}, each asked of a model that had not learned from it"
    difference = gain(main)
    return (
        f"NDCG@10 {figure(main.before.value)} → {figure(main.after.value)} on {over}: {change(difference.value)}, "
        f"95{GAP}% interval {change(difference.low)} to {change(difference.high)}. {guard(verdict)}"
    )


def guard(verdict: Verdict) -> str:
    moved = change(verdict.guard.difference.value)
    if moved == ".00":
        return "General questions: no change."
    if verdict.guard_holds:
        return f"General questions: {moved}."
    allowed = figure(GUARD_TOLERANCE)
    more = "a little more" if moved == change(-GUARD_TOLERANCE) else "more"  # else both show the same figure
    return f"General questions: {moved}, {more} than the {allowed} that may be lost."


def advice(verdict: Verdict) -> str:
    """What to do with a Model that is not recommended; "" for one that is."""
    if verdict.recommended:
        return ""
    if verdict.no_gain:
        return "It equals the one in use: nothing that it learned helped on questions kept aside. More judgements may."
    if verdict.outcome is Outcome.WORSE:
        return "Keep the one in use."
    if not verdict.guard_holds:
        return "Keep the one in use, or judge more questions of other kinds and retrain."
    if likely(verdict) == "better":
        return "A gain as large comes about by chance now and then. Judge more questions to be sure, or promote it as it is."
    return "What changed cannot be told from chance. Judge more questions and retrain; the one in use stays."


def doubt(verdict: Verdict) -> str:
    """Asked before a Model that is not recommended is promoted."""
    if verdict.no_gain:
        return "It is no better than the one in use. Promote it all the same? You can go back at any time."
    if verdict.outcome is Outcome.WORSE:
        return "It answered worse than the one in use. Promote it all the same? You can go back at any time."
    return "It is not shown to be better. Promote it all the same? You can go back at any time."


def moved(before: int | None, after: int | None) -> str:
    """“9th → 1st”, “not found → 2nd”."""
    return " → ".join("not found" if rank is None else ordinal(rank) for rank in (before, after))


def version(model: ModelInfo, now: float | None = None) -> list[str]:
    """The lines below a version's name."""
    if model.recipe is None:
        origin = "as shipped" if model.id == "builtin" else "added as it is"
    else:
        origin = f"learned from {plural(model.labels or 0, 'judgement')}"
    lines = []
    if model.current and model.promoted is not None:
        lines.append(f"in use since {day(model.promoted, now)} · {origin}")
    elif model.current:
        lines.append(f"in use · {origin}")
    else:
        lines.append(origin)
    if model.ndcg_at_10 is not None:
        lines.append(f"NDCG@10 {figure(model.ndcg_at_10)}")
    if not model.kept:
        lines.append("its weights are gone; its card is kept")
    elif not model.ready:
        lines.append(f"has read {share(model.embedded / max(model.parts, 1))} of the library")
    return lines


def step_time(seconds: float | None, expected_s: float | None) -> str:
    """“0:48” taken, “≈ 0:40” to come."""
    if seconds is not None:
        return clock(seconds)
    return f"≈ {clock(max(1.0, expected_s))}" if expected_s is not None else ""


def imported(counts: dict[str, object], *, dry: bool) -> str:
    """“84 judgements would be new, 12 are here already”."""
    new, known = _number(counts["imported"]), _number(counts["already"])
    verb = "would be new" if dry else "imported"
    text = f"{plural(new, 'judgement')} {verb}"
    return f"{text}, {count(known)} {'is' if known == 1 else 'are'} here already" if known else text


def conflicts(rows: Sequence[Mapping[str, object]]) -> str:
    """“3 say otherwise than those here: the later one counts, so 2 of the file win and 1 of the library's stays.”"""
    file = sum(row["wins"] == "file" for row in rows)
    here = len(rows) - file
    verb = "says" if len(rows) == 1 else "say"
    won = [f"{count(file)} of the file {'wins' if file == 1 else 'win'}"] if file else []
    won += [f"{count(here)} of the library’s {'stays' if here == 1 else 'stay'}"] if here else []
    return f"{count(len(rows))} {verb} otherwise than what is here. The later one counts: {' and '.join(won)}."


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
