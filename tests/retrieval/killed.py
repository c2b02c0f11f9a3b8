"""A process that is killed around a named call of the store: `python -m tests.retrieval.killed` (see test_kills).

Reads one JSON a line from stdin: {"folder", "script", "point", "when", "turn"}. For each it forks a child that does the script
on a library in `folder` and kills itself at the `turn`-th call of `point` ("module.function" of the store, or a whole name):
"before" its transaction is committed, or right "after". Prints one JSON a line: {"signal", "said"}: what the child had
reported as done by then.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy  # noqa: F401  # loaded once, before the forks

from retrieval.store.db import Store
from tests.retrieval.scripts import SCRIPTS, workshop


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, when: str, turn: int) -> None:
    """From here on the `turn`-th call ends this process."""
    place, _, name = point.rpartition(".")
    module = importlib.import_module(place if place.startswith("retrieval.") else f"retrieval.store.{place}")
    function = getattr(module, name)
    calls = 0
    armed = False

    def wrapped(*args: object, **options: object) -> object:
        nonlocal calls, armed
        found = function(*args, **options)
        calls += 1
        if calls == turn:
            if when == "before":
                kill()
            armed = True
        return found

    setattr(module, name, wrapped)
    write = Store.write

    @contextmanager
    def watched(self: Store) -> Iterator[object]:
        with write(self) as db:
            yield db
        if armed:
            kill()

    Store.write = watched  # type: ignore[assignment,method-assign]


def child(order: dict[str, object], tell: Callable[[str], None]) -> None:
    with workshop(Path(str(order["folder"]))) as shop:
        script = SCRIPTS[str(order["script"])]
        if order["point"]:
            arm(str(order["point"]), str(order["when"]), int(str(order["turn"])))
        script(shop, tell)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reading)

            def tell(word: str, pipe: int = writing) -> None:
                os.write(pipe, f"{word}\n".encode())

            code = 1
            try:
                child(order, tell)
                code = 0
            finally:
                sys.stderr.flush()
                if code:
                    import traceback

                    traceback.print_exc()
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read().split()
        _, status = os.waitpid(process, 0)
        print(json.dumps({"signal": os.WTERMSIG(status), "status": status, "said": said}), flush=True)


if __name__ == "__main__":
    main()
