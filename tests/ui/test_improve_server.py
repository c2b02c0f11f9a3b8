"""The JSON of Improve over a real library and the real doors."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from retrieval.library import Library
from tests.ingest import samples
from tests.web import open_library
from ui.server import build_server

HOSTILE = "<script>alert(1)</script> crimson"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path) as opened:
        opened.add([samples.pdf(tmp_path / "valve.pdf", ("The crimson valve leaks.", "Nothing of interest here."))])
        yield opened


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    with TestClient(build_server(library), base_url="http://127.0.0.1:7860", raise_server_exceptions=False) as made:
        yield made


def label_file(client: TestClient, name: str, text: str) -> str:
    ticket = str(client.post("/api/ticket").json()["ticket"])
    answer = client.post(f"/api/labels/file/{ticket}", params={"name": name}, content=text.encode())
    assert answer.status_code == 200, answer.text
    return ticket


def test_nothing_judged_yet(client: TestClient) -> None:
    told = client.get("/api/improve").json()
    assert (told["state"], told["judged"], told["possible"], told["labels"]) == ("call", "Nothing judged yet", False, 0)
    assert "press R" in told["rows"]
    assert client.get("/api/queue").json() == {
        "items": [], "empty": "Ask a few questions in Search: those whose judgement teaches most are listed here.",
    }  # fmt: skip


def test_a_retrain_without_questions_is_refused_with_the_number(client: TestClient, library: Library) -> None:
    refused = client.post("/api/train", json={"recipe": "careful"})
    assert refused.status_code == 409
    assert "8 more questions" in refused.json()["remedy"]
    assert client.post("/api/train", json={"loss": "wild"}).json()["error"] == "loss cannot be wild"
    assert library.jobs.list()[0].kind == "ingest"


def test_what_was_asked_is_offered_and_judged_once(client: TestClient, library: Library) -> None:
    page = library.documents.resolve("valve.pdf#page=1")
    assert client.post("/api/asked", json={"query": HOSTILE, "pages": [page]}).status_code == 200
    (item,) = client.get("/api/queue").json()["items"]
    assert (item["query"], item["page"]) == (HOSTILE, page)
    assert "<script" not in item["html"]
    stamp = client.get("/api/status").json()["improve"]
    client.post("/api/judge", json={"query": HOSTILE, "page": page, "verdict": "right"})
    told = client.get("/api/improve").json()
    assert told["judged"] == "1 question judged"
    assert "valve.pdf, page 1" in told["rows"]
    assert "<script" not in told["rows"]
    status = client.get("/api/status").json()
    assert status["judged"] == 1
    assert status["improve"] != stamp
    assert HOSTILE not in [one["query"] for one in client.get("/api/queue").json()["items"] if one["page"] == page]


def test_versions_and_their_cards(client: TestClient) -> None:
    told = client.get("/api/improve").json()
    assert "as shipped" in told["versions"]
    assert told["current"] == "builtin"
    card = client.get("/api/models/builtin/card").json()["html"]
    assert "model-name" not in card  # its name is not for changing
    assert client.get("/api/models/lost/card").status_code == 404
    assert client.post("/api/models/lost/promote", json={"force": True}).status_code == 404
    assert client.post("/api/models/builtin/discard").status_code == 409
    assert client.post("/api/models/builtin/rollback").json() == {"model": "builtin", "name": "Built in"}


def test_judgements_as_files(client: TestClient, library: Library) -> None:
    ticket = label_file(client, "mine.csv", "query,corpus_id,relevant\nred valve,valve.pdf#page=1,1\nx,lost.pdf,1\n")
    seen = client.post("/api/labels/import", json={"ticket": ticket, "dry_run": True}).json()
    assert seen["imported"] == 1
    assert "lost.pdf" in seen["html"]
    assert library.labels.list() == []
    done = client.post("/api/labels/import", json={"ticket": ticket, "dry_run": False}).json()
    assert done["text"] == "1 judgement imported"
    assert [label.query for label in library.labels.list()] == ["red valve"]
    assert client.post("/api/labels/import", json={"ticket": ticket}).status_code == 409  # the upload is gone

    csv = client.get("/api/labels/export", params={"form": "csv"})
    assert "judgements.csv" in csv.headers["content-disposition"]
    assert "red valve" in csv.text
    packed = zipfile.ZipFile(BytesIO(client.get("/api/labels/export", params={"form": "qrels"}).content))
    assert sorted(packed.namelist()) == ["qrels.tsv", "queries.jsonl"]
    assert client.get("/api/labels/export", params={"form": "exe"}).status_code == 422
    assert not [path for path in (library.path / "uploads").rglob("*") if path.is_file()]


def test_a_file_that_is_none_says_so(client: TestClient) -> None:
    ticket = label_file(client, "mine.csv", "this,is\nno,file of judgements\n")
    refused = client.post("/api/labels/import", json={"ticket": ticket})
    assert refused.status_code == 409
    assert "mine.csv" in refused.json()["error"] and "judgements.csv" not in refused.json()["error"]
    again = client.post("/api/ticket").json()["ticket"]
    assert client.post(f"/api/labels/file/{again}", params={"name": "x.exe"}, content=b"MZ").status_code == 409
    assert client.post("/api/labels/import", json={"ticket": "../../etc"}).status_code == 409
    assert client.post("/api/labels/forget/nonsense").status_code == 409


@pytest.mark.parametrize("path", ["train", "jobs/1/cancel", "models/builtin/rollback", "labels/import", "asked"])
def test_another_site_cannot_do_any_of_it(client: TestClient, path: str) -> None:
    assert client.post(f"/api/{path}", json={}, headers={"origin": "https://evil.example"}).status_code == 403


def test_the_missing_page_is_found(client: TestClient, library: Library) -> None:
    page = library.documents.resolve("valve.pdf#page=1")
    library.labels.set(HOSTILE, page, True)
    found = client.get("/api/find", params={"q": "crimson valve", "question": HOSTILE}).json()
    assert found["pages"][0] == page
    assert "✓ right" in found["html"]
    shown = client.get(f"/api/preview/{page}", params={"question": HOSTILE}).json()
    assert shown["judged"] is True
    assert "Right already" in shown["html"]
    listed = client.get("/api/find", params={"document": "valve.pdf", "question": "x"}).json()
    assert listed["pages"] == [page]
    assert client.get("/api/find", params={"question": "x"}).json()["pages"] == []
    assert client.get("/api/find", params={"document": "lost.pdf", "question": "x"}).status_code == 404
