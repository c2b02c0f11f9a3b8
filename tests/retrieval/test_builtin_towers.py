from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch.nn import functional

from retrieval.builtin.embedder import PICTURE_PX, WEIGHTS
from retrieval.builtin.towers import EfficientNetLite2, SameConv, load_tower, same_padding, to_pixels


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [
        (260, 3, 2, (0, 1)),
        (130, 3, 1, (1, 1)),
        (65, 5, 2, (2, 2)),
        (130, 5, 2, (1, 2)),
        (1, 3, 2, (1, 1)),
        (4, 1, 1, (0, 0)),
    ],
)
def test_same_padding(size: int, kernel: int, stride: int, padding: tuple[int, int]) -> None:
    assert same_padding(size, kernel, stride) == padding


def test_a_convolution_pads_right_and_bottom_first() -> None:
    conv = SameConv(2, 3, 3, stride=2)
    x = torch.randn(1, 2, 6, 7)
    expected = functional.conv2d(functional.pad(x, (1, 1, 0, 1)), conv.weight, stride=2)
    torch.testing.assert_close(conv(x), expected)
    assert conv(x).shape == (1, 3, 3, 4)


def test_the_net_is_lite2() -> None:
    net = EfficientNetLite2()
    assert sum(parameter.numel() for parameter in net.parameters()) == 4_811_072  # as published, less its classifier
    assert net.feature_map(torch.zeros(1, 3, 260, 260)).shape == (1, 1280, 9, 9)


def test_shipped_weights_stay_frozen() -> None:
    net = load_tower(WEIGHTS / "tower.safetensors")
    assert not any(parameter.requires_grad for parameter in net.parameters())
    before = net.stem[1].running_mean.clone()
    net.train()
    assert not net.training and not net.stem[1].training
    net(torch.randn(2, 3, 64, 64))
    torch.testing.assert_close(net.stem[1].running_mean, before, rtol=0, atol=0)


def test_pixels_keep_the_whole_picture() -> None:
    picture = Image.new("RGB", (400, 100), (127, 255, 0))
    pixels = to_pixels([picture, Image.new("L", (3, 9), 127)])
    assert pixels.shape == (2, 3, PICTURE_PX, PICTURE_PX)
    assert pixels[0, :, 130, 0].tolist() == [0.0, 1.0, -127 / 128]
    assert pixels.is_contiguous(memory_format=torch.channels_last)


def test_weights_of_another_net_are_refused(tmp_path: pytest.TempPathFactory) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        load_tower(WEIGHTS / "projection.safetensors")
