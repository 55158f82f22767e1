"""What a core knows of a convolution: the registers of its descriptor, and what follows of them."""

from amaranth.lib import data
from amaranth.lib.wiring import In, Member, Out

from axonloop.hdl.common import address_bits
from axonloop.models.config import CONVOLUTION_RANGES, Geometry, ceil_log2

POSITION_BITS = 9
"""Width of a number of rows or columns of positions: an image has 255 and 28 of padding at most."""


def register_bits() -> dict[str, int]:
    """Width of every register of a descriptor."""
    return {name: most.bit_length() for name, (_, most) in CONVOLUTION_RANGES.items()}


def shape_layout(geometry: Geometry) -> data.StructLayout:
    """The registers of a descriptor, and what is measured of them.

    `used`; `out_height` and `out_width`, its positions; `row_groups`, the groups of a row of
    positions; `area`, the pixels of a channel.
    """
    measured = {
        "used": 1,
        "out_height": POSITION_BITS,
        "out_width": POSITION_BITS,
        "row_groups": address_bits(geometry.groups) + 1,
        "area": address_bits(geometry.axons) + 1,
    }
    return data.StructLayout(register_bits() | measured)


def shapes_layout(geometry: Geometry) -> data.ArrayLayout:
    """The shapes of all convolutions."""
    return data.ArrayLayout(shape_layout(geometry), geometry.convolutions)


def shape_members(geometry: Geometry) -> dict[str, Member]:
    """How a part of a core sees the shapes: they count while not `measuring`."""
    return {"shapes": In(shapes_layout(geometry)), "measuring": In(1)}


def channel_groups(geometry: Geometry, out_channels: data.View) -> data.View:
    """Groups of a position, from its channels."""
    return out_channels[ceil_log2(geometry.lanes) :]


def shape_outputs(geometry: Geometry) -> dict[str, Member]:
    """The other end of `shape_members`."""
    return {"shapes": Out(shapes_layout(geometry)), "measuring": Out(1)}
