"""python -m tests.bench [NAME…]  (make bench ARGS="words commands"): prints ratios; exit 1 when a bound does not hold.

Close other programs first: the ratios compare runs of some seconds on one machine.
"""

from __future__ import annotations

import sys

from retrieval.cpu import settle_threads

settle_threads()  # before torch

from tests.bench import ingest, memory, models, promoting, queries, retraining, starting  # noqa: E402

BENCHMARKS = {
    "commands": starting.commands,
    "page": starting.first_byte,
    "words": ingest.words,
    "ingest": ingest.whole,
    "embedding": models.embedding,
    "rerank": models.reranking,
    "query": queries.large,
    "busy": queries.beside_ingest,
    "switch": promoting.switch,
    "retrain": retraining.retrain,
    "memory": memory.two_thousand,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"No benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    failed = False
    for name in names or BENCHMARKS:
        for row in BENCHMARKS[name]():
            print(row, flush=True)
            failed = failed or not row.holds
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
