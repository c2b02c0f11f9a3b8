"""Model folders: found on disk or fetched from the hub, looked over before anything is loaded. Imports no torch.

Only safetensors and plain data files (JSON, vocabularies, chat templates) are ever shown to a model's loader: a folder is
*staged*, a temporary one of links to the allowed files, so that a pickle or a script beside them cannot be picked up.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import ModelError

DATA = ("*.json", "*.txt", "*.jinja", "*.model", "*.tiktoken")
WEIGHTS = "*.safetensors"
UNSAFE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
COMMIT = re.compile(r"[0-9a-f]{40}")
FETCH_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model folder on this computer. `revision` is the commit for a model from the hub, None for a folder."""

    name: str
    folder: Path
    revision: str | None
    config: dict[str, Any]  # of the (first) transformer; empty where there is none

    @property
    def model_type(self) -> str:
        return str(self.config.get("model_type", ""))

    @property
    def is_sentence_transformer(self) -> bool:
        return (self.folder / "modules.json").exists()


def open_checkpoint(path_or_id: str, revision: str | None = None) -> Checkpoint:
    """A local folder, or a hub id that is fetched once and then read from the hub's cache.

    Raises ModelError with what to do: no such folder, not on the hub, offline, no safetensors, code of its own.
    """
    local = Path(path_or_id).expanduser()
    if local.is_dir():
        folder, commit = local.resolve(), None
    elif local.exists():
        raise ModelError(f"{path_or_id} is a file, not a model's folder.", "Give the folder that holds config.json.")
    elif HUB_ID.fullmatch(path_or_id):
        folder = _from_hub(path_or_id, revision)
        commit = folder.name if COMMIT.fullmatch(folder.name) else revision
    else:
        raise ModelError(f"There is no folder {path_or_id}.", "Give a model's folder, or a hub id such as name/model.")
    _refuse_what_needs_code(folder, path_or_id)
    return Checkpoint(path_or_id, folder, commit, _transformer_config(folder))


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    wanted = [*DATA, WEIGHTS]
    pinned = revision is not None and COMMIT.fullmatch(revision) is not None
    if pinned:  # a commit never changes: what was fetched once needs no network
        try:
            return Path(snapshot_download(name, revision=revision, allow_patterns=wanted, local_files_only=True))
        except LocalEntryNotFoundError:
            pass
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=wanted, etag_timeout=FETCH_TIMEOUT_S))
    except GatedRepoError:
        raise ModelError(
            f"The owners of {name} ask for your consent first.", "Accept on its page, then run: hf auth login"
        ) from None
    except RevisionNotFoundError:
        raise ModelError(f"{name} has no revision {revision}.", "Leave the revision out for the newest.") from None
    except RepositoryNotFoundError:
        raise ModelError(
            f"The hub has no model {name}, and there is no such folder.",
            "Check the spelling; private models need: hf auth login",
        ) from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"{name} could not be fetched: the hub cannot be reached ({type(error).__name__}).",
            "Connect once to fetch it, or copy the model's folder to this computer and give its path.",
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, {} where there is none; ModelError when it is no JSON object."""
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path.name} of the model is damaged: {error}.", "Fetch or copy the model again.") from None
    return data if isinstance(data, dict) else {}


def _transformer_config(folder: Path) -> dict[str, Any]:
    """config.json of the folder, else of the first module that has one."""
    for path in (folder / "config.json", *sorted(folder.glob("*/config.json"))):
        config = read_json(path)
        if "model_type" in config:
            return config
    return {}


def _refuse_what_needs_code(folder: Path, name: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    if not any(path.suffix == ".safetensors" for path in files):
        if any(path.suffix in UNSAFE for path in files):
            raise ModelError(
                f"{name} holds no safetensors weights, only a format that can run code when it is read.",
                "Look for a revision with safetensors, or convert it: model.save_pretrained(folder).",
            )
        raise ModelError(f"{name} holds no weights (*.safetensors).", "Give the folder that the model was saved in.")
    if (folder / "adapter_config.json").exists() and not (folder / "config.json").exists():
        raise ModelError(
            f"{name} holds only an adapter (LoRA), not a whole model.", "Merge it first: model.merge_and_unload()."
        )
    if not (folder / "config.json").exists() and not (folder / "modules.json").exists():
        raise ModelError(f"{name} has neither config.json nor modules.json.", "Give the folder of a saved model.")
    for path in files:
        if path.name in ("modules.json", "router_config.json"):
            foreign = [ref for ref in _classes(path) if not ref.startswith("sentence_transformers.")]
            if foreign:
                raise ModelError(
                    f"{name} needs code of its own ({foreign[0]}), and foreign code is never run here.",
                    "Use a model that is made of sentence-transformers' own modules.",
                )


def _classes(path: Path) -> list[str]:
    """Class names in modules.json (a list of modules) or router_config.json (a table of types)."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, list):
        return [str(module.get("type", "")) for module in data]
    return [str(kind) for kind in data.get("types", {}).values()]


def allowed_files(folder: Path) -> list[Path]:
    """The files that a loader may see, in a fixed order, relative to `folder`. Hidden folders are left out."""
    found = {
        path.relative_to(folder) for pattern in (*DATA, WEIGHTS) for path in folder.rglob(pattern) if path.is_file()
    }
    return sorted(path for path in found if not any(piece.startswith(".") for piece in path.parts))


@contextmanager
def staged(folder: Path, *, drop_processor_class: bool = False) -> Iterator[Path]:
    """A temporary folder of links to the allowed files, there while a model is loaded; the original is not touched.

    `drop_processor_class`: the processor's class is not named, so that a class registered in this process is used.
    """
    with tempfile.TemporaryDirectory(prefix="folioscope-model-") as place:
        for name in allowed_files(folder):
            target = Path(place) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            named = name.name in ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
            if drop_processor_class and named:
                data = read_json(folder / name)
                data.pop("processor_class", None)
                target.write_text(json.dumps(data), encoding="utf-8")
            else:
                link(folder / name, target)
        yield Path(place)


def link(source: Path, target: Path) -> None:
    try:
        os.symlink(source.resolve(), target)
    except OSError:  # Windows allows links to administrators only
        shutil.copyfile(source, target)


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, modified_ns: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_key(folder: Path, **settings: object) -> str:
    """32 hex digits over every allowed file and the settings; README files do not count.

    The hub's cache keeps large files under their sha256, which then is taken from there.
    """
    digests: dict[str, str] = {}
    for name in allowed_files(folder):
        if name.suffix == ".txt" and "license" in name.name.lower():
            continue
        path = (folder / name).resolve()
        stat = path.stat()
        stored = path.parent.name == "blobs" and re.fullmatch(r"[0-9a-f]{64}", path.name)
        digests[name.as_posix()] = path.name if stored else _sha256(path, stat.st_size, stat.st_mtime_ns)
    whole = json.dumps({"files": digests, "settings": settings}, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]
