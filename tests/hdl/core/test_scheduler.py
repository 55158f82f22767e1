"""The bitmap of pending spikes, as the host reads and writes it; its scan is proved formally."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from amaranth.sim import Simulator

from axonloop.hdl.core.scheduler import Scheduler
from axonloop.models.protocol import Region, address, pending_stride
from tests.support.tiny_chips import TINY

GEOMETRY = replace(TINY, axons=6, delay_slots=2)


def test_words_past_the_end_of_a_slot_read_0_whatever_was_written() -> None:
    """Three blocks of two axons have four addresses a slot."""
    stride, blocks = pending_stride(GEOMETRY), GEOMETRY.axons // GEOMETRY.trace_lanes
    assert stride > blocks
    scheduler, found = Scheduler(GEOMETRY), []

    async def host(context: Any) -> None:
        bus = scheduler.bus
        for offset in range(2 * stride):
            context.set(bus.address, address(Region.PENDING, offset))
            context.set(bus.write_data, 1 + offset % 3)
            context.set(bus.write, 1)
            await context.tick()
        context.set(bus.write, 0)
        for offset in range(2 * stride):
            context.set(bus.address, address(Region.PENDING, offset))
            context.set(bus.read, 1)
            await context.tick()
            found.append(context.get(bus.read_data))

    simulator = Simulator(scheduler)
    simulator.add_clock(1e-6)
    simulator.add_testbench(host)
    simulator.run()
    inside = [offset % stride < blocks for offset in range(2 * stride)]
    assert found == [1 + offset % 3 if here else 0 for offset, here in enumerate(inside)]
