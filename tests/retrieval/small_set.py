"""A data set of three texts with a question each, laid out as the training commands read it."""

from __future__ import annotations

import json
from pathlib import Path

ROWS = (("a", "zebra stripes"), ("b", "quokka smile"), ("c", "heron stands"))
TEXTS = tuple((key, f"{words} all day") for key, words in ROWS)


def write_small_set(folder: Path, source: str = "made") -> Path:
    """`folder`, made: each question, of `source`, is answered by the text that goes on after its words."""
    folder.mkdir()
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps({"id": key, "text": text}) for key, text in TEXTS))
    queries = [{"id": f"q{key}", "text": text, "source": source} for key, text in ROWS]
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in queries))
    qrels = "query-id\tcorpus-id\tscore\n" + "\n".join(f"q{key}\t{key}\t1" for key, _ in ROWS)
    (folder / "qrels.tsv").write_text(qrels)
    return folder
