"""The rules that keep the house standing: who imports whom, where SQL, gradio and broad excepts may stand."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("ingest", "retrieval", "ui")
BELOW = {"ingest": {"ingest"}, "retrieval": {"ingest", "retrieval"}, "ui": {"ingest", "retrieval", "ui"}}
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE FROM|PRAGMA|CREATE|DROP|ALTER|BEGIN|COMMIT|VACUUM)\b[ \n]+\S")


def sources(*packages: str) -> list[Path]:
    found = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    assert found
    return found


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """(module, name) of every import, wherever it stands; relative ones made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield module, alias.name


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(package)
        for module, _ in imports(path)
        if module.split(".")[0] in PACKAGES and module.split(".")[0] not in BELOW[package]
    ]
    assert wrong == []


def test_ui_sees_only_the_library_the_types_and_the_errors() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: from {module} import {name}"
        for path in sources("ui")
        for module, name in imports(path)
        if module.split(".")[0] == "retrieval"
        and module not in ("retrieval.types", "retrieval.errors", "retrieval.training.types")
        and (module, name) not in (("retrieval", "Library"), ("retrieval.library", "Library"))
    ]
    assert wrong == []


def test_gradio_only_in_ui() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources("ingest", "retrieval")
        for module, _ in imports(path)
        if module.split(".")[0] in ("gradio", "fastapi", "starlette", "uvicorn")
    ]
    assert wrong == []


def test_sql_only_in_the_store() -> None:
    wrong = []
    for path in sources(*PACKAGES):
        if path.is_relative_to(ROOT / "retrieval" / "store"):
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.value[:40]!r}")
            if isinstance(node, ast.Attribute) and node.attr in ("executemany", "executescript"):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}")
    assert wrong == []


def test_at_most_one_broad_except_and_it_is_at_the_edge() -> None:
    broad = []
    for path in sources(*PACKAGES):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = "" if node.type is None else ast.unparse(node.type)
                cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
                if caught in ("", "Exception", "BaseException") and not cleans_up:
                    broad.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert len(broad) <= 1 and all(place.startswith("ui/") for place in broad), broad


def test_no_pickle() -> None:
    wrong = []
    for path in sources(*PACKAGES):
        wrong += [
            f"{path}: {module}" for module, _ in imports(path) if module in ("pickle", "dill", "joblib", "shelve")
        ]
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call):
                continue
            options = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if ast.unparse(node.func) == "torch.load" and options.get("weights_only") != "True":
                wrong.append(f"{path}:{node.lineno} torch.load without weights_only")
            if options.get("allow_pickle", "False") != "False" or options.get("trust_remote_code", "False") != "False":
                wrong.append(f"{path}:{node.lineno} trusts what it loads")
    assert wrong == []


@pytest.mark.parametrize("package", ["ingest", "retrieval"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    heavy = ("torch", "transformers", "sentence_transformers", "faiss", "gradio", "pymupdf", "cv2", "onnxruntime")
    code = f"import sys, {package}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_package_is_named_in_pyproject() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in sources(*PACKAGES)}
    assert set(listed) == found | {"folioscope_samples"}
