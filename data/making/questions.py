"""The judged questions: two halves that share the house's words and not the questions."""

from __future__ import annotations

import json
from pathlib import Path

from . import film

REPORT, MANUAL, SLIDES, HANDBOOK, SCAN = (
    "harbour-street-annual-report-2025.pdf",
    "kx-70-tidewheel-manual.pdf",
    "marrowfen-review-slides.pdf",
    "crew-handbook.pdf",
    "scan-berth-14-permit.pdf",
)


def page(document: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"{document}#page={number}" for number in numbers)


def moment(shot: str) -> tuple[str, ...]:
    """The corpus id of the shot that the named function of `film` draws."""
    number = [draw.__name__ for draw, _, _ in film.SHOTS].index(shot)
    start, end = film.spans()[number]
    return (f"{film.NAME}.mp4#t={start:.1f},{end:.1f}",)


Question = tuple[str, tuple[str, ...]]
TRAIN: tuple[Question, ...] = (
    ("how many loaves did we bake last year", page(REPORT, 2, 4)),
    ("in which month was the most bread baked", page(REPORT, 4)),
    ("what does a Skerrow sour cost", page(REPORT, 4)),
    ("share of deliveries on time on the Tuppence Lane route", page(REPORT, 5)),
    ("kilowatt hours that the Tidewheel delivered from August to March", (*page(REPORT, 6), *page(SLIDES, 2))),
    ("who works here: share of bakers, shops and riders", page(REPORT, 7)),
    ("wages and social cost in the income statement", page(REPORT, 8)),
    ("what became of the bread that was not sold", page(REPORT, 9)),
    ("torque for the cradle bolts", page(MANUAL, 5)),
    ("part number of the locking pin", page(MANUAL, 4, 2)),
    ("what does it mean when lamp H3 is yellow", page(MANUAL, 6)),
    ("the display shows E-03, what now", page(MANUAL, 7)),
    ("how often are the zinc anodes MF-2216 replaced", page(MANUAL, 8)),
    ("gear ratio and mass of the KX-70", page(MANUAL, 2)),
    ("drawing of the Tidewheel cut open", page(MANUAL, 3)),
    ("did the battery cost more or less than its budget", page(SLIDES, 5)),
    ("which option for the second wheel does the workshop recommend", page(SLIDES, 7)),
    ("how many days of holiday do I have", page(HANDBOOK, 2)),
    ("oven temperature for Lantern buns", page(HANDBOOK, 3)),
    ("tyre pressure of a Rosie", page(HANDBOOK, 4)),
    ("how much is paid for a night in a hotel", page(HANDBOOK, 5)),
    ("what rent does the harbour board ask for berth 14", page(SCAN, 1)),
    ("the Old Sentinel in the evening", ("lighthouse-evening.jpg",)),
    ("a Rosie leaning in front of a wall", ("red-bicycle.jpg",)),
    ("the Quire, full in the morning", ("bread-shelf.jpg",)),
    ("picture of the Duchess", ("teapot.jpg",)),
    ("Brindle sitting in the snow", ("fox-in-snow.jpg",)),
    ("a Payday over the farm", ("rainbow-fields.jpg",)),
    ("the Dunlin on a bright day", ("sailing-boat.jpg",)),
    ("Tarn Vell, where the autumn walk goes", ("mountain-lake.jpg",)),
    ("walking down Tuppence Lane", ("forest-path.jpg",)),
    ("the Crescent in summer", ("beach-parasol.jpg",)),
    ("Hallam Lights seen from the ferry", ("skyline-night.jpg",)),
    ("what stands on the Splat board for Thursday", ("whiteboard-week-38.jpg",)),
    ("plan of the Hive", ("hive-floor-plan.png", *page(REPORT, 10))),
    ("Gallowglass on the workbench", ("prototype-p3.jpg",)),
    ("a Rosie on its way along the quay", moment("ride")),
    ("the beam of the Old Sentinel", moment("beam")),
    ("when does the night bake begin", moment("oven")),
)
DEV: tuple[Question, ...] = (
    ("what share of our electricity came from the tide", (*page(REPORT, 2, 6), *page(SLIDES, 2))),
    ("kilometres ridden by the Rosies month by month", page(REPORT, 5)),
    ("which shop sells the most", page(REPORT, 5)),
    ("why did the wheel stand still in December", page(REPORT, 6)),
    ("net assets and bank loan at the end of March 2025", page(REPORT, 9)),
    ("goals for 2026", page(REPORT, 10)),
    ("letter of the chair to the members", page(REPORT, 3)),
    ("accidents and days of sickness over five years", page(REPORT, 7)),
    ("tightening of the bolts between flange and housing", page(MANUAL, 5)),
    ("step by step: fitting a new seal MF-2207-C", page(MANUAL, 9)),
    ("price of a Gallowglass seal and how many are in stock", page(MANUAL, 4)),
    ("wiring diagram of the marrow box", page(MANUAL, 6)),
    ("code for kelp in front of the weed guard", page(MANUAL, 7)),
    ("wear of the old and the new seal over the hours", page(MANUAL, 8)),
    ("power of the Tidewheel over the speed of the current", page(MANUAL, 3)),
    ("schedule of Project Marrowfen as bars", page(SLIDES, 3)),
    ("hours out of service by fault code", page(SLIDES, 6)),
    ("delivered energy against the forecast", page(SLIDES, 4)),
    ("what the steering group is asked to decide", page(SLIDES, 8)),
    ("my Rosie has a puncture", page(HANDBOOK, 4)),
    ("when may the Bellows be opened", page(HANDBOOK, 3)),
    ("what do our house words mean", page(HANDBOOK, 6)),
    ("how do I become a member with a share", page(HANDBOOK, 5)),
    ("conditions of the permit for the tidal wheel", page(SCAN, 1)),
    ("inspection of the davit and the chain hoist", page(SCAN, 2)),
    ("a photograph of the Old Sentinel on its rock", ("lighthouse-evening.jpg",)),
    ("Rosie with long loaves in the basket", ("red-bicycle.jpg",)),
    ("loaves lying on the Quire", ("bread-shelf.jpg",)),
    ("the Duchess and her cups", ("teapot.jpg",)),
    ("Brindle among the trees", ("fox-in-snow.jpg",)),
    ("that Payday after the storm", ("rainbow-fields.jpg",)),
    ("the Dunlin with her red sail", ("sailing-boat.jpg",)),
    ("the water of Tarn Vell below the snow", ("mountain-lake.jpg",)),
    ("Tuppence Lane in the morning light", ("forest-path.jpg",)),
    ("a parasol on the Crescent", ("beach-parasol.jpg",)),
    ("Hallam Lights with a full moon", ("skyline-night.jpg",)),
    ("bicycle bay and ovens of the Hive", ("hive-floor-plan.png", *page(REPORT, 10))),
    ("Splat board with a sketch of the wheel", ("whiteboard-week-38.jpg",)),
    ("the yellow Gallowglass with its tag", ("prototype-p3.jpg",)),
    ("loaves and buns by day of the week", ("week-at-the-ovens.png",)),
    ("the Dunlin coming home at sunset", moment("sail")),
    ("Gallowglass turning under water", moment("under")),
    ("what do two lights on the Old Sentinel mean for the night", moment("beam")),
    ("how long does the Bellows take to get hot", moment("oven")),
)


def make(folder: Path) -> None:
    """Writes `queries.jsonl` and `qrels.tsv`."""
    queries, judgements = [], ["query-id\tcorpus-id\tscore"]
    for split, questions in (("train", TRAIN), ("dev", DEV)):
        for number, (text, ids) in enumerate(questions, start=1):
            name = f"{split}-{number:02d}"
            queries.append(json.dumps({"id": name, "text": text, "split": split}))
            judgements += [f"{name}\t{corpus_id}\t1" for corpus_id in ids]
    (folder / "queries.jsonl").write_text("\n".join(queries) + "\n", encoding="utf-8")
    (folder / "qrels.tsv").write_text("\n".join(judgements) + "\n", encoding="utf-8")
