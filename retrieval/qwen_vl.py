"""Qwen-VL checkpoints (2, 2.5, 3) as embedders on a computer without torchvision.

Their processors want a video part that only torchvision provides. transformers reads a processor's parts from the
signature of its `__init__`, so a subclass without that parameter has none; video input is then refused in words.
Registered classes count only where no file names a class, see `checkpoints.staged`.
"""

from __future__ import annotations

import importlib.util
from typing import Any

MODEL_TYPES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
PROMPTS = {
    "query": "Find the page or picture that answers the question.",
    "document": "Represent the page or picture.",
}
LARGEST_PX = 1280 * 32 * 32  # area of a picture as the net sees it: 1,280 tokens of Qwen3-VL


def needs_own_processor(model_type: str) -> bool:
    return model_type in MODEL_TYPES and importlib.util.find_spec("torchvision") is None


def register_processors() -> None:
    """Teaches AutoProcessor our classes for the three families; doing it again changes nothing."""
    from transformers import (
        AutoProcessor,
        Qwen2_5_VLConfig,
        Qwen2_5_VLProcessor,
        Qwen2VLConfig,
        Qwen2VLProcessor,
        Qwen3VLConfig,
        Qwen3VLProcessor,
    )

    class PictureQwen2VL(Qwen2VLProcessor):
        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **kw: Any):
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

    class PictureQwen25VL(Qwen2_5_VLProcessor):
        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **kw: Any):
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

    class PictureQwen3VL(Qwen3VLProcessor):
        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **kw: Any):
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

    AutoProcessor.register(Qwen2VLConfig, PictureQwen2VL, exist_ok=True)
    AutoProcessor.register(Qwen2_5_VLConfig, PictureQwen25VL, exist_ok=True)
    AutoProcessor.register(Qwen3VLConfig, PictureQwen3VL, exist_ok=True)
