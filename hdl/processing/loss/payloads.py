"""The widths and layouts that the parts of a loss engine share (docs/contract.md, section 13)."""

from typing import Any

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from axonloop.hdl.common import DECAY_BITS, address_bits
from axonloop.models.config import MAX_CLASSES, MAX_HEARD, MAX_TAPE, NodeGeometry

WEIGHT_BITS = 8
LEVEL_BITS = 16
HEARD_BITS = 19
"""Width of s, the weights summed over all spikes of a tick."""
SCALE_BITS = 16
HEIGHT_BITS = 16
HEIGHTS_BITS = 24
"""Width of the sum of the heights of all classes."""
GRADIENT_BITS = 16
WRONG_BITS = 31
"""Width of the exact sum of F g."""
RESIDUE_BITS = 24
THETA_BITS = 23
CONTROL_BITS = 31
CONTROL_SHIFT = 8
"""Bits of A behind the point of the threshold."""
STEP_BITS = 7
"""Width of the magnitude of an error event."""
NEURONS_BITS = MAX_HEARD.bit_length()
LENGTH_BITS = MAX_TAPE.bit_length()
"""Width of a number of words of a tape."""
PASSES_BITS = 16
FAILURES = 3
"""Bits of the register FAILED."""


def constants_layout() -> data.StructLayout:
    """The registers that a processor sets, but for A."""
    widths: dict[str, Any] = {
        "neurons": MAX_HEARD.bit_length(),
        "classes": MAX_CLASSES.bit_length(),
        "leak": DECAY_BITS,
        "rise": 4,
        "scale": SCALE_BITS,
        "scale_shift": 5,
        "encoder": 2,
        "limit": STEP_BITS,
        "wanted": 15,
        "share": 16,
        "slowness": 4,
        "hears": 3,
        "runs": 1,
        "guard": 32,
        "length": LENGTH_BITS,
    }
    return data.StructLayout({name: unsigned(width) for name, width in widths.items()})


def event_layout(geometry: NodeGeometry) -> data.StructLayout:
    """What a node emits: an error event of `value` for a neuron, by its number in the node; or
    LEARN."""
    return data.StructLayout(
        {"value": signed(STEP_BITS + 1), "neuron": address_bits(geometry.neurons), "learn": 1}
    )
