"""Models for the tests of retrieval, made or loaded once for the whole run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval.builtin import load_builtin
from retrieval.embedders import load_embedder
from retrieval.types import Embedder
from tests.hash_embedder import HashEmbedder

EMBEDDERS = ("builtin", "clip", "siglip", "qwen3_vl", "hash")
Models = dict[str, Embedder]
Killed = Callable[..., list[str]]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny models with random weights."""
    from tests.retrieval import tiny_models

    root = tmp_path_factory.mktemp("checkpoints")
    made = {
        "clip": tiny_models.make_clip(root / "clip"),
        "other_clip": tiny_models.make_clip(root / "other_clip", seed=1),
        "siglip": tiny_models.make_siglip(root / "siglip"),
        "qwen3_vl": tiny_models.make_qwen3_vl(root / "qwen3_vl"),
        "cross_encoder": tiny_models.make_cross_encoder(root / "cross_encoder"),
    }
    return made | {"qwen_reranker": tiny_models.make_qwen_reranker(root / "qwen_reranker", made["qwen3_vl"])}


@pytest.fixture(scope="session")
def models(checkpoints: dict[str, Path]) -> Models:
    return {
        "builtin": load_builtin(device="cpu"),
        "clip": load_embedder(str(checkpoints["clip"]), device="cpu"),
        "siglip": load_embedder(str(checkpoints["siglip"]), device="cpu"),
        "qwen3_vl": load_embedder(str(checkpoints["qwen3_vl"]), device="cpu"),
        "hash": HashEmbedder(),
    }


@pytest.fixture(scope="session")
def killed() -> Iterator[Killed]:
    """Runs a script in a child that is killed at a point; returns what it had said by then."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.retrieval.killed"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None

    def run(folder: Path, script: str, point: str, when: str, turn: int = 1) -> list[str]:
        order = {"folder": str(folder), "script": script, "point": point, "when": when, "turn": turn}
        print(json.dumps(order), file=server.stdin, flush=True)
        answer = json.loads(server.stdout.readline())
        assert answer["signal"] == (9 if point else 0), f"the call never came: {answer}"
        return [str(word) for word in answer["said"]]

    yield run
    server.stdin.close()
    server.stdout.close()
    server.wait()
