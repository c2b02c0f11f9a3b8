"""The real command in a subprocess: a contract that scripts use."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from PIL import Image, ImageDraw

from ui.cli import build_parser, library_folder, main
from ui.terminal import table

ROOT = Path(__file__).parent.parent.parent
HIT_KEYS = ["document", "document_id", "kind", "corpus_id", "page", "start_s", "end_s", "score", "fits", "region"]
HIT_KEYS += ["text", "why"]


class Shell:
    """Runs `folioscope` with a library of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "FOLIOSCOPE_LIBRARY": str(folder / "library")}
        self.environment["FOLIOSCOPE_CACHE"] = str(folder / "cache")

    def run(self, *arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ui.cli", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == status, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str | Path, status: int = 0):
        """The one JSON value on stdout."""
        return json.loads(self.run(*arguments, "--json", status=status).stdout)


def make_pdf(path: Path, *pages: str) -> Path:
    with pymupdf.open() as document:
        for text in pages:
            document.new_page().insert_textbox(pymupdf.Rect(50, 50, 500, 700), text, fontsize=12)
        document.save(path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    lighthouse = "The lighthouse keeper writes down the height of the tide every morning in a blue book."
    make_pdf(folder / "harbour #1.pdf", lighthouse, "The price of herring fell by twelve percent in October.")
    picture = Image.new("RGB", (320, 240), "navy")
    ImageDraw.Draw(picture).ellipse((80, 40, 240, 200), fill="gold")
    picture.save(folder / "moon.png")
    (folder / "notes.docx").write_bytes(b"PK\x03\x04[Content_Types].xml word/document.xml")
    return folder


@pytest.fixture(scope="module")
def shell(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A library that holds one PDF and one picture."""
    shell = Shell(tmp_path_factory.mktemp("shell"))
    added = shell.json("add", files / "harbour #1.pdf", files / "moon.png", "--tag", "sea")
    assert [(row["document"], row["kind"], row["pages"]) for row in added["added"]] == [
        ("harbour #1.pdf", "page", 2),
        ("moon.png", "picture", 1),
    ]
    assert added["skipped"] == [] and added["refused"] == []
    yield shell


def test_search_gives_the_documented_keys(shell: Shell) -> None:
    hits = shell.json("search", "who measures the tide?", "--top", "2")
    assert len(hits) == 2 and all(list(hit) == HIT_KEYS for hit in hits)
    first = hits[0]
    assert (first["document"], first["page"], first["kind"]) == ("harbour #1.pdf", 1, "page")
    assert first["corpus_id"] == "harbour %231.pdf#page=1"
    assert list(first["why"]) == ["words", "meaning", "picture", "reranked"] and first["why"]["words"] == 1
    assert 0 <= first["score"] <= 1 and isinstance(first["fits"], bool)
    assert "tide" in first["text"] and len(first["text"]) <= 500
    x0, y0, x1, y1 = first["region"]
    assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
    assert first["start_s"] is None and first["end_s"] is None


def test_search_filters(shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process: the model's packages are imported once."""
    for name in ("FOLIOSCOPE_LIBRARY", "FOLIOSCOPE_CACHE"):
        monkeypatch.setenv(name, shell.environment[name])

    def found(*options: str) -> list[str]:
        assert main(["search", "gold", "--json", *options]) == 0
        return [hit["document"] for hit in json.loads(capsys.readouterr().out)]

    assert found("--kind", "picture") == ["moon.png"]
    assert found("--document", "harbour #1.pdf") == ["harbour #1.pdf"] * 2
    assert found("--tag", "no such tag") == []
    assert len(found("--tag", "sea", "--no-rerank")) == 3
    assert main(["search", "gold", "--json", "--document", "nowhere.pdf"]) == 1
    missing = json.loads(capsys.readouterr().out)
    assert list(missing) == ["error", "remedy"] and "nowhere.pdf" in missing["error"]


def test_plain_answers_are_for_people_and_progress_is_on_stderr(shell: Shell) -> None:
    done = shell.run("search", "price of herring")
    assert re.match(r" 1\. harbour #1\.pdf, page 2 · \d+ % · words 1st", done.stdout)
    assert "searched in" in done.stdout


def test_options_before_or_after_the_command(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert json.loads(shell.run("--json", "--library", other, "list").stdout) == []
    assert json.loads(shell.run("list", "--json", "--library", other).stdout) == []
    assert len(json.loads(shell.run("--json", "list").stdout)) == 2


def test_list_and_tags(shell: Shell) -> None:
    (picture,) = shell.json("list", "--kind", "picture")
    assert (picture["document"], picture["pages"], picture["tags"], picture["stage"]) == (
        "moon.png",
        1,
        ["sea"],
        "done",
    )
    assert shell.json("tag", "moon.png", "--add", "night", "--remove", "sea")["tags"] == ["night"]
    assert [row["document"] for row in shell.json("list", "--tag", "night")] == ["moon.png"]
    assert shell.json("tag", "moon.png", "--add", "sea", "--remove", "night")["tags"] == ["sea"]
    assert "moon.png" in shell.run("list").stdout


def test_adding_again_skips_and_keeps_the_new_name(shell: Shell, files: Path, tmp_path: Path) -> None:
    copy = tmp_path / "luna.png"
    copy.write_bytes((files / "moon.png").read_bytes())
    (skipped,) = shell.json("add", copy)["skipped"]
    assert list(skipped) == ["document", "document_id", "reason"]
    (picture,) = shell.json("list", "--kind", "picture")
    assert picture["document"] == "moon.png" and picture["names"] == ["moon.png", "luna.png"]


def test_bad_input_is_refused_by_name_and_the_rest_goes_on(shell: Shell, files: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pdf"
    empty.touch()
    good = make_pdf(tmp_path / "good.pdf", "Quokkas live on Rottnest Island.")
    answer = shell.json("add", empty, files / "notes.docx", tmp_path / "nowhere.pdf", good, status=1)
    assert [row["document"] for row in answer["added"]] == ["good.pdf"]
    refused = {row["document"]: row for row in answer["refused"]}
    assert set(refused) == {"empty.pdf", "notes.docx", "nowhere.pdf"}
    assert all(list(row) == ["document", "reason", "remedy"] for row in refused.values())
    assert "PDF" in refused["notes.docx"]["remedy"]
    shell.run("remove", "good.pdf", "--for-good")


def test_unknown_kinds_in_a_folder_are_skipped(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "readme.xyz").write_text("plain words")
    answer = shell.json("add", tmp_path)
    assert [row["document"] for row in answer["skipped"]] == ["readme.xyz"] and answer["refused"] == []


def test_remove_and_restore(shell: Shell) -> None:
    assert shell.json("remove", "moon.png") == {"removed": ["moon.png"]}
    assert [row["document"] for row in shell.json("list")] == ["harbour #1.pdf"]
    assert shell.json("restore", "moon.png") == {"restored": ["moon.png"]}
    assert len(shell.json("list")) == 2
    assert "not in the bin" in shell.run("restore", "moon.png", status=1).stderr
    shell.run("remove", "nowhere.pdf", status=1)


def test_labels(shell: Shell, tmp_path: Path) -> None:
    page = "harbour %231.pdf#page=1"
    assert shell.json("label", "who measures?", page, "--relevant")["relevant"] is True
    assert shell.json("label", "who measures?", "moon.png", "--wrong")["relevant"] is False
    shell.run("label", "who measures?", "moon.png", "--remove")
    shell.run("label", "who measures?", "nowhere.pdf#page=1", "--relevant", status=1)
    file = tmp_path / "labels.csv"
    assert shell.json("labels", "export", file)["exported"] == 1
    with file.open(newline="", encoding="utf-8") as opened:
        (row,) = csv.DictReader(opened)
    assert list(row) == ["query", "corpus_id", "relevant", "when", "source"]
    assert (row["query"], row["corpus_id"], row["relevant"], row["source"]) == ("who measures?", page, "true", "cli")
    file.write_text("query,corpus_id,relevant,when,source\nx,moon.png,true,,\nx,gone.pdf#page=9,true,,\n")
    answer = shell.json("labels", "import", file, status=1)
    assert answer["imported"] == 1 and answer["unknown"] == ["gone.pdf#page=9"]
    shell.run("label", "x", "moon.png", "--remove")
    shell.run("label", "who measures?", page, "--remove")


def test_jobs_models_and_doctor(shell: Shell) -> None:
    jobs = shell.json("jobs")
    assert jobs and all(job["state"] in ("done", "failed", "cancelled") for job in jobs)
    shell.run("cancel", "999999", status=1)
    (builtin,) = shell.json("models")
    assert builtin["current"] is True and builtin["ready"] is True
    assert shell.json("promote", builtin["id"])["current"] is True
    shell.run("promote", "nowhere", status=1)
    shell.run("models", "add", "/nowhere/at/all", status=1)
    report = shell.json("doctor")
    assert report["library"]["integrity"] == "ok" and report["precision"] in ("bfloat16", "float32")


def test_eval_writes_the_documented_report_and_a_run(shell: Shell, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    for name in ("harbour #1.pdf", "moon.png"):
        (folder / "deep" / name).write_bytes((files / name).read_bytes())
    (folder / "deep" / "twin.png").write_bytes((files / "moon.png").read_bytes())
    questions = [
        {"id": "a", "text": "who measures the tide?", "split": "dev"},
        {"id": "b", "text": "herring prices", "split": "dev"},
        {"id": "c", "text": "golden disc", "split": "train"},
    ]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    qrels = [("a", "harbour #1.pdf#page=1"), ("b", "harbour #1.pdf#page=2"), ("c", "moon.png"), ("c", "twin.png")]
    lines = "".join(f"{question}\t{page}\t1\n" for question, page in qrels)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + lines)
    run = tmp_path / "run.trec"
    report = shell.json("eval", folder, "--add", "--run", run)
    figures = ["ndcg@10", "recall@10", "recall@100", "success@10", "mrr@10"]
    assert list(report) == ["queries", *figures, "region@0.3", "latency_ms", "per_kind"]
    assert report["queries"] == 3 and report["region@0.3"] is None
    assert all(list(report[name]) == ["value", "low", "high"] for name in figures)
    assert report["recall@100"]["value"] == 1.0  # the twins are one page, and it is found
    assert set(report["per_kind"]) == {"page", "picture"}
    assert run.read_text().splitlines()[0].startswith("a Q0 harbour%20%231.pdf#page=1 1 ")
    dev = shell.json("eval", folder, "--split", "dev", "--stage", "words")
    assert dev["queries"] == 2 and dev["ndcg@10"]["value"] == 1.0
    shell.run("eval", tmp_path, status=1)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["search"],
        ["search", "q", "--top", "0"],
        ["search", "q", "--top", "abc"],
        ["search", "q", "--kind", "sound"],
        ["add"],
        ["label", "q", "a.pdf"],
        ["label", "q", "a.pdf", "--relevant", "--wrong"],
        ["labels"],
        ["cancel", "first"],
        ["eval", "x", "--stage", "guess"],
        ["serve", "--port", "99999"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        build_parser().parse_args(arguments)
    assert stopped.value.code == 2


def test_what_is_wrong_is_said_with_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        return main(["--library", str(tmp_path / "library"), *arguments]), capsys.readouterr().err

    for query in ("", "   ", "???"):
        status, error = said("search", query)
        assert status == 2 and "Ask something" in error and error.count("\n") == 1
    status, error = said("train", "--split", "nope")
    assert status == 2 and "--from" in error
    for arguments in (["train", "--from", "/no/such"], ["eval", "/no/such"]):
        status, error = said(*arguments)
        assert status == 1 and "Errno" not in error and "/no/such" in error and "queries.jsonl" in error
    status, error = said("eval", str(tmp_path))
    assert status == 1 and "Errno" not in error and "qrels.tsv cannot be read: No such file" in error
    with pytest.raises(SystemExit):
        main(["search", "q", "--top", "abc"])
    assert "'abc' is not a whole number from 1 to 1000" in capsys.readouterr().err


def test_a_table_fits_the_terminal() -> None:
    rows = [("a long name " * 20 + "end.pdf", "31 pages", 7), ("b.pdf", "picture", 1234)]
    lines = table(rows, ("document", "", "size"), width=60).splitlines()
    assert max(map(len, lines)) == 60 and "…" in lines[1] and "end.pdf  31 pages     7" in lines[1]
    assert len(table(rows, ("document", "", "size"), width=10).splitlines()[2].split("  ")[0]) <= 20
    assert rows[0][0].strip() in table(rows, ("document", "", "size")), "whole where it is no terminal"


def test_another_host_needs_a_login(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = shell.run("serve", "--host", "0.0.0.0", "--no-open", status=2)
    assert "FOLIOSCOPE_LOGIN=user:password" in done.stderr


def _hear_ctrl_c() -> None:
    """A shell's background jobs ignore it, and so would their children: the suite may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_is_130(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    pages = ["A long story about nothing in particular. " * 30] * 60
    book = make_pdf(tmp_path / "book.pdf", *pages)
    command = [sys.executable, "-m", "ui.cli", "add", str(book)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=shell.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_ctrl_c,
    )
    assert process.stderr is not None and process.stderr.readline()  # it says what it does
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    (job,) = shell.json("jobs")
    shell.run("cancel", str(job["id"]))


def test_short_commands_load_nothing_heavy(tmp_path: Path) -> None:
    """What makes `label` and `models` start fast; the times themselves are in `make bench`."""
    code = (
        "import sys; from ui.cli import main; main(['models', '--json']); "
        "print([name for name in ('numpy', 'PIL', 'torch', 'faiss', 'gradio', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=Shell(tmp_path).environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_library_comes_from_the_option_the_environment_or_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLIOSCOPE_LIBRARY", "/from/environment")
    assert library_folder("/from/option") == Path("/from/option")
    assert library_folder(None) == Path("/from/environment")
    monkeypatch.delenv("FOLIOSCOPE_LIBRARY")
    assert library_folder(None).name == "folioscope"


def test_every_command_of_the_readme_exists_and_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = [
        line.split("|")[1:-1] for line in readme.replace("\\|", "/").splitlines() if line.startswith("| `folioscope")
    ]
    documented = " ".join(row[0] for row in table)
    (commands,) = (action for action in build_parser()._actions if action.dest == "command")
    assert isinstance(commands.choices, dict)
    for name, parser in commands.choices.items():
        assert re.search(rf"\b{name}\b", documented), name
        for action in parser._actions:
            for option in action.option_strings:
                if option.startswith("--") and option not in ("--help", "--library", "--json"):
                    assert option in documented, f"{name} {option}"
    deeper = {"--revision", "--dry-run"}  # of `models add`, `labels import`
    for option in set(re.findall(r"--[a-z-]+", documented)) - deeper:
        assert any(option in p._option_string_actions for p in commands.choices.values()), option
