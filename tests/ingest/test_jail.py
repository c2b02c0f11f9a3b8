"""What a parsing child may not do, tried in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def jailed(code: str, temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`temporary`: the child's temporary folder; one of its own by default, as the checkout may lie in the system's."""
    program = f"from ingest.jail import *\nisolate()\n{code}"
    with tempfile.TemporaryDirectory() as own:
        environment = {**os.environ, "TMPDIR": str(temporary or own)}
        command = [sys.executable, "-c", program]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "import socket; socket.socket(socket.AF_UNIX).connect('/tmp/none')",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.fork()",
    ],
)
def test_no_network_and_no_programs(code: str) -> None:
    done = jailed(code)
    assert done.returncode == 1
    assert "a reader may not do" in done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "open({path!r}, 'w')",
        "open({path!r}, 'ab')",
        "import os; os.open({path!r}, os.O_CREAT | os.O_WRONLY)",
        "import pathlib; pathlib.Path({path!r}).touch()",
        "import os; os.mkdir({path!r})",
        "import os; os.remove(__import__('ingest').__file__)",
        "import os; os.rename(__import__('ingest').__file__, {path!r})",
    ],
)
def test_nothing_is_written_outside_the_temporary_folder(code: str) -> None:
    path = ROOT / "tests" / "written-by-a-reader"
    done = jailed(code.format(path=str(path)))
    assert done.returncode == 1
    assert "a reader may not" in done.stderr
    assert not path.exists()


def test_the_temporary_folder_and_reading_are_free() -> None:
    done = jailed("import tempfile; tempfile.TemporaryFile().write(b'x'); print(open('pyproject.toml').read(1))")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_link_out_of_the_temporary_folder_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ROOT / "tests")
    done = jailed(f"open({str(tmp_path / 'link' / 'written-by-a-reader')!r}, 'w')", tmp_path)
    assert "a reader may not write" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces and /proc are Linux")
def test_native_code_sees_no_network_either() -> None:
    done = jailed("print(open('/proc/self/net/dev').read())")
    devices = [line.split(":")[0].strip() for line in done.stdout.splitlines() if ":" in line]
    allowed = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
    if allowed:
        assert devices == ["lo"]
    else:  # some systems forbid it; the audit hook is what is left then
        assert "lo" in devices


def test_memory_is_limited() -> None:
    done = jailed("limit_memory(200 << 20)\nok = bytearray(100 << 20)\nprint('ok')\nbytearray(150 << 20)")
    assert done.stdout == "ok\n"
    assert "MemoryError" in done.stderr


def test_cpu_time_is_limited_from_now_on() -> None:
    done = jailed("import time\nlimit_cpu(0.1)\nlimit_cpu(0.1)\nwhile True: pass")
    assert done.returncode == -24  # SIGXCPU
