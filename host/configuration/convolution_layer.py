"""A layer of convolutions, as a file of settings describes it."""

from __future__ import annotations

from dataclasses import dataclass

from axonloop.models.checks import require, require_range, take_whole
from axonloop.models.config import CONVOLUTION_RANGES


@dataclass(frozen=True)
class ConvolutionLayer:
    """A layer of `channels` images, whose kernels of `kernel` x `kernel` all positions share.

    The kernel stands at every `stride`-th pixel, with `padding` pixels of silence around the image;
    spikes leave in pools of `pool` x `pool`. Raises ValueError for values out of range.
    """

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    pool: int = 1

    def __post_init__(self) -> None:
        take_whole(self, "channels", "kernel", "stride", "padding", "pool")
        require_range("channels", self.channels, 1, 2048)
        for name in ("kernel", "stride", "padding", "pool"):
            require_range(name, getattr(self, name), *CONVOLUTION_RANGES[name])
        require(self.padding < self.kernel, "padding", "less than kernel", self.padding)

    def after(self, image: tuple[int, int, int]) -> tuple[int, int, int]:
        """The shape of the layer's neurons behind an image, both (channels, height, width)."""
        _, high, wide = (side + 2 * self.padding - self.kernel for side in image)
        return self.channels, high // self.stride + 1, wide // self.stride + 1
