"""Threads, environment and precision of this computer's CPU. Imports no torch at the top."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

FASTER = 1.3  # bfloat16 must beat float32 by this factor: between equals float32 is the exact one
PROBE_S = 0.3  # per precision


def settle_threads(threads: int | None = None) -> None:
    """Sets what torch and the hub client read when they load; call it first in every entry point.

    Idle OpenMP threads spin by default and starve a second busy process: on two cores a query then takes three times as
    long. Values that the user has set stay.
    """
    calm = {
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "TOKENIZERS_PARALLELISM": "false",  # our lists are short, and a fork after it would warn
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TRANSFORMERS_VERBOSITY": "error",  # what matters of its warnings is checked after loading
    }
    if threads is not None:
        calm["OMP_NUM_THREADS"] = str(max(1, threads))
    for name, value in calm.items():
        os.environ.setdefault(name, value)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def abilities() -> dict[str, bool | int | str]:
    """What `doctor` prints about the CPU. Off Linux the instruction sets are not listed by the system: False."""
    flags: set[str] = set()
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("flags", "Features") and not flags:
                flags = set(value.split())
            elif key.strip() == "model name":
                name = value.strip()
    return {
        "name": name,
        "machine": platform.machine(),
        "cores": cores(),
        "avx2": "avx2" in flags,
        "avx512": "avx512f" in flags,
        "bf16": bool(flags & {"avx512_bf16", "bf16"}),
        "amx": "amx_bf16" in flags,
    }


def best_seconds(work: Callable[[], object], budget_s: float) -> float:
    """The shortest of some runs of `work`; the first run is not counted unless it alone spends the budget."""
    started = time.perf_counter()
    work()
    best = time.perf_counter() - started
    if best > budget_s:
        return best
    best = float("inf")
    while time.perf_counter() - started < budget_s:
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best


def precision_probe() -> str:
    """ "bfloat16" where this CPU is clearly faster in it, else "float32". About a second; the library stores the answer.

    The work is the heart of a MiniLM layer (one passage batch through attention-sized and feed-forward products):
    CPUs without native bfloat16 emulate it and can be a hundred times slower.
    """
    import torch

    def layer(dtype: torch.dtype) -> Callable[[], object]:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(256, 384, generator=generator).to(dtype)
        up = torch.randn(384, 1536, generator=generator).to(dtype)
        down = torch.randn(1536, 384, generator=generator).to(dtype)
        return lambda: torch.nn.functional.gelu(x @ up) @ down

    with torch.inference_mode():
        exact = best_seconds(layer(torch.float32), PROBE_S)
        half = best_seconds(layer(torch.bfloat16), PROBE_S)
    return "bfloat16" if half * FASTER < exact else "float32"
