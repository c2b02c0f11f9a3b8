"""What a terminal shows: tables, clean text, and progress on stderr."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from typing import TextIO

LEAST = 20  # characters of a column that is cut
QUIET_S = 5.0  # between two lines of progress where lines cannot be rewritten


def clean(text: object) -> str:
    """One line without control characters: a file's name must not steer the terminal."""
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "\ufffd" for letter in str(text))


def shortened(text: str, width: int) -> str:
    """Cut in the middle: a name's beginning and its ending tell most."""
    if len(text) <= width:
        return text
    kept = max(1, width - 1)
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def table(rows: Sequence[Sequence[object]], header: Sequence[str], width: int | None = None) -> str:
    """Columns as wide as their widest cell, numbers to the right; only the header when there are no rows.

    On a terminal (or with a `width`) the widest column is cut so that lines fit, though not to less than LEAST.
    """
    if width is None and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
    cells = [[clean("" if cell is None else cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(header), *cells]) for column in range(len(header))]
    if width is not None:
        wide = widths.index(max(widths))
        over = sum(widths) + 2 * (len(widths) - 1) - width
        if over > 0 and widths[wide] > LEAST:
            widths[wide] = max(LEAST, widths[wide] - over)
            for row in cells:
                row[wide] = shortened(row[wide], widths[wide])
    right = [bool(rows) and all(isinstance(row[column], int | float) for row in rows) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        placed = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        return "  ".join(placed).rstrip()

    return "\n".join([line(header), *(line(row) for row in cells)])


class Progress:
    """Says on stderr how far long work is: one line rewritten on a terminal, else a line now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._rewrites = self._stream.isatty()
        self._last = ""
        self._said_at = 0.0

    def say(self, text: str) -> None:
        text = clean(text)
        now = time.monotonic()
        if text == self._last or (not self._rewrites and now - self._said_at < QUIET_S):
            return
        self._stream.write(f"\r\x1b[K{text[:200]}" if self._rewrites else f"{text}\n")
        self._stream.flush()
        self._last, self._said_at = text, now

    def done(self) -> None:
        """Takes the rewritten line away."""
        if self._rewrites and self._last:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
        self._last = ""
