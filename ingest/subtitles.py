"""Subtitles as text with times: SubRip and WebVTT files beside a video, and text streams inside it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.passages import clean, passages
from ingest.types import Box, Line, Passage, Source

SUFFIXES = (".srt", ".vtt")
MAX_BYTES = 10 * 1024**2  # three hours of talk are 200 kB
MAX_CUE_S = 60.0  # a cue without an end, or with a wild one, does not cover the film

_TIMES = re.compile(
    r"^\s*(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
)
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Cue:
    """A text that is shown from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    text: str


def parse(text: str) -> list[Cue]:
    """Cues of a SubRip or WebVTT text, by time; what is not understood is skipped."""
    cues: list[Cue] = []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    index = 0
    while index < len(lines):
        times = _TIMES.match(lines[index])
        index += 1
        if times is None:
            continue
        start = index
        while index < len(lines) and lines[index].strip() and not _TIMES.match(lines[index]):
            index += 1
        said = plain(" ".join(lines[start:index]))
        start_s, end_s = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        if said and end_s > start_s:
            cues.append(Cue(start_s, min(end_s, start_s + MAX_CUE_S), said))
    return without_repeats(sorted(cues, key=lambda cue: cue.start_s))


def plain(text: str) -> str:
    """Text without markup (tags, styles, entities) on one line."""
    return clean(html.unescape(_MARKUP.sub("", text)).replace("\\N", " ").replace("\\n", " ").replace("\\h", " "))


def without_repeats(cues: Iterable[Cue]) -> list[Cue]:
    """Automatic captions roll: each cue repeats what the one before ended with. Every word is kept once."""
    kept: list[Cue] = []
    before: list[str] = []
    for cue in cues:
        words = cue.text.split()
        shared = next((n for n in range(min(len(words), len(before)), 0, -1) if before[-n:] == words[:n]), 0)
        rolls = shared == len(words) or (shared >= 3 and kept and cue.start_s - kept[-1].end_s < 1.0)
        if not rolls:
            kept.append(cue)
        elif kept and shared < len(words):
            kept.append(replace(cue, text=" ".join(words[shared:])))
        elif kept:
            kept[-1] = replace(kept[-1], end_s=max(kept[-1].end_s, cue.end_s))
        before = words
    return kept


def beside(video: Path) -> list[Cue]:
    """Cues of the first of the `files_beside` that has any."""
    for path in files_beside(video):
        cues = parse(_decoded(path))
        if cues:
            return cues
    return []


def files_beside(video: Path) -> list[Path]:
    """Subtitle files that belong to `video`, best first: name.srt, name.vtt, then name.en.srt, then other languages."""
    try:
        found = [
            other for other in video.parent.iterdir() if other.suffix.lower() in SUFFIXES and _belongs(other, video)
        ]
    except OSError:
        return []
    return sorted(found, key=lambda other: (_language(other, video), other.name))


def spoken(cues: Sequence[Cue], start_s: float, end_s: float) -> tuple[Passage, ...]:
    """What is said between two seconds. A cue that only touches the span (by less than .3 s and half of itself) is not."""
    nowhere = Box(0.0, 0.0, 1.0, 1.0)
    lines = []
    for cue in cues:
        shared = min(cue.end_s, end_s) - max(cue.start_s, start_s)
        if shared > 0 and shared >= min(0.3, (cue.end_s - cue.start_s) / 2):
            lines.append(Line(cue.text, nowhere))
    return tuple(replace(passage, box=None) for passage in passages(lines, Source.SUBTITLES))


def _belongs(other: Path, video: Path) -> bool:
    name = other.stem.casefold()
    return name in (video.stem.casefold(), video.name.casefold()) or name.startswith(f"{video.stem.casefold()}.")


def _language(other: Path, video: Path) -> int:
    """0: no language in the name; 1: English; 2: another one."""
    named = other.stem[len(video.stem) :].strip(".").casefold()
    return 0 if named in ("", video.suffix.strip(".").casefold()) else 1 if re.match(r"en\b|eng|en[-_]", named) else 2


def _decoded(path: Path) -> str:
    """The file's text; bytes that are neither UTF-8 nor UTF-16 are taken for Windows-1252."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return ""
        data = path.read_bytes()
    except OSError:
        return ""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, thousandths = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{thousandths or 0}")
