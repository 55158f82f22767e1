"""Convolutions of a network: kernels of weights that all positions of an image share.

docs/convolution.md says what they compute and how they learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network.network import Population, Projection, Source, take_plain
from axonloop.host.whole import plain
from axonloop.models.checks import require, require_range
from axonloop.models.config import CONVOLUTION_RANGES
from axonloop.models.config import Convolution as Descriptor


@dataclass(frozen=True, eq=False)
class Convolution(Projection):
    """A kernel between two images; recurrent if both are the same.

    `weights`: int array `(out channels, in channels, kernel, kernel)`, as of torch's `conv2d`;
    `present` has that shape. It stands at every `stride`-th pixel of the source's image, which has
    `padding` pixels without spikes around it; of a source with pools that is the image of its
    pools. A source without a shape is an image of one pixel. All else is as of a `Projection`.
    """

    stride: int = 1
    padding: int = 0
    dimensions: ClassVar[int] = 4
    of_positions: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        take_plain(self, "stride", "padding")
        height, width = self.weights.shape[2:]
        require(height == width, f"kernel of {self}", "a square", (height, width))
        for name, value in (("kernel", height), ("stride", self.stride)):
            require_range(f"{name} of {self}", value, *CONVOLUTION_RANGES[name])
        require_range(f"padding of {self}", self.padding, 0, self.kernel - 1)

    @property
    def kernel(self) -> int:
        """The side of the kernel, in pixels."""
        return int(self.weights.shape[2])

    def require_ends(self, source: Source | Population, target: Population) -> None:
        """ValueError unless the kernel leads from the image of `source` to that of `target`."""
        image = image_of(source)
        shape, given = (target.channels, image[0]), self.weights.shape[:2]
        require(given == shape, f"out and in channels of {self}", f"{shape}", given)
        for side, size in zip(("height", "width"), image[1:], strict=True):
            low = max(1, self.kernel - 2 * self.padding)
            high = CONVOLUTION_RANGES[f"in_{side}"][1]
            require_range(f"{side} of the image of {self.source!r}", size, low, high)
        reached = tuple((s + 2 * self.padding - self.kernel) // self.stride + 1 for s in image[1:])
        told = f"{reached}, where {self} leads"
        own = target.shape[1:] or (1, 1)
        require(own == reached, f"height and width of population {target.name!r}", told, own)


def image_of(source: Source | Population) -> tuple[int, ...]:
    """Channels, height and width of what leaves a source or population; one pixel without shape."""
    return source.unit_shape or (source.units, 1, 1)


def descriptor_of(
    projection: Projection, source: Source | Population, part_channels: int, pool: int
) -> Descriptor:
    """What a core knows of a projection to `part_channels` channels, but for where it begins.

    A projection that is no convolution is a kernel as large as the image that it leaves; where that
    is no square, or too large, its pixels are the channels of a single one.
    """
    channels, height, width = image_of(source)
    if isinstance(projection, Convolution):
        return Descriptor(
            channels,
            height,
            width,
            projection.kernel,
            part_channels,
            projection.stride,
            projection.padding,
            pool=pool,
        )
    if height == width <= CONVOLUTION_RANGES["kernel"][1]:
        return Descriptor(channels, height, width, height, part_channels)
    return Descriptor(channels * height * width, 1, 1, 1, part_channels)


def kernel_rows(weights: NDArray[Any]) -> NDArray[Any]:
    """Weights of a projection, of either kind, as rows of a weight memory: `(rows, channels)`."""
    return weights if weights.ndim == 2 else weights.reshape(len(weights), -1).T


def uniform_kernel(
    random: np.random.Generator, out_channels: int, in_channels: int, kernel: int, span: int
) -> NDArray[np.int64]:
    """Weights drawn evenly from -span..span: int `(out channels, in channels, kernel, kernel)`."""
    sides = [plain(each) for each in (out_channels, in_channels, kernel, kernel)]
    require_range("span of the first weights", plain(span), 0, (1 << 15) - 1)
    return random.integers(-span, span + 1, sides)
