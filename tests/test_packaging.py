"""The wheel, in a fresh environment outside the checkout; and what the set-up files promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder appears in the checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in ("ingest", "retrieval", "ui", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel; what it depends on is lent by the environment of the tests."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    (packages,) = home.glob("lib/python*/site-packages")
    # a path named in a .pth file is searched, its own .pth files (the checkout's editable install) are not read
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def test_the_wheel_holds_the_packages_the_samples_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "ingest",
        "retrieval",
        "ui",
        "folioscope_samples",
    }
    for wanted in (r"retrieval/store/.*\.sql", r"retrieval/builtin/weights/.*\.safetensors", r"ui/static/.*\.css"):
        assert any(re.fullmatch(wanted, name) for name in names), wanted
    assert any(re.fullmatch(r"folioscope_samples/.*\.pdf", name) for name in names)
    assert not [name for name in names if "__pycache__" in name]


def test_every_data_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = [
        str(path.relative_to(ROOT))
        for package in ("ingest", "retrieval", "ui")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and str(path.relative_to(ROOT)) not in names
    ]
    assert missing == []


def test_the_command_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment.update(FOLIOSCOPE_LIBRARY=str(tmp_path / "library"), FOLIOSCOPE_CACHE=str(tmp_path / "cache"))

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    python = installed / "python"
    code = "import folioscope_samples, ingest, retrieval, ui; print(*(m.__file__ for m in (folioscope_samples, ingest, ui)))"
    assert all(str(installed.parent) in path for path in run(python, "-c", code).split())
    assert "COMMAND" in run(installed / "folioscope", "--help")
    code = "from importlib.resources import files; print(files('folioscope_samples'))"
    samples = sorted(Path(run(python, "-c", code).strip()).rglob("*.pdf"))
    added = json.loads(run(installed / "folioscope", "add", samples[0], "--json"))
    assert [row["document"] for row in added["added"]] == [samples[0].name]
    hits = json.loads(run(installed / "folioscope", "search", "what is this about?", "--json"))
    assert hits and hits[0]["document"] == samples[0].name


def test_torch_is_pinned_in_the_constraints_alone() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==2.13.0" in pins
    assert not [name for name in pins if re.match(r"(opencv-python|torchvision|nvidia-.*)==", name)]
    named = " ".join([*project["dependencies"], *project["optional-dependencies"]["cpu"]])
    assert "torchvision" not in named and not re.search(r"opencv-python(?!-headless)", named)


def test_set_up_says_in_one_line_what_is_missing_and_what_helps(tmp_path: Path) -> None:
    code = (
        "import runpy, shutil, sys\n"
        "shutil.disk_usage = lambda path: shutil._ntuple_diskusage(1, 1, 10**9)\n"
        f"runpy.run_path({str(ROOT / '.ci' / 'setup.py')!r})['check_machine']()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr == "1.0 GB of disk are free here and 4 GB are needed. Remedy: free some space, or clone elsewhere\n"
    )
    own = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE")
    }  # the suite may run below make
    command = ["make", "setup", "PYTHON=python9"]
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == "Python is missing. Remedy: install Python 3.11 or newer\n"
