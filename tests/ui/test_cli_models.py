"""Judgements and Models on the command line, on a library without a real model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retrieval.library import Library
from tests.hash_embedder import HashEmbedder
from tests.retrieval.taught import teach
from ui import model_commands
from ui.cli import main

Run = Callable[..., Any]
KEYS = {"id", "name", "base", "recipe", "labels", "ndcg@10", "current", "ready", "created"}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), cache=tmp_path / "cache") as found:
        found.add_texts([("one", "zebra"), ("two", "quokka")])
        yield found


@pytest.fixture
def run(library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command with --json; its value."""
    monkeypatch.setenv("FOLIOSCOPE_LIBRARY", str(library.path))
    monkeypatch.setenv("FOLIOSCOPE_CACHE", str(library.path.parent / "cache"))

    def run(*arguments: str | Path, status: int = 0) -> Any:
        capsys.readouterr()
        found = main([*map(str, arguments), "--json"])
        said = capsys.readouterr()
        assert found == status, said
        return json.loads(said.out)

    return run


def test_import_shows_first_and_then_does(run: Run, library: Library, tmp_path: Path) -> None:
    run("label", "where?", "one", "--wrong")
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps({"anchor": "where?", "positive": "one", "negative_1": "gone"}) + "\n")
    seen = run("labels", "import", file, "--dry-run", status=1)
    assert seen == {
        "imported": 1,
        "already": 0,
        "unknown": ["gone"],
        "conflicts": [{"query": "where?", "corpus_id": "one", "relevant": True, "wins": "file"}],
    }
    assert [label.relevant for label in library.labels.list()] == [False]
    assert run("labels", "import", file, status=1) == seen
    assert [label.relevant for label in library.labels.list()] == [True]
    assert run("labels", "export", tmp_path / "folder") == {"exported": 1, "file": str(tmp_path / "folder")}
    assert run("labels", "import", tmp_path / "folder")["already"] == 1
    assert "form" in run("labels", "export", tmp_path / "x.xlsx", status=1)["error"]


def test_people_read_what_an_import_would_do(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("label", "where?", "one", "--wrong")
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps({"anchor": "where?", "positive": "one", "negative_1": "gone"}) + "\n")
    capsys.readouterr()
    assert main(["labels", "import", str(file), "--dry-run"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "1 would be imported, 0 were already there.",
        "one is right for “where?”, as the file says",
        "Not in the library: gone",
    ]


def test_promote_and_rollback(run: Run, library: Library) -> None:
    first, second = teach(library, 1), teach(library, 2)
    assert [set(row) for row in run("models")] == [KEYS] * 3
    assert [(row["id"], row["current"]) for row in run("models")] == [
        ("builtin", True), (first, False), (second, False)
    ]  # fmt: skip
    assert run("promote", first)["current"] is True
    assert run("promote", "Model 2")["id"] == second
    assert run("rollback")["id"] == first
    assert run("rollback", "builtin")["id"] == "builtin"
    assert "No other model" in run("rollback", status=1)["error"]
    assert "no model nothing" in run("promote", "nothing", status=1)["error"]


def test_show_rename_and_discard(run: Run, library: Library) -> None:
    model_id = teach(library, 1)
    shown = run("models", "show", model_id)
    assert set(shown) == KEYS | {"card"} and shown["card"] == "# Model 1\n" and shown["ndcg@10"] == 0.73
    assert run("models", "rename", model_id, "mine")["name"] == "mine"
    assert run("models", "discard", "mine")["id"] == model_id
    assert "cannot be discarded" in run("models", "discard", "builtin", status=1)["error"]


@pytest.mark.parametrize(("answer", "promoted"), [("y\n", True), ("\n", False), ("no\n", False)])
def test_a_person_is_asked_before_what_is_not_recommended(
    run: Run, library: Library, monkeypatch: pytest.MonkeyPatch, answer: str, promoted: bool
) -> None:
    model_id = teach(library, 1)
    with library.store.write() as db:
        db.execute("UPDATE models SET recommended = 0 WHERE id = ?", (model_id,))

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr(model_commands.sys, "stdin", Terminal())
    assert run("promote", model_id, status=0 if promoted else 1)["current"] is promoted
    assert run("promote", model_id, "--yes")["current"] is True


def test_a_script_is_not_asked(run: Run, library: Library) -> None:
    model_id = teach(library, 1)
    with library.store.write() as db:
        db.execute("UPDATE models SET recommended = 0 WHERE id = ?", (model_id,))
    assert run("promote", model_id)["current"] is True
