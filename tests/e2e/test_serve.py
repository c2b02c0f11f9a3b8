"""The real command: says where it is, answers, refuses strangers, and stops on Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.web import free_port

COMMAND = [sys.executable, "-m", "ui.cli", "serve", "--no-open"]
ROOT = Path(__file__).parents[2]


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOLIOSCOPE_")}
    return {**kept, "FOLIOSCOPE_LIBRARY": str(folder / "library"), "FOLIOSCOPE_CACHE": str(folder / "cache"), **more}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [*COMMAND, "--port", str(free_port()), "--allow-host", "my.name"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, f"no address in {line!r}"
        yield process, found[0]
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_it_serves_refuses_and_stops(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    with httpx.Client(base_url=address, timeout=120) as http:
        assert "Folioscope" in http.get("/").text
        assert http.get("/api/status").json()["documents"] == 0
        assert http.get("/", headers={"host": "evil.example"}).status_code == 400
        assert http.get("/", headers={"host": "my.name"}).status_code == 200
        assert http.get("/gradio_api/file=/etc/passwd").status_code in (403, 404)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in (0, 130)


def test_another_host_needs_a_login(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--host", "0.0.0.0"],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "FOLIOSCOPE_LOGIN=user:password" in done.stderr
    assert not (tmp_path / "library").exists()
