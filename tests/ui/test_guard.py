from __future__ import annotations

import base64

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ui.guard import Guard, is_loopback


def client(login: str | None = None) -> TestClient:
    app = FastAPI()
    app.add_middleware(Guard, login=login)

    @app.get("/x")
    @app.post("/x")
    def answer() -> str:
        return "ok"

    @app.get("/media/x")
    def media() -> str:
        return "ok"

    return TestClient(app, base_url="http://127.0.0.1")


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.5", False), ("example.org", False)],
)  # fmt: skip
def test_is_loopback(host: str, only_here: bool) -> None:
    assert is_loopback(host) is only_here


def test_login_on_every_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.guard.WRONG_LOGIN_S", 0.0)
    guarded = client("ada:sécret:x")
    for path in ("/x", "/media/x", "/nothing"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
        for wrong in ("ada:", "ada:sécret", "eve:sécret:x", ""):
            assert guarded.get(path, headers=basic(wrong)).status_code == 401
        assert guarded.get(path, headers={"authorization": "Basic !!!"}).status_code == 401
        assert guarded.get(path, headers={"authorization": "Bearer x"}).status_code == 401
    assert guarded.get("/x", headers=basic("ada:sécret:x")).status_code == 200


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {}, 200),  # no browser
        ("POST", {"origin": "http://127.0.0.1"}, 200),
        ("POST", {"origin": "http://evil.example"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"origin": "http://127.0.0.1:9"}, 403),
        ("POST", {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1"}, 403),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 200),
        ("GET", {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, 200),
    ],
)
def test_other_sites_may_link_and_nothing_else(method: str, headers: dict[str, str], status: int) -> None:
    assert client().request(method, "/x", headers=headers).status_code == status


def test_security_headers() -> None:
    headers = client().get("/x").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "content-security-policy" not in client().get("/media/x").headers
