"""Layouts of the memories that hold the state of neurons, axons and pending spikes."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from axonloop.hdl.common.memory import Column
from axonloop.hdl.common.payloads import LOSS_BITS, address_bits, factor_layout
from axonloop.models.config import Geometry
from axonloop.models.protocol import GROUP_FIELDS, ROW_FIELDS, Region, set_bits

COUNTDOWN_BITS = 6
NEURON_PARAMETERS = (
    "alpha_n",
    "beta_n",
    "gamma",
    "rho",
    "theta",
    "box",
    "w_exp",
    "i_shift",
    "reset_mode",
    "refractory",
)
STATES = ("current", "membrane", "reset")
REPORT = {"report": Column(Region.GROUP, 1, low=GROUP_FIELDS["report"].low, table=True)}
"""Whether the host hears of a group's spikes."""
TRACE_PARAMETERS = ("alpha_p", "beta_p", "q_inc", "p_shift", "pq_shift", "pq_on")


def neuron_layout(geometry: Geometry) -> data.StructLayout:
    """The state of one neuron."""
    states = {name: signed(geometry.state_bits) for name in STATES}
    return data.StructLayout(states | {"countdown": COUNTDOWN_BITS})


def flags_layout(geometry: Geometry) -> data.StructLayout:
    """The result of `update_lanes` neighbouring neurons: one bit each."""
    return data.StructLayout(
        {
            "valid": 1,
            "index": address_bits(geometry.neurons // geometry.update_lanes),
            "bits": geometry.update_lanes,
        }
    )


def state_columns(geometry: Geometry) -> dict[str, Column]:
    """The state of a neuron, as the register map sees it."""
    state = geometry.state_bits
    loss = {"loss": Column(Region.COLUMN_LOSS, LOSS_BITS, table=True)} if geometry.mask else {}
    return {
        "current": Column(Region.CURRENT, state, signed=True),
        "membrane": Column(Region.MEMBRANE, state, signed=True),
        "reset": Column(Region.RESET, state, signed=True),
        "countdown": Column(Region.COUNTDOWN, COUNTDOWN_BITS),
        "spike": Column(Region.SPIKE, 1),
        "box": Column(Region.BOX, 1),
        "bias": Column(Region.BIAS, state, signed=True, table=True),
    } | loss


def set_columns(geometry: Geometry) -> dict[str, Column]:
    """The number of a group's parameter set, if there are several."""
    bits = set_bits(geometry)
    return {"number": Column(Region.GROUP, bits, table=True)} if bits else {}


def trace_columns(geometry: Geometry) -> dict[str, Column]:
    """The traces of an axon."""
    bits = geometry.trace_bits
    return {"q": Column(Region.TRACE_Q, bits), "p": Column(Region.TRACE_P, bits)}


def factor_columns(geometry: Geometry) -> dict[str, Column]:
    """The factors of an axon."""
    regions = {"pq": Region.TRACE_PQ, "qq": Region.TRACE_QQ, "mark": Region.MARK}
    widths = factor_layout(geometry).members
    return {name: Column(regions[name], width) for name, width in widths.items()}


def flag_columns(geometry: Geometry) -> dict[str, Column]:
    """The fields of a row's descriptor besides its groups."""
    widths = {"parameter_set": set_bits(geometry), "plastic": 1, "always_on": 1}
    return {
        name: Column(Region.ROW, width, low=ROW_FIELDS[name].low, table=True)
        for name, width in widths.items()
        if width
    }


def block_layout(geometry: Geometry) -> data.StructLayout:
    """The spikes of `trace_lanes` neighbouring axons in this tick, and how their rows behave."""
    row = {name: unsigned(column.width) for name, column in flag_columns(geometry).items()}
    return data.StructLayout(
        {
            "index": address_bits(geometry.axons // geometry.trace_lanes),
            "spikes": geometry.trace_lanes,
            "rows": data.ArrayLayout(data.StructLayout(row), geometry.trace_lanes),
            "clear": 1,
        }
    )


def neuron_parameters(geometry: Geometry) -> tuple[str, ...]:
    """The registers that a neuron takes from its group's set."""
    return NEURON_PARAMETERS + (("temperature",) if geometry.threshold_noise else ())


def trace_parameters(geometry: Geometry) -> tuple[str, ...]:
    """The registers that a row's traces take from its set."""
    return TRACE_PARAMETERS + (("qq_shift",) if geometry.terms else ())
