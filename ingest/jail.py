"""What keeps a parsing child from doing harm: no network, no other programs, no writing, so much memory and CPU time.

Linux enforces all of it; elsewhere the memory limit may be ignored by the system. Best effort where a layer of it
cannot be had: each works without the others.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

NETWORK = frozenset(
    {
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
    }
)
PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"})
CHANGES = frozenset(
    {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"}
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def isolate() -> None:
    """Cuts this process off, for good. Call it once, while it has one thread."""
    sys.dont_write_bytecode = True
    if sys.platform == "linux":
        # A network namespace without any device: holds for native code as well. An ordinary user needs a user namespace
        # for it, which some systems forbid; root must not take one, or it could no longer read other people's files.
        flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
        ctypes.CDLL(None).unshare(flags)
    temporary = Path(tempfile.gettempdir()).resolve()

    def guard(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if flags & WRITING and not _may_write(path, temporary):
                raise PermissionError(f"a reader may not write {path!r}")
        elif event in NETWORK or event in PROGRAMS:
            raise PermissionError(f"a reader may not do {event}")
        elif event in CHANGES and not _may_write(args[0], temporary):
            raise PermissionError(f"a reader may not change {args[0]!r}")

    sys.addaudithook(guard)


def _may_write(path: object, temporary: Path) -> bool:
    if isinstance(path, int):
        return True  # already open
    if not isinstance(path, (str, bytes)):
        return False
    name = os.fsdecode(path)
    return name == os.devnull or Path(os.path.realpath(name)).is_relative_to(temporary)


def limit_memory(more_bytes: int) -> None:
    """Grants so much address space beyond what the process has now."""
    try:
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return  # no /proc: nothing to measure against
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = now + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def limit_cpu(seconds: float) -> None:
    """Grants so many seconds more, of all threads together, rounded up; the system ends a process that takes longer,
    whatever it does."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def own_memory() -> int:
    """Resident bytes of this process now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
