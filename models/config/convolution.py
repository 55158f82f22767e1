"""Convolutions of a core: the kernels that all positions of an image share.

docs/contract.md, section 12, is the normative text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from axonloop.models.checks import require, require_range, take_whole
from axonloop.models.config.geometry import Datapath, Geometry

MAX_CONVOLUTIONS = 4
MAX_KERNEL_ROWS = 8192
MAX_KERNEL_COLUMNS = 256
MOST_BUILT = 4096
"""The most axons, neurons and kernel rows of a core that is built, or that words reach."""
CONVOLUTION_RANGES = {
    "in_channels": (0, 2048),
    "in_height": (1, 255),
    "in_width": (1, 255),
    "kernel": (1, 15),
    "stride": (1, 15),
    "padding": (0, 14),
    "out_channels": (1, MAX_KERNEL_COLUMNS),
    "first_axon": (0, MOST_BUILT - 1),
    "first_group": (0, MOST_BUILT - 1),
    "first_row": (0, MOST_BUILT - 1),
    "bias": (0, 1),
    "pool": (1, 15),
}
"""The registers of a descriptor in the order of their indices, and their ranges."""
MAX_UNITS = 65536
"""The most axons, and neurons, of a large core, which models alone have."""
_LARGE_RANGES = CONVOLUTION_RANGES | {
    "first_axon": (0, MAX_UNITS - 1),
    "first_group": (0, MAX_UNITS - 1),
    "first_row": (0, MAX_KERNEL_ROWS - 1),
}


@dataclass(frozen=True)
class ConvolutionGeometry(Geometry):
    """The geometry of a core with convolutions: a memory of kernels instead of a weight per pair.

    `convolutions` is the number of descriptors, `kernel_rows` by `kernel_columns` the size of the
    weight memory. A core with more than `MOST_BUILT` axons, neurons or kernel rows is *large*: the
    golden model and the batched emulator alone have it. Raises ValueError where a value is out of
    range, or not for such a core.
    """

    MOST: ClassVar[int] = MAX_UNITS

    convolutions: int = 1
    kernel_rows: int = 256
    kernel_columns: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        take_whole(self, "convolutions", "kernel_rows", "kernel_columns")
        require_range("convolutions", self.convolutions, 1, MAX_CONVOLUTIONS)
        require_range("kernel_rows", self.kernel_rows, 1, MAX_KERNEL_ROWS)
        require_range("kernel_columns", self.kernel_columns, 1, MAX_KERNEL_COLUMNS)
        told = f"a multiple of lanes ({self.lanes})"
        good = self.kernel_columns % self.lanes == 0
        require(good, "kernel_columns", told, self.kernel_columns)
        for name in ("blank_out", "memristor", "mask"):
            value = getattr(self, name)
            require(value == 0, name, "0 in a core with convolutions", value)

    @property
    def datapath(self) -> Datapath:
        """PARALLEL: there is no serial core with convolutions."""
        return Datapath.PARALLEL

    @classmethod
    def most_units(cls, large: bool) -> int:
        """The most axons, and neurons, of a core that can be built, or of a `large` one."""
        return MAX_UNITS if large else MOST_BUILT

    @classmethod
    def most_rows(cls, large: bool) -> int:
        """The most kernel rows of a core that can be built, or of a `large` one."""
        return MAX_KERNEL_ROWS if large else MOST_BUILT

    @property
    def large(self) -> bool:
        """Say whether the core is larger than any that is built."""
        return max(self.axons, self.neurons, self.kernel_rows) > MOST_BUILT

    def require_small(self) -> None:
        """ValueError for a large core."""
        told = f"at most {MOST_BUILT} (the devices golden and batched alone have larger cores)"
        for name in ("axons", "neurons", "kernel_rows"):
            value = getattr(self, name)
            require(value <= MOST_BUILT, f"{name} of a core that is built", told, value)

    @property
    def weight_rows(self) -> int:
        """Rows of the weight memory: kernel rows."""
        return self.kernel_rows

    @property
    def weight_columns(self) -> int:
        """Columns of the weight memory: output channels."""
        return self.kernel_columns


@dataclass(frozen=True)
class Convolution:
    """A convolution of a core: which axons reach which neurons through which rows of weights.

    Sizes are in channels and pixels. The first four and the last three counts are where its axons,
    neurons and kernel rows begin; `bias` adds an axon that reaches all positions; neurons form
    pools of `pool` x `pool` positions. Raises ValueError for values out of range and kernels
    larger than the padded image.
    """

    in_channels: int
    in_height: int
    in_width: int
    kernel: int
    out_channels: int
    stride: int = 1
    padding: int = 0
    first_axon: int = 0
    first_group: int = 0
    first_row: int = 0
    bias: int = 0
    pool: int = 1

    def __post_init__(self) -> None:
        take_whole(self, *CONVOLUTION_RANGES)
        for name, (low, high) in _LARGE_RANGES.items():
            least = 1 if name == "in_channels" else low
            require_range(name, getattr(self, name), least, high)
        require(self.padding < self.kernel, "padding", "less than kernel", self.padding)
        for name in ("in_height", "in_width"):
            least = self.kernel - 2 * self.padding
            told = f"at least kernel less padding on both sides ({least})"
            require(getattr(self, name) >= least, name, told, getattr(self, name))

    @property
    def out_height(self) -> int:
        """Rows of positions."""
        return (self.in_height + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Columns of positions."""
        return (self.in_width + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def positions(self) -> int:
        """Positions of the kernel in the image."""
        return self.out_height * self.out_width

    @property
    def pixels(self) -> int:
        """Axons of the image, without that of the bias."""
        return self.in_channels * self.in_height * self.in_width

    @property
    def axons(self) -> int:
        """Axons, that of the bias included; from `first_axon` on."""
        return self.pixels + self.bias

    @property
    def rows(self) -> int:
        """Kernel rows, that of the bias included; from `first_row` on."""
        return self.in_channels * self.kernel**2 + self.bias

    @property
    def neurons(self) -> int:
        """Neurons, position-major with channels inside."""
        return self.positions * self.out_channels

    @property
    def output(self) -> tuple[int, ...]:
        """What convolutions that add up in the same neurons have in common."""
        return self.out_height, self.out_width, self.out_channels, self.pool


def check_convolutions(geometry: Geometry, convolutions: Sequence[Convolution]) -> None:
    """ValueError for convolutions that do not fit into a core of `geometry`, or overlap."""
    most = geometry.convolutions
    require(len(convolutions) <= most, "convolutions", f"at most {most}", len(convolutions))
    for index, each in enumerate(convolutions):
        where = f"convolutions[{index}]"
        channels, lanes, columns = each.out_channels, geometry.lanes, geometry.weight_columns
        told = f"a multiple of lanes ({lanes}), at most kernel_columns ({columns})"
        fits = channels % lanes == 0 and channels <= columns
        require(fits, f"{where}.out_channels", told, channels)
        ends = (
            ("axon", "axons", each.first_axon + each.axons, geometry.axons),
            ("kernel row", "kernel_rows", each.first_row + each.rows, geometry.weight_rows),
            ("group", "groups", each.first_group + each.neurons // lanes, geometry.groups),
        )
        for thing, name, end, limit in ends:
            require(end <= limit, f"last {thing} of {where}", f"below {name} ({limit})", end - 1)
        for other_index, other in enumerate(convolutions[:index]):
            _check_apart(f"{where} and convolutions[{other_index}]", each, other, lanes)


def _check_apart(where: str, one: Convolution, other: Convolution, lanes: int) -> None:
    axons = [(each.first_axon, each.axons) for each in (one, other)]
    rows = [(each.first_row, each.rows) for each in (one, other)]
    for thing, spans in (("axons", axons), ("kernel rows", rows)):
        require(_apart(*spans), f"{thing} of {where}", "different ones", "shared")
    groups = [(each.first_group, each.neurons // lanes) for each in (one, other)]
    same = one.first_group == other.first_group and one.output == other.output
    told = "different ones, or the same with equal shapes, channels and pools"
    require(same or _apart(*groups), f"neurons of {where}", told, "partly shared")


def _apart(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Say whether two spans, each a start and a length, have nothing in common."""
    return one[0] + one[1] <= other[0] or other[0] + other[1] <= one[0]
