"""A layer of kernels: the image behind it."""

from __future__ import annotations

import pytest

from axonloop.host.configuration.convolution_layer import ConvolutionLayer


@pytest.mark.parametrize(
    ("layer", "image", "behind"),
    [
        (ConvolutionLayer(channels=6, kernel=3), (2, 5, 4), (6, 3, 2)),
        (ConvolutionLayer(channels=6, kernel=3, padding=1), (2, 5, 4), (6, 5, 4)),
        (ConvolutionLayer(channels=6, kernel=3, stride=2, padding=1), (2, 5, 4), (6, 3, 2)),
        (ConvolutionLayer(channels=1, kernel=2, stride=3), (1, 9, 2), (1, 3, 1)),
    ],
)
def test_the_image_behind_it(
    layer: ConvolutionLayer, image: tuple[int, int, int], behind: tuple[int, int, int]
) -> None:
    assert layer.after(image) == behind
