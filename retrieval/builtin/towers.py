"""EfficientNet-Lite2: the net behind the builtin picture route. One file, torch only.

Classification net of Tan and Le, "EfficientNet" (2019), in its "lite" form: no squeeze-and-excite, ReLU6, the stem and
the head keep their size. Width 1.1, depth 1.2, trained at 260 px; padding as TensorFlow does it, so that its weights fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from .embedder import PICTURE_PX

FEATURES = 1280
BATCH_NORM_EPS = 1e-3
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0


class Stage(NamedTuple):
    """Blocks of one resolution; `channels` and `repeats` are after scaling by width 1.1 and depth 1.2."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


STEM = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(3, 3, 2, 6, 24),
    Stage(3, 5, 2, 6, 48),
    Stage(4, 3, 2, 6, 88),
    Stage(4, 5, 1, 6, 120),
    Stage(5, 5, 2, 6, 208),
    Stage(1, 3, 1, 6, 352),
)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's "SAME": the odd pixel goes to the right and bottom, which torch's own padding cannot express."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv(nn.Conv2d):
    """A convolution without bias that pads by its input's size."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inside, outside, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(x.shape[-2], kernel, stride)
        left, right = same_padding(x.shape[-1], kernel, stride)
        if (top, left) == (bottom, right):  # the usual case: no copy of the map
            return functional.conv2d(x, self.weight, None, self.stride, (top, left), groups=self.groups)
        return super().forward(functional.pad(x, (left, right, top, bottom)))


def conv_norm(inside: int, outside: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(SameConv(inside, outside, kernel, stride, groups), nn.BatchNorm2d(outside, eps=BATCH_NORM_EPS))


class Block(nn.Module):
    """Inverted residual: widen, filter per channel, narrow."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inside * expand
        self.expand = conv_norm(inside, wide) if expand != 1 else None
        self.filter = conv_norm(wide, wide, kernel, stride, groups=wide)
        self.project = conv_norm(wide, outside)
        self.residual = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else functional.relu6(self.expand(x), inplace=True)
        y = self.project(functional.relu6(self.filter(y), inplace=True))
        return x + y if self.residual else y


class EfficientNetLite2(nn.Module):
    """`forward`: pixels (B, 3, H, W) → features (B, 1280), the mean over the last map. It has no classifier.

    BatchNorm always uses its stored statistics: `train()` leaves this net in evaluation mode, or a trainer's
    `model.train()` would let the statistics drift although every weight is frozen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv_norm(3, STEM, 3, 2)
        blocks: list[Block] = []
        inside = STEM
        for stage in STAGES:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                blocks.append(Block(inside, stage.channels, stage.kernel, stride, stage.expand))
                inside = stage.channels
        self.blocks = nn.Sequential(*blocks)
        self.head = conv_norm(inside, FEATURES)
        self.eval()

    def train(self, mode: bool = True) -> EfficientNetLite2:
        return super().train(False)

    def feature_map(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 1280, H/32, W/32)."""
        x = functional.relu6(self.stem(pixels), inplace=True)
        return functional.relu6(self.head(self.blocks(x)), inplace=True)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.feature_map(pixels).mean(dim=(2, 3))


def to_pixels(pictures: Sequence[Image.Image], px: int = PICTURE_PX) -> Tensor:
    """(B, 3, px, px) float32 in channels-last order. The whole picture is squeezed to a square: nothing is cut off."""
    rows = [np.asarray(p.convert("RGB").resize((px, px), Image.Resampling.BICUBIC, reducing_gap=3.0)) for p in pictures]
    batch = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)  # (B, 3, px, px), memory stays channels-last
    return (batch.float() - PIXEL_MEAN) / PIXEL_SCALE


def is_count(name: str) -> bool:
    """A BatchNorm's count of batches, which nothing reads and no file has."""
    return name.endswith("num_batches_tracked")


def load_tower(path: Path) -> EfficientNetLite2:
    """The net with the weights of a safetensors file (any float type on disk, float32 in memory)."""
    net = EfficientNetLite2()
    state = {name: tensor.float() for name, tensor in load_file(path).items()}
    missing, unexpected = net.load_state_dict(state, strict=False)
    absent = [name for name in missing if not is_count(name)]
    if absent or unexpected:
        raise ValueError(f"{path.name} does not fit EfficientNet-Lite2: missing {absent}, unexpected {unexpected}")
    net.requires_grad_(False)
    for parameter in net.parameters():
        if parameter.dim() == 4:  # a quarter less time on CPUs
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net
