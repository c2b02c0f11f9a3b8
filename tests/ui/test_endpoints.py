"""`gradio_client` against the real server: the command line's arguments and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests.ingest import samples
from tests.web import Running, running

# Gradio's own summary of its calls asks pandas for options of the past
pytestmark = pytest.mark.filterwarnings("ignore:.*no_silent_downcasting", "ignore:The copy keyword is deprecated")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("endpoints")) as it:
        yield it


@pytest.fixture(scope="module")
def client(served: Running) -> Client:
    return Client(served.address, verbose=False)


def test_add_search_label(client: Client, served: Running, tmp_path: Path) -> None:
    pdf = samples.pdf(tmp_path / "valve.pdf", ("The crimson valve leaks.", "Another page."))
    text = tmp_path / "notes.txt"
    text.write_text("plain")
    added = client.predict([handle_file(str(pdf)), handle_file(str(text))], ["plant"], True, api_name="/add")
    assert [(row["document"], row["kind"], row["pages"]) for row in added["added"]] == [("valve.pdf", "page", 2)]
    assert added["skipped"] == []
    assert added["refused"][0]["document"] == "notes.txt"
    assert not [path for path in (served.library.path / "uploads").rglob("*") if path.is_file()]

    found = client.predict("crimson valve", api_name="/search")
    assert found[0]["corpus_id"] == "valve.pdf#page=1"
    assert set(found[0]) == {
        "document", "document_id", "kind", "corpus_id", "page", "start_s", "end_s", "score", "fits", "region", "text", "why",
    }  # fmt: skip
    assert client.predict("crimson valve", 1, "page", "valve.pdf", "plant", False, api_name="/search")[0] == found[0]
    assert client.predict("crimson valve", 5, "picture", api_name="/search") == []

    said = client.predict("crimson valve", "valve.pdf#page=1", "relevant", api_name="/label")
    assert said == {"query": "crimson valve", "corpus_id": "valve.pdf#page=1", "relevant": True}
    assert [label.relevant for label in served.library.labels.list()] == [True]
    client.predict("crimson valve", "valve.pdf#page=1", "remove", api_name="/label")
    assert served.library.labels.list() == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("x", "no.pdf#page=1", "relevant", "/label"), "no.pdf"),
        (("x", "valve.pdf#page=1", "perhaps", "/label"), "perhaps"),
        (("x", 10, "chart", "/search"), "chart"),
    ],
)
def test_wrong_arguments_are_told(client: Client, call: tuple[object, ...], said: str) -> None:
    *arguments, name = call
    with pytest.raises(AppError, match=said):
        client.predict(*arguments, api_name=name)


@pytest.mark.parametrize("path", ["/etc/passwd", "http://127.0.0.1:1/a.pdf", "../library.sqlite"])
def test_no_file_of_the_machine_can_be_named(served: Running, path: str) -> None:
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    with httpx.Client(base_url=served.address, timeout=30) as http:
        call = http.post("/gradio_api/call/add", json={"data": [[file], [], True]}).json()["event_id"]
        said = http.get(f"/gradio_api/call/add/{call}").text
    assert said.startswith("event: error")
    assert not [path for path in (served.library.path / "uploads").rglob("*") if path.is_file()]


def test_judgements_travel(client: Client, served: Running, tmp_path: Path) -> None:
    client.predict("crimson valve", "valve.pdf#page=1", "relevant", api_name="/label")
    out = client.predict("qrels", api_name="/labels_export")
    assert set(out) == {"qrels.tsv", "queries.jsonl"}
    client.predict("crimson valve", "valve.pdf#page=1", "remove", api_name="/label")
    for name, text in out.items():
        (tmp_path / name).write_text(text, "utf-8")
    files = [handle_file(str(tmp_path / name)) for name in out]
    seen = client.predict(files, True, api_name="/labels_import")
    assert (seen["imported"], served.library.labels.list()) == (1, [])
    assert client.predict(files, api_name="/labels_import")["imported"] == 1
    assert [label.query for label in served.library.labels.list()] == ["crimson valve"]
    assert not [path for path in (served.library.path / "uploads").rglob("*") if path.is_file()]
    with pytest.raises(AppError, match="together with its queries"):
        client.predict(files[:1], api_name="/labels_import")


def test_a_retrain_is_refused_with_the_number(client: Client) -> None:
    with pytest.raises(AppError, match="7 more questions"):
        client.predict(api_name="/train")
    with pytest.raises(AppError, match="recipe cannot be wild"):
        client.predict("wild", api_name="/train")


def test_models_promote_roll_back(client: Client) -> None:
    assert [row["id"] for row in client.predict(api_name="/models")] == ["builtin"]
    assert client.predict("builtin", api_name="/promote")["current"] is True
    with pytest.raises(AppError, match="There is no model"):
        client.predict("lost", api_name="/promote")
    with pytest.raises(AppError, match="No other model"):
        client.predict(api_name="/rollback")


def test_only_these_are_there(client: Client) -> None:
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {
        "/add", "/search", "/label", "/labels_import", "/labels_export", "/train", "/models", "/promote", "/rollback",
    }  # fmt: skip
