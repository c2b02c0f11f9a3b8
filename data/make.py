"""Makes the sample files: `python -m data.make` for all of them, or some of pictures, documents, film, questions.

The pictures are traced by light in NumPy, minutes of one core each; the rest takes a minute or two and needs them.
Nothing is downloaded, all chance is seeded: the same versions of NumPy, Pillow, PyMuPDF and PyAV make the same bytes.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from .making import film, handbook, manual, pictures, questions, report, scan, slides

HERE = Path(__file__).parent
PARTS = ("pictures", "documents", "film", "questions")


def make(parts: list[str], folder: Path) -> None:
    """Writes the named parts: `folder` is the one of the questions, its `files` the one of the files."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    if "pictures" in parts:
        with ProcessPoolExecutor() as pool:
            for name in pool.map(pictures.make, pictures.NAMES, [files] * len(pictures.NAMES)):
                print(f"made {name}", flush=True)
    if "documents" in parts:
        for document in (report, manual, slides, handbook, scan):
            document.make(files)
    if "film" in parts:
        film.make(files)
    if "questions" in parts:
        questions.make(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, default=HERE, help="where to, instead of this folder")
    given = parser.parse_args()
    make(list(given.parts), given.out)


if __name__ == "__main__":
    main()
