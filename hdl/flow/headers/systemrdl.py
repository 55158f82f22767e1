"""The register map of a core as SystemRDL, for generators of drivers and pages.

SystemRDL counts bytes: the byte address of a word is four times its address in a packet.
"""

from collections.abc import Iterator

from axonloop.hdl.bus import BUS_MAGIC, BUS_VERSION, BusRegister, Interrupt
from axonloop.hdl.flow.headers.constants import FIELDS, built_control
from axonloop.models.config import Geometry
from axonloop.models.protocol import (
    MAGIC,
    PARAMETER_INDEX,
    PARAMETER_STRIDE,
    READ_ONLY,
    Control,
    Counter,
    Region,
    address,
    parameter_bits,
    region_words,
    value_bits,
    version_of,
)


def systemrdl(geometry: Geometry, banner: str) -> str:
    """An `addrmap` of one core. Regions of words with fields are registers, the others memories.

    The byte address is four times the word's address; cores are told apart by the packet's header.
    """
    lines = [f"/* {banner} */", "addrmap axonloop_core {", "  default regwidth = 32;"]
    lines += [*_control(geometry), *_parameters(geometry)]
    for region, words in region_words(geometry).items():
        if region.name in FIELDS:
            fields = [_field(name, f.low, f.width) for name, f in FIELDS[region.name].items()]
            lines.append(_register(region.name, address(region), "".join(fields), f"[{words}]"))
        elif region not in (Region.CONTROL, Region.PARAMETERS):
            lines.append(_memory(region, words, value_bits(geometry).get(region, (32, False))[0]))
    return "\n".join([*lines, "};", ""])


def bus_systemrdl() -> str:
    """An `addrmap` of the registers of a chip on a bus; here byte addresses are the bus's."""
    names = {f"on_{each.name.lower()}": each for each in Interrupt}
    enable = "".join(_field(name, bit, 1, reset=0) for name, bit in names.items())
    ways = dict.fromkeys(Interrupt, "r") | {Interrupt.REFUSED: "rw; onwrite = woclr"}
    pending = "".join(_field(name, bit, 1, ways[bit]) for name, bit in names.items())
    fields = {
        BusRegister.MAGIC: _field("value", 0, 32, "r", BUS_MAGIC),
        BusRegister.VERSION: _field("value", 0, 32, "r", BUS_VERSION),
        BusRegister.DEPTHS: _field("commands", 0, 16, "r") + _field("replies", 16, 16, "r"),
        BusRegister.RESET: _field("held", 0, 1, reset=0),
        BusRegister.ROOM: _field("words", 0, 16, "r"),
        BusRegister.LEVEL: _field("words", 0, 16, "r"),
        BusRegister.ROOM_WANTED: _field("words", 0, 16, reset=0),
        BusRegister.LEVEL_WANTED: _field("words", 0, 16, reset=1),
        BusRegister.ENABLE: enable,
        BusRegister.PENDING: pending,
        BusRegister.COMMAND: _field("word", 0, 32, "w"),
        BusRegister.REPLY: _field("word", 0, 32, "r"),
    }
    lines = [_register(register.name, register, field) for register, field in fields.items()]
    return "\n".join(["addrmap axonloop_bus {", "  default regwidth = 32;", *lines, "};", ""])


def _register(name: str, word: int, fields: str, count: str = "") -> str:
    return f"  reg {{ {fields}}} {name}{count} @ {4 * word:#x};"


def _field(name: str, low: int, width: int, access: str = "rw", reset: int | None = None) -> str:
    start = "" if reset is None else f" = {width}'h{reset:x}"
    return f"field {{ sw = {access}; hw = rw; }} {name}[{low + width - 1}:{low}]{start}; "


def _control(geometry: Geometry) -> Iterator[str]:
    resets = {Control.MAGIC: MAGIC, Control.VERSION: version_of(geometry)}
    for entry in built_control(geometry):
        if entry < Control.TICK or entry in (Control.CONVOLUTIONS, Control.KERNELS):
            reset = resets.get(entry)
            yield _register(entry.name, entry, _field("value", 0, 32, "r", reset))
        elif entry < Control.COUNTERS:
            yield _register(entry.name, entry, _field("value", 0, 32))
    for counter in Counter:
        for half, name, width in ((0, "LOW", 32), (1, "HIGH", 16)):
            word = Control.COUNTERS + 2 * counter + half
            yield _register(f"COUNTER_{counter.name}_{name}", word, _field("value", 0, width))


def _parameters(geometry: Geometry) -> Iterator[str]:
    yield "  regfile {"
    for name, width in parameter_bits(geometry).items():
        word = PARAMETER_INDEX[name]
        yield "  " + _register(name.upper(), word, _field("value", 0, width))
    start, step = 4 * address(Region.PARAMETERS), 4 * PARAMETER_STRIDE
    yield f"  }} PARAMETERS[{geometry.parameter_sets}] @ {start:#x} += {step:#x};"


def _memory(region: Region, words: int, bits: int) -> str:
    access = "r" if region in READ_ONLY else "rw"
    kind = f"mem {{ mementries = {words}; memwidth = 32; sw = {access}; }}"
    text = f"value in bits {bits - 1}:0" if bits < 32 else "whole words"
    return f"  external {kind} {region.name} @ {4 * address(region):#x}; // {text}"
