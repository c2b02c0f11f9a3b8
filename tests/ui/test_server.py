"""The server over a real library: media, uploads, the JSON of the tabs, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from retrieval.library import Library
from tests.ingest import samples
from tests.web import open_library
from ui.server import LoginNeeded, build_server, listen, login_for

TEXT = "The crimson valve of unit K-77 leaks at dawn."
HOSTILE = "<img src=x onerror=alert(1)>.pdf"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("served")
    with open_library(folder) as opened:
        paths = [
            samples.pdf(folder / "valve.pdf", (TEXT, "Nothing of interest here.")),
            samples.picture(folder / "red.png", size=(90, 60)),
        ]
        added = opened.add(paths, tags=["plant"])
        assert len(added.added) == 2
        yield opened


@pytest.fixture(scope="module")
def client(library: Library) -> Iterator[TestClient]:
    with TestClient(build_server(library), base_url="http://127.0.0.1:7860", raise_server_exceptions=False) as made:
        yield made


def page_of(client: TestClient, query: str = "crimson valve") -> int:
    return int(client.get("/api/search", params={"q": query, "kind": "page"}).json()["hits"][0]["page"])


def test_the_page_asks_nobody_else(client: TestClient) -> None:
    html = client.get("/").text
    assert "folio/app.js" in html
    links = re.findall(r'(?:src|href)=\\?"(https?:[^"\\]+)', html)
    assert links == []
    css = client.get("/static/folio/app.css").text
    assert "http" not in css
    assert "@import" not in css


def test_search_says_what_and_where(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "crimson valve"}).json()
    assert "<mark>crimson valve</mark>" in found["html"]
    assert "valve.pdf#page=1" in [hit["id"] for hit in found["hits"]]  # the hash embedder knows no pictures
    assert re.fullmatch(r"3 pages and moments searched in \d+ ms", found["summary"])
    only = client.get("/api/search", params={"q": "crimson valve", "kind": "picture"}).json()
    assert [hit["id"] for hit in only["hits"]] in ([], ["red.png"])
    assert "1 picture" in only["summary"]


def test_filters_that_leave_nothing_say_so_and_lead_out(client: TestClient) -> None:
    filters = {"q": "crimson valve", "kind": "moment"}
    found = client.get("/api/search", params=filters).json()
    assert "Nothing is left to search with these filters." in found["notices"]
    assert 'data-act="everywhere"' in found["notices"]
    assert "everywhere" not in client.get("/api/search", params={"q": "crimson valve"}).json()["notices"]


def test_a_question_that_asks_nothing_is_told_so(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "???"}).json()
    assert "Ask something" in found["notices"] and found["hits"] == [] and found["summary"] == ""


def test_a_hostile_question_is_text(client: TestClient) -> None:
    evil = "<script>alert(1)</script> crimson"
    found = client.get("/api/search", params={"q": evil}).json()
    assert found["query"] == evil  # the script sets it as text
    assert "<script" not in found["html"] + found["notices"] + "".join(hit["why"] for hit in found["hits"])


def test_pictures_have_tags_and_are_asked_again(client: TestClient) -> None:
    for path in (f"/thumb/{page_of(client)}", f"/page/{page_of(client)}?px=300"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("image/")
        again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
    assert client.get("/page/999999").status_code == 404
    assert client.get("/thumb/../../etc/passwd").status_code in (404, 422)


def test_the_original_comes_in_ranges(client: TestClient, library: Library) -> None:
    document = library.documents.get("valve.pdf")
    whole = client.get(f"/media/{document.id}")
    assert whole.content == Path(library.documents.original(document.id)[0]).read_bytes()
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["content-disposition"].startswith("inline")
    part = client.get(f"/media/{document.id}", headers={"range": "bytes=5-9"})
    assert part.status_code == 206
    assert part.content == whole.content[5:10]
    assert part.headers["content-range"] == f"bytes 5-9/{len(whole.content)}"
    assert client.get(f"/media/{document.id}", headers={"range": "bytes=99999999-"}).status_code == 416
    assert client.get(f"/media/{document.id}", headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert client.get("/media/" + quote("../library.sqlite", safe="")).status_code == 404


def test_view_place_and_neighbours(client: TestClient) -> None:
    page = page_of(client)
    view = client.get(f"/api/view/{page}").json()
    assert view["id"] == "valve.pdf#page=1"
    assert client.get(f"/api/view/{view['next']}").json()["previous"] == page
    assert client.get("/api/resolve", params={"id": "valve.pdf#page=1"}).json() == {"page": page}
    assert client.get("/api/resolve", params={"id": "no.pdf"}).status_code == 404
    box = client.get(f"/api/place/{page}", params={"q": "crimson valve"}).json()["box"]
    assert box is None or all(0 <= side <= 1 for side in box)


def test_a_page_beside_the_answers_knows_how_it_was_judged(client: TestClient) -> None:
    page = client.get(f"/api/view/{page_of(client)}").json()["next"]
    said = {"query": "which page is dull?", "page": page}
    client.post("/api/judge", json=said | {"verdict": "right"})
    assert client.get(f"/api/view/{page}", params={"q": said["query"]}).json()["judged"] is True
    assert client.get(f"/api/view/{page}", params={"q": "another"}).json()["judged"] is None
    client.post("/api/judge", json=said)
    assert client.get(f"/api/view/{page}", params={"q": said["query"]}).json()["judged"] is None
    assert client.get(f"/api/view/{page}").json()["cite"] == "valve.pdf, page 2"


def test_judgements_come_and_go(client: TestClient, library: Library) -> None:
    page = page_of(client)
    for verdict, relevant in (("right", True), ("wrong", False)):
        client.post("/api/judge", json={"query": "crimson valve", "page": page, "verdict": verdict})
        assert [(label.query, label.relevant) for label in library.labels.list()] == [("crimson valve", relevant)]
        assert (
            client.get("/api/search", params={"q": "crimson valve", "kind": "page"}).json()["hits"][0]["judged"]
            is relevant
        )
    client.post("/api/judge", json={"query": "crimson valve", "page": page, "verdict": None})
    assert library.labels.list() == []


def upload(client: TestClient, name: str, data: bytes, **params: object) -> dict[str, list[dict[str, object]]]:
    ticket = client.post("/api/ticket").json()["ticket"]
    answer = client.post(f"/api/upload/{ticket}", params={"name": name, **params}, content=data)
    assert answer.status_code == 200, answer.text
    return answer.json()


def finish(library: Library) -> None:
    for job in library.jobs.list():
        library.jobs.wait(job.id)


def test_an_upload_is_added_under_its_name_and_its_copy_removed(
    client: TestClient, library: Library, tmp_path: Path
) -> None:
    data = samples.pdf(tmp_path / "x.pdf", ("A quiet heron stands in the reeds.",)).read_bytes()
    added = upload(client, f"../birds/{HOSTILE}", data)
    assert [row["document"] for row in added["added"]] == [HOSTILE]
    assert not list((library.path / "uploads").rglob("upload*"))
    finish(library)
    found = client.get("/api/search", params={"q": "quiet heron", "kind": "page"}).json()
    assert found["hits"][0]["id"].startswith("<img src=x onerror=alert(1)>.pdf%".removesuffix("%"))
    assert "<img src=x onerror" not in found["html"]
    shelf = client.get("/api/library").json()["shelf"]
    assert "<img src=x onerror" not in shelf
    assert "&lt;img src=x onerror" in shelf
    again = upload(client, "other.pdf", data)
    assert again["added"] == []
    assert len(again["skipped"]) == 1


def test_an_unreadable_upload_is_refused_and_stays_named(client: TestClient) -> None:
    refused = upload(client, "notes.docx", b"PK\x03\x04 nothing")["refused"]
    assert refused[0]["document"] == "notes.docx"
    files = client.get("/api/library").json()["files"]
    assert "notes.docx" in files
    number = re.search(r'data-refusal="(\d+)"', files)
    assert number
    client.post(f"/api/refusal/{number[1]}/dismiss")
    assert "notes.docx" not in client.get("/api/library").json()["files"]


def test_a_file_that_lay_in_the_bin_is_said_to_be_back(client: TestClient, library: Library, tmp_path: Path) -> None:
    data = samples.pdf(tmp_path / "x.pdf", ("Twins look alike.",)).read_bytes()
    upload(client, "twin A.pdf", data)
    library.documents.remove(["twin A.pdf"])
    assert upload(client, "twin B copy.pdf", data)["back"] == ["twin B copy.pdf is back from the bin (as twin A.pdf)"]
    library.documents.remove(["twin A.pdf"])
    assert upload(client, "twin A.pdf", data)["back"] == ["twin A.pdf is back from the bin"]
    again = upload(client, "twin A.pdf", data)
    assert again["back"] == [] and len(again["skipped"]) == 1
    finish(library)
    library.documents.remove(["twin A.pdf"], for_good=True)


def test_all_reading_is_stopped_and_goes_on(
    client: TestClient, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(library, "wake", lambda: None)
        for name in ("one.pdf", "two.pdf"):
            upload(client, name, samples.pdf(tmp_path / name, (f"Page of {name}.",)).read_bytes())
        status = client.get("/api/status").json()
        assert (status["reading"], status["paused"]) == (2, 0) and "reading 2" in status["pill"]["text"]
        assert client.post("/api/reading/stop").json()["left_out"] == 2
    assert client.post("/api/reading/resume").json() == {"resumed": 0}
    assert client.get("/api/status").json()["reading"] == 0
    assert {document.name for document in library.documents.list()}.isdisjoint({"one.pdf", "two.pdf"})


def test_many_refusals_have_one_head_and_go_at_once(client: TestClient) -> None:
    names = [f"{number}.pdf" for number in range(10)]
    for name in names:
        ticket = client.post("/api/ticket").json()["ticket"]
        client.post(f"/api/upload/{ticket}", params={"name": name}, content=b"no pdf")
    files = client.get("/api/library").json()["files"]
    assert "10 files were not added" in files and all(name in files for name in names), "before they are dismissed"
    client.post("/api/refusals/dismiss")
    assert client.get("/api/library").json()["files"] == ""


def test_the_shelf_is_ordered_by_name_where_wanted(client: TestClient, library: Library, tmp_path: Path) -> None:
    names = ("Part 10.pdf", "part 9.pdf")
    library.add([samples.pdf(tmp_path / name, (f"This is {name}.",)) for name in names])
    shelf = client.get("/api/library", params={"order": "name"}).json()["shelf"]
    assert re.findall(r"<b>(part .*?)</b>", shelf, re.IGNORECASE) == ["part 9.pdf", "Part 10.pdf"]
    library.documents.remove(names, for_good=True)


def test_a_folders_other_files_are_left_out_in_silence(client: TestClient) -> None:
    answer = upload(client, "project/main.c", b"int main(void) { return 0; }", folder=True)
    assert answer["refused"] == []
    assert len(answer["skipped"]) == 1


def test_tags_filter_bin_and_restore(client: TestClient, library: Library) -> None:
    document = library.documents.get("red.png")
    panel = client.post(f"/api/document/{document.id}/tags", json={"add": ["  <b>new</b>  tag "], "remove": []}).json()
    assert "&lt;b&gt;new&lt;/b&gt; tag" in panel["html"]
    shown = client.get("/api/library", params={"text": "NEW tag"}).json()["shelf"]
    assert shown.count("data-document") == 1
    client.post(f"/api/document/{document.id}/tags", json={"remove": ["<b>new</b> tag"]})
    assert "data-document" not in client.get("/api/library", params={"text": "new tag"}).json()["shelf"]

    before = client.get("/api/status").json()
    client.post(f"/api/document/{document.id}/delete")
    status = client.get("/api/status").json()
    assert status["documents"] == before["documents"] - 1
    assert status["stamp"] != before["stamp"]
    binned = client.get("/api/library", params={"deleted": True}).json()
    assert document.id in binned["shelf"]
    assert "Bin 1" in binned["chips"]
    assert "Restore" in client.get(f"/api/document/{document.id}").json()["html"]
    client.post(f"/api/document/{document.id}/restore")
    assert document.id in client.get("/api/library").json()["shelf"]


def test_delete_for_good(client: TestClient, library: Library, tmp_path: Path) -> None:
    data = samples.pdf(tmp_path / "gone.pdf", ("The ostrich of Xanadu.",)).read_bytes()
    added = upload(client, "gone.pdf", data)["added"][0]
    finish(library)
    assert client.post(f"/api/document/{added['document_id']}/delete-for-good").status_code == 200
    assert client.get(f"/api/document/{added['document_id']}").status_code == 404
    assert client.get(f"/media/{added['document_id']}").status_code == 404
    assert "Xanadu" not in client.get("/api/search", params={"q": "ostrich Xanadu"}).json()["html"]


def test_an_unknown_page_says_so(client: TestClient) -> None:
    answer = client.get("/api/view/999999")
    assert answer.status_code == 404
    assert answer.json()["error"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.9", ""])
@pytest.mark.parametrize("path", ["/", "/api/status", "/thumb/1", "/gradio_api/info"])
def test_a_foreign_host_is_refused(client: TestClient, host: str, path: str) -> None:
    assert client.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:1", "[::1]:7860", "LOCALHOST"])
def test_our_own_hosts_are_served(client: TestClient, host: str) -> None:
    assert client.get("/api/status", headers={"host": host}).status_code == 200


def test_another_site_cannot_change_anything(client: TestClient) -> None:
    assert client.post("/api/ticket", headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/gradio_api/queue/join", headers={"origin": "https://evil.example"}).status_code == 403


def test_a_server_for_others_needs_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLIOSCOPE_LOGIN", raising=False)
    assert login_for("127.0.0.1") is None
    with pytest.raises(LoginNeeded, match="FOLIOSCOPE_LOGIN=user:password"):
        login_for("0.0.0.0")
    monkeypatch.setenv("FOLIOSCOPE_LOGIN", "nocolon")
    with pytest.raises(LoginNeeded):
        login_for("127.0.0.1")
    monkeypatch.setenv("FOLIOSCOPE_LOGIN", "ada:secret")
    assert login_for("0.0.0.0") == "ada:secret"


def test_a_taken_port_is_exchanged_for_a_free_one() -> None:
    first = listen("127.0.0.1", 0)
    first.listen()
    port = first.getsockname()[1]
    second = listen("127.0.0.1", port)
    assert second.getsockname()[1] not in (0, port)
    first.close()
    second.close()
