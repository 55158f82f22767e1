"""The chip refuses what docs/contract.md, section 6, says, and is usable afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.devices import DeviceError, RtlDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.models.config import CoreConfig
from axonloop.models.protocol import Counter, Fault, Kind, Region, address, header
from axonloop.models.protocol.packets import error, spike
from axonloop.sim.cosim import RtlChip, build_chip
from axonloop.sim.stimulus import GEOMETRIES

SMALL = GEOMETRIES["small"]
CONFIG = CoreConfig(SMALL)


def write(region: Region, offset: int, *words: int, core: int = 0) -> list[int]:
    return [header(Kind.WRITE, core, len(words)), address(region, offset), *words]


def read(region: Region, offset: int, count: int, core: int = 0) -> list[int]:
    return [header(Kind.READ, core, count), address(region, offset)]


LEARN = header(Kind.LEARN, 0)
REFUSED = {
    "kind-0": ([0], 0, Fault.KIND),
    "kind-15": ([0xF000_0000], 15, Fault.KIND),
    "data": ([header(Kind.DATA, 0, 0)], Kind.DATA, Fault.KIND),
    "other-core-tick": ([header(Kind.TICK, 3)], Kind.TICK, Fault.CORE),
    "other-core-write": (write(Region.BIAS, 0, 1, 2, 3, core=1), Kind.WRITE, Fault.CORE),
    "host-s-core-read": (read(Region.BIAS, 0, 3, core=255), Kind.READ, Fault.CORE),
    "axon": ([spike(0, SMALL.axons)], Kind.SPIKE, Fault.RANGE),
    "axon-65535": ([spike(0, 65535)], Kind.SPIKE, Fault.RANGE),
    "delay": ([spike(0, 0, SMALL.delay_slots - 1)], Kind.SPIKE, Fault.RANGE),
    "neuron": ([error(0, SMALL.neurons, 1)], Kind.ERROR, Fault.RANGE),
    "past-the-end": (read(Region.BIAS, 15, 2), Kind.READ, Fault.RANGE),
    "no-region": (read(Region.BIAS, 0, 1)[:1] + [0x7F00_0000], Kind.READ, Fault.RANGE),
    "count-0-read": (read(Region.BIAS, 0, 0), Kind.READ, Fault.RANGE),
    "count-0-write": (write(Region.BIAS, 0), Kind.WRITE, Fault.RANGE),
    "read-only": (write(Region.GATED, 0, 5, 6), Kind.WRITE, Fault.RANGE),
    "identification": (write(Region.CONTROL, 18, 5, 6), Kind.WRITE, Fault.RANGE),
    "long-write": (write(Region.BIAS, 10, *range(10)), Kind.WRITE, Fault.RANGE),
    "learned": ([LEARN], Kind.LEARN, Fault.LEARNED),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_packet_is_answered_and_changes_nothing(name):
    words, kind, code = REFUSED[name]
    with RtlDevice(CONFIG) as device:
        before = device.snapshot()
        asks = int(kind in (Kind.TICK, Kind.READ))
        replies = device.chip.exchange(np.array(words, np.uint32), asks, settle=200)
        assert replies.tolist() == [header(Kind.FAULT, 0, int(kind) << 4 | code)]
        after = device.snapshot()
        (counted,), (earlier,) = after["counters"], before["counters"]
        assert counted[Counter.FAULTS] == earlier[Counter.FAULTS] + 1
        for counter in (Counter.FAULTS, Counter.CYCLES, Counter.STALLS):
            earlier[counter] = counted[counter] = 0
        for key, value in before.items():
            assert np.array_equal(value, after[key]), key
        assert device.tick(np.arange(4)).tolist() == device.read(Region.SPIKE).nonzero()[0].tolist()


@pytest.mark.slow
def test_a_chip_of_another_geometry_is_refused_by_name():
    library = build_chip(GEOMETRIES["one-lane"])
    with (
        RtlChip(library) as chip,
        pytest.raises(DeviceError, match="axons of the device must be 16, not 5"),
    ):
        PacketDevice(chip, CONFIG)


def test_a_chip_of_another_core_number_is_refused():
    with (
        RtlChip(build_chip(SMALL)) as chip,
        pytest.raises(DeviceError, match="READ refused with FAULT CORE"),
    ):
        PacketDevice(chip, CoreConfig(SMALL, core=7))
