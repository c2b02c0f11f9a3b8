"""The pictures by name: traced scenes as JPEG, drawn ones as JPEG or PNG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from . import drawn, scenes_animals, scenes_land, scenes_sea, scenes_things
from .render import Scene, finished, picture

SIZE = (960, 640)
TRACED: dict[str, Callable[[], Scene]] = {
    "bread-shelf.jpg": scenes_things.bread_shelf,
    "red-bicycle.jpg": scenes_things.bicycle,
    "fox-in-snow.jpg": scenes_animals.fox,
    "mountain-lake.jpg": scenes_land.mountain_lake,
    "lighthouse-evening.jpg": scenes_sea.lighthouse,
    "sailing-boat.jpg": scenes_sea.sailing_boat,
    "skyline-night.jpg": scenes_sea.skyline,
    "beach-parasol.jpg": scenes_land.beach,
    "rainbow-fields.jpg": scenes_land.rainbow,
    "teapot.jpg": scenes_animals.teapot,
    "prototype-p3.jpg": scenes_animals.prototype,
}
DRAWN: dict[str, Callable[[], Image.Image]] = {
    "forest-path.jpg": drawn.forest_path,
    "whiteboard-week-38.jpg": drawn.whiteboard,
    "hive-floor-plan.png": drawn.floor_plan,
    "week-at-the-ovens.png": drawn.infographic,
}
NAMES = (*TRACED, *DRAWN)


def save(image: Image.Image, path: Path) -> None:
    if path.suffix == ".png":
        image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    else:
        image.save(path, quality=86, optimize=True, progressive=True)


def make(name: str, folder: Path) -> str:
    """Writes one picture; returns its name. A traced one takes one to five minutes of one core."""
    image = finished(picture(TRACED[name](), *SIZE)) if name in TRACED else DRAWN[name]()
    save(image, folder / name)
    return name
