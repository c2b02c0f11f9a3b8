"""Templates of Improve: what they say, and that no word of a person's is ever markup."""

from __future__ import annotations

import re

import pytest

from retrieval.training.types import Change, Outcome, Teach, TrainStep
from retrieval.types import Kind
from tests.ui.made import compared, model, page, progress, verdict
from tests.ui.test_cards import HOSTILE, Seen
from ui import improve_cards as cards
from ui import verdict_cards


def text(html: str) -> str:
    return " ".join(Seen(html).text.replace("\u00a0", " ").split())


@pytest.mark.parametrize("evil", HOSTILE)
def test_persons_words_are_text(evil: str) -> None:
    drawn = (
        cards.versions([model(name=evil, id=evil)], None)
        + cards.card(model(name=evil, id=evil), evil)
        + cards.running(progress(steps=(TrainStep(evil, 1.0, None, None, evil),)), 0.0, 70.0, 58)
        + verdict_cards.verdict(
            verdict(model=evil, notes=(evil,), moved=(evil,), per_kind={evil: compared("ndcg@10", 0.1, 0.2)})
        )
        + verdict_cards.changes(verdict(won=(Change(evil, 7, evil, 1, 2),)), {7: page(document=evil)})
        + cards.question(Teach(evil, 7, evil), page(document=evil, corpus_id=evil))
        + cards.judgements([cards.Judgement(evil, 7, evil, True, True, evil)], 9)
        + cards.preview({"imported": 1, "already": 0, "unknown": [evil], "conflicts": [{"wins": "file"}]})
    )
    seen = Seen(drawn)
    assert not {"script", "svg", "iframe", "textarea"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    sources = [value for name, value in seen.attributes if name in ("src", "href")]
    assert all(str(value).startswith(("/thumb/", "/page/", "/?q=")) for value in sources)


def test_versions_lead_back() -> None:
    shown = cards.versions(
        [model(id="new", name="New"), model(current=True), model(id="old", name="Old"), model(id="gone", kept=False)],
        "new",
    )
    assert re.findall(r'data-act="back-to"[^>]*data-model="(\w+)"', shown) == ["old"]
    assert "waits for your decision" in shown
    assert shown.count('aria-current="true"') == 1
    assert "Use this" in shown and "Go back to this" not in shown  # it never answered
    been = cards.versions([model(current=True), model(id="old", promoted=1.0), model(id="builtin", recipe=None)], None)
    assert been.count("Go back to this") == 2


def test_a_models_card_is_readable() -> None:
    shown = cards.readable("# Model 1\n\n**Better**; `base`\n\n* one\n\n## To\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    for part in ("<h3>Model 1</h3>", "<h4>To</h4>", "<strong>Better</strong>", "<code>base</code>", "<li>one</li>"):
        assert part in shown
    assert Seen(shown).tags.count("td") == 2
    assert "|" not in text(shown) and "**" not in text(shown)
    card = cards.card(
        model(), "# [a](javascript:alert(1)) ![b](https://example.com/b.png) <https://example.com> &#x202E;\u202e"
    )
    assert not {"a", "img"} & set(Seen(card).tags)
    assert "\u202e" not in Seen(card).text


def test_a_running_retrain_says_how_far() -> None:
    shown = cards.running(progress(job=4), 0.0, 70.0, 58, now=158.0)
    told = text(shown)
    assert "Learning from 84 judgements · 1 min 10 s left" in told
    assert "Training the query map, epoch 2 of 3 · loss .41" in told
    assert "0:48" in told
    assert "≈ 0:05" in told
    assert 'data-act="cancel" data-job="4"' in shown


def test_the_verdict_plots_intervals_inside_the_track() -> None:
    shown = verdict_cards.plot(verdict())
    lefts = [float(value) for value in re.findall(r"left:([\d.]+)%", shown)]
    assert len(lefts) == 10  # three lines, dots and figures, one zero
    assert all(0 <= value <= 100 for value in lefts)
    assert "NDCG@10 now .61, new .68" in shown
    assert verdict_cards.plot(verdict(all_pages=())) == ""


def test_promoting_what_is_not_recommended_asks_first() -> None:
    assert 'data-sure="true"' in verdict_cards.verdict(verdict())
    doubtful = verdict_cards.verdict(verdict(outcome=Outcome.TOO_FEW, recommended=False, to_judge=()))
    assert 'data-sure="false"' in doubtful
    assert "Promote it all the same?" in doubtful
    assert "btn main" not in doubtful
    assert "only the new one found" not in doubtful


def test_the_table_names_every_measure() -> None:
    told = text(verdict_cards.table(verdict()))
    for name in (
        "NDCG@10",
        "Right page in the first 10",
        "judged pages only",
        "Pages, 18 questions",
        "General questions",
    ):
        assert name in told
    fallen = verdict_cards.table(verdict(guard=compared("ndcg@10", 0.7, 0.6), guard_holds=False))
    assert re.search(r"guard.*class=\"bad\"", fallen)


def test_questions_that_moved() -> None:
    shown = verdict_cards.changes(verdict(), {7: page(), 9: page(id=9)})
    told = text(shown)
    assert "9th → 1st" in told
    assert "not found → 2nd" in told
    assert "1st → 3rd" in told
    assert "not in the library any more" in told  # page 8
    assert verdict_cards.changes(verdict(won=(), lost=()), {}) == ""


def test_a_question_of_the_queue() -> None:
    assert "Is this the page?" in cards.question(Teach("q", 7, "a close call"), page())
    film = page(kind=Kind.MOMENT, document="town-hall.mp4", start_s=42.0, end_s=58.0)
    told = text(cards.question(Teach("q", 7, "a close call"), film))
    assert "town-hall.mp4 at 0:42" in told
    assert "0:42–0:58" in told


def test_judgements_can_be_undone_while_their_page_is_here() -> None:
    rows = [
        cards.Judgement("q", 7, "a.pdf, page 1", True, True, "a.pdf#page=1"),
        cards.Judgement("q", None, "gone.pdf", False, False, "gone.pdf"),
    ]
    shown = cards.judgements(rows, 60)
    assert shown.count('href="/?q=q&amp;hit=a.pdf%23page%3D1"') == 2  # from the question and from the answer
    assert "hit=gone" not in shown
    assert shown.count('data-act="undo"') == 1
    assert "✓ right" in shown and "✗ wrong" in shown and "held back" in shown
    assert "2 of 60 are shown" in text(shown)
    assert cards.judgements([], 0) == ""


def test_the_preview_of_an_import() -> None:
    both = [{"wins": "file"}, {"wins": "library"}]
    unknown = [f"lost-{number}.pdf" for number in range(7)]
    told = text(cards.preview({"imported": 3, "already": 2, "unknown": unknown, "conflicts": both}))
    assert "3 judgements would be new, 2 are here already." in told
    assert "7 answers are not in this library" in told
    assert "and 2 more" in told
    assert "The later one counts: 1 of the file wins and 1 of the library’s stays." in told
