"""The image route's first module: pictures in, features of the frozen net out, as sentence-transformers wants it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from sentence_transformers.base.modules import InputModule
from torch import Tensor

from .embedder import PICTURE_PX
from .towers import FEATURES, EfficientNetLite2, load_tower, to_pixels


class PictureTower(InputModule):
    """{"image": picture} → features["sentence_embedding"], (B, 1280) float32 whatever the net's precision is."""

    config_keys: list[str] = ["picture_px"]  # noqa: RUF012 (the base class declares it so)
    save_in_root = False

    def __init__(self, net: EfficientNetLite2 | None = None, picture_px: int = PICTURE_PX) -> None:
        super().__init__()
        self.net = EfficientNetLite2() if net is None else net
        self.picture_px = picture_px

    @classmethod
    def from_file(cls, path: Path) -> PictureTower:
        return cls(load_tower(path))

    @property
    def modalities(self) -> list[Any]:
        return ["image"]

    def get_embedding_dimension(self) -> int:
        return FEATURES

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Takes pictures or {"image": picture}; a string is never opened."""
        pictures = [item["image"] if isinstance(item, dict) else item for item in inputs]
        strange = [type(p).__name__ for p in pictures if not isinstance(p, Image.Image)]
        if strange:
            raise TypeError(f"the picture route takes PIL pictures, got {strange[0]}")
        return {"pixel_values": to_pixels(pictures, self.picture_px), "modality": "image"}

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        pixels: Tensor = features["pixel_values"]
        features["sentence_embedding"] = self.net(pixels.to(self.net.head[0].weight.dtype)).float()
        return features

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        self.save_config(output_path)
        self.save_torch_weights(output_path, safe_serialization=safe_serialization)

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        init_defaults: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PictureTower:
        place: dict[str, Any] = {
            "model_name_or_path": model_name_or_path,
            "subfolder": subfolder,
            "token": token,
            "cache_folder": cache_folder,
            "revision": revision,
            "local_files_only": local_files_only,
        }
        module: PictureTower = cls.load_torch_weights(model=cls(**cls.load_config(**place)), **place)
        return module
