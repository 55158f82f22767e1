"""The accumulators of the neurons' sums: they grow by what synapses add, and are read once."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import memory

from axonloop.hdl.common.memory import disjoint_memory
from axonloop.hdl.common.payloads import Fields, sum_bits
from axonloop.models.config import Geometry


def accumulate(
    m: Module,
    geometry: Geometry,
    sums: Fields,
    valid: Sequence[Value],
    where: Sequence[Value],
    addends: Sequence[Value],
    gap: bool = False,
) -> None:
    """Add `addends`, one per lane, to the accumulators of group `where[-1]` if `valid[-1]`.

    `valid` and `where` are delayed copies, a cycle apart; `sums`, of `SumReads`, reads and clears.
    The read port forwards the last write, so that groups follow each other in any order; with
    `gap` it does not, and no sum may be read while it is written. `sums` is used in no cycle in
    which one of the last two of `valid` is 1.
    """
    width, depth = sum_bits(geometry) * geometry.lanes, max(2, geometry.groups)
    m.submodules.store = store = (
        disjoint_memory(width, depth) if gap else memory.Memory(shape=width, depth=depth, init=[])
    )
    write = store.write_port()
    read = store.read_port(transparent_for=() if gap else (write,))
    cleared = Signal.like(sums.address)
    m.d.sync += cleared.eq(sums.address)
    m.d.comb += [
        read.en.eq(valid[-2] | sums.enable),
        # Sums are added to or are read and cleared. What adds comes from registers, so it decides.
        read.addr.eq(Mux(valid[-2], where[-2], sums.address)),
        sums.data.as_value().eq(read.data),
        write.en.eq(valid[-1] | sums.clear),
        write.addr.eq(Mux(valid[-1], where[-1], cleared)),
    ]
    with m.If(valid[-1]):
        m.d.comb += write.data.eq(
            Cat(
                (sums.data[lane] + addend)[: sum_bits(geometry)]
                for lane, addend in enumerate(addends)
            )
        )
