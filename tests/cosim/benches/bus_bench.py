"""A cocotb bench: the chip on a bus. A master loads a network, runs ticks and learns.

Beside it the golden device does the same: every tick's spikes, all state, and the hash of the
weights in the end must be equal. The test that starts it passes the bus and the number of ticks in
the environment.
"""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.task import bridge

from axonloop.hdl.bus import BUS_MAGIC, BusRegister, Interrupt
from axonloop.host.devices import Device, GoldenDevice, weight_hash
from axonloop.host.devices.packets import PacketDevice
from axonloop.models.config import CoreConfig, Geometry, ParameterSet, Row
from axonloop.models.protocol import Counter, Region
from axonloop.sim.cocotb import AxiLiteMaster, WishboneMaster

MASTERS = {"wishbone": WishboneMaster, "axi-lite": AxiLiteMaster}
LANES = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 1)
GEOMETRY = Geometry(axons=16, neurons=4, entries=2, parameter_sets=1, **LANES)
CONFIG = CoreConfig(
    GEOMETRY, (ParameterSet(theta=300, box=3000, eta_shift=3),), rows=(Row(0, 4, True),) * 16
)
TICK = 0x3000_0000


def train(device: Device, ticks: int) -> list[list[int]]:
    """Ticks of random spikes; a neuron that spikes is told to do so less. Spikes of each tick."""
    random, spikes = np.random.default_rng(1), []
    device.load_weights(random.integers(-20, 60, (16, 4), np.int32))
    for _ in range(ticks):
        heard = device.tick(np.flatnonzero(random.random(16) < 0.4).astype(np.int32))
        device.send_errors(heard, np.full(len(heard), 9, np.int32))
        device.learn()
        spikes.append(heard.tolist())
    return spikes


def compare(master, ticks: int) -> None:
    """Chip and golden device, one after the other."""
    golden, chip = GoldenDevice(CONFIG), PacketDevice(master, CONFIG, fresh=False)
    spikes = train(golden, ticks)
    assert train(chip, ticks) == spikes
    assert chip.read(Region.MEMBRANE).tolist() == golden.read(Region.MEMBRANE).tolist()
    hashes = [weight_hash(device.read_weights(), GEOMETRY) for device in (golden, chip)]
    assert hashes[0] == hashes[1]
    assert chip.counters()[Counter.UPDATES] == golden.counters()[Counter.UPDATES] > 0


@cocotb.test()
async def learns_as_the_golden_device(dut):
    """Then the interrupt: silent while nothing is asked, there when a word waits."""
    master = MASTERS[os.environ["BENCH_BUS"]](dut)
    await master.reset()
    assert await master.read(BusRegister.MAGIC) == BUS_MAGIC
    await bridge(compare)(master, int(os.environ["BENCH_TICKS"]))
    await master.write(BusRegister.ENABLE, 1 << Interrupt.LEVEL)
    assert dut.irq.value == 0
    await master.write(BusRegister.COMMAND, TICK)
    for _ in range(1000):
        if await master.read(BusRegister.PENDING) & 1 << Interrupt.LEVEL:
            break
    assert dut.irq.value == 1
