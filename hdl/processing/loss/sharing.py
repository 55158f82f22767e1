"""One bus for many: each sees accesses of its own regions alone."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Signal

from axonloop.hdl.common import Fields
from axonloop.models.protocol import NodeRegion


def share_bus(
    m: Module,
    bus: Fields,
    members: Sequence[tuple[Fields, Sequence[NodeRegion]]],
    *,
    late: bool = False,
) -> None:
    """Join the buses of `members`, each with its regions, to `bus`, whose user is on its far side.

    So a memory that is in use is not disturbed by accesses to others. What is read comes one cycle
    after the address, and where it is `late` from a register of each member, one cycle later.
    """
    for number, (member, regions) in enumerate(members):
        own = Signal(name=f"own_{number}")
        m.d.comb += [
            own.eq(Cat(bus.address[24:] == region for region in regions).any()),
            member.address.eq(bus.address),
            member.read.eq(bus.read & own),
            member.write.eq(bus.write & own),
            member.write_data.eq(bus.write_data),
        ]
    found = [member.read_data for member, _ in members]
    if late:
        kept = [Signal.like(data, name=f"kept_{number}") for number, data in enumerate(found)]
        m.d.sync += [register.eq(data) for register, data in zip(kept, found, strict=True)]
        found = kept
    m.d.comb += bus.read_data.eq(reduce(or_, found))
