"""What a header says: named numbers of the packets and of a core's registers, by section."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from axonloop.hdl.bus import BUS_MAGIC, BUS_VERSION, BusRegister, Interrupt
from axonloop.models.config import Geometry, Mesh
from axonloop.models.protocol import (
    CONVOLUTION_INDEX,
    CONVOLUTION_STRIDE,
    ENTRY_FIELDS,
    FANOUT_FIELDS,
    GROUP_FIELDS,
    MAGIC,
    MAX_COUNT,
    NEAR_NEURONS,
    PARAMETER_INDEX,
    PARAMETER_STRIDE,
    ROW_FIELDS,
    Control,
    Counter,
    Fault,
    Kind,
    parameter_bits,
    pending_stride,
    region_words,
    version_of,
    weight_stride,
)

FIELDS = {
    "ROW": ROW_FIELDS,
    "GROUP": GROUP_FIELDS,
    "FANOUT": FANOUT_FIELDS,
    "ENTRY": ENTRY_FIELDS,
}
"""The fields of a word, by region."""


@dataclass(frozen=True)
class Constant:
    """A number and its name, in capital letters; `text` says more, where the name does not."""

    name: str
    value: int
    text: str = ""


@dataclass(frozen=True)
class Section:
    """Constants that belong together."""

    title: str
    constants: tuple[Constant, ...]


def sections(geometry: Geometry, mesh: Mesh) -> list[Section]:
    """All that firmware must know of a chip to speak to it (docs/contract.md, 1, 6 and 7)."""
    kinds, offsets = _built_kinds(geometry), built_control(geometry)
    found = [
        Section("The chip: its geometry and mesh", tuple(_chip(geometry, mesh))),
        Section("Packets: kinds, bits 31..28 of a header", tuple(_members("KIND", kinds))),
        Section("Faults: bits 3..0 of a FAULT's argument", tuple(_members("FAULT", Fault))),
        Section("Regions: bits 31..24 of an address", tuple(_regions(geometry))),
        Section("Offsets in the region CONTROL", tuple(_members("CONTROL", offsets))),
        Section(
            "Counters: n lies at CONTROL_COUNTERS + 2 n (low 32 bits) and + 2 n + 1 (high 16)",
            tuple(_members("COUNTER", Counter)),
        ),
        Section("Offsets in a parameter set", tuple(_parameters(geometry))),
        Section("Fields of descriptors: lowest bit and width", tuple(_fields())),
    ]
    if geometry.convolutions:
        found.append(Section("Offsets in a convolution's descriptor", tuple(_convolution())))
    return found


def built_control(geometry: Geometry) -> list[Control]:
    """The offsets in the region CONTROL that a core of this geometry has."""
    optional = (Control.CONVOLUTIONS, Control.KERNELS)
    return [entry for entry in Control if geometry.convolutions or entry not in optional]


def _built_kinds(geometry: Geometry) -> list[Kind]:
    far = geometry.neurons > NEAR_NEURONS
    return [kind for kind in Kind if far or kind is not Kind.FAR_ERROR]


def bus_sections() -> list[Section]:
    """What firmware must know beside this of a chip on a bus (docs/verilog.md)."""
    offsets = (Constant(f"BUS_{each.name}", 4 * each) for each in BusRegister)
    bits = (Constant(f"INTERRUPT_{each.name}", 1 << each) for each in Interrupt)
    told = (
        Constant("BUS_MAGIC_WORD", BUS_MAGIC, "in BUS_MAGIC"),
        Constant("BUS_VERSION_WORD", BUS_VERSION, "in BUS_VERSION"),
    )
    return [
        Section("Registers on the bus: byte offsets", (*offsets, *told)),
        Section("Bits of BUS_ENABLE and BUS_PENDING", tuple(bits)),
    ]


def _members(before: str, members: Iterable[IntEnum]) -> Iterator[Constant]:
    return (Constant(f"{before}_{each.name}", int(each)) for each in members)


def _chip(geometry: Geometry, mesh: Mesh) -> Iterator[Constant]:
    yield Constant("MAGIC", MAGIC, "word CONTROL_MAGIC of every core")
    yield Constant("VERSION", version_of(geometry), "word CONTROL_VERSION of every core")
    yield Constant("COLUMNS", mesh.columns)
    yield Constant("ROWS", mesh.rows)
    for entry in dataclasses.fields(geometry):
        value = getattr(geometry, entry.name)
        if isinstance(value, int):
            yield Constant(entry.name.upper(), int(value))
    yield Constant("MAX_COUNT", MAX_COUNT, "most words that one READ or WRITE moves")


def _regions(geometry: Geometry) -> Iterator[Constant]:
    words = region_words(geometry)
    for region, count in words.items():
        owner = f"{region.owner.value}: {count} words"
        yield Constant(f"REGION_{region.name}", int(region), f"of each {owner}")
    for region, count in words.items():
        yield Constant(f"WORDS_{region.name}", count)
    yield Constant("WEIGHT_STRIDE", weight_stride(geometry), "words between two rows of weights")
    yield Constant("PENDING_STRIDE", pending_stride(geometry), "words between two slots")


def _parameters(geometry: Geometry) -> Iterator[Constant]:
    yield Constant("PARAMETER_STRIDE", PARAMETER_STRIDE, "words between two sets")
    for name, width in parameter_bits(geometry).items():
        yield Constant(f"PARAMETER_{name.upper()}", PARAMETER_INDEX[name], f"{width} bits")


def _convolution() -> Iterator[Constant]:
    yield Constant("CONVOLUTION_STRIDE", CONVOLUTION_STRIDE, "words between two descriptors")
    for name, index in CONVOLUTION_INDEX.items():
        yield Constant(f"CONVOLUTION_{name.upper()}", index)


def _fields() -> Iterator[Constant]:
    for region, fields in FIELDS.items():
        for name, field in fields.items():
            yield Constant(f"{region}_{name.upper()}_LOW", field.low)
            yield Constant(f"{region}_{name.upper()}_WIDTH", field.width)
