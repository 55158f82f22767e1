"""What a covered chip is given: the traffic of `axonloop verify`, and what is rarer than that.

All of it is compared with the golden model, but for refused packets, whose faults are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from axonloop.host.devices import GoldenDevice, region_shape
from axonloop.host.devices.packets import PacketDevice, table_words
from axonloop.host.devices.packets.packing import read_packets
from axonloop.host.devices.rtl import patience
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import ONE_CORE, ChipConfig, Geometry, Mesh
from axonloop.models.protocol import (
    COUNTER_BITS,
    Fault,
    Kind,
    Region,
    address,
    header,
    state_limits,
    writable,
)
from axonloop.models.protocol.packets import error, spike
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES, random_chip
from tests.coverage.rtl.covered_chip import CoveredChip, build_covered


@dataclass(frozen=True)
class ChipDesign:
    """A chip whose coverage is measured, and the ticks of random traffic that it gets."""

    name: str
    ticks: int
    mesh: Mesh = ONE_CORE
    sources = ("chips.py", "covered_chip.py", "covered_chip.cpp")

    @property
    def geometry(self) -> Geometry:
        return (GEOMETRIES | CONVOLUTIONS)[self.name]

    def __str__(self) -> str:
        cores = "" if self.mesh == ONE_CORE else f" {self.mesh.columns}x{self.mesh.rows}"
        return f"{self.name}{cores}"

    @property
    def amount(self) -> str:
        return f"{self.ticks:,} ticks"

    def verilog(self) -> str:
        """The text of the chip."""
        return cached_verilog(self.geometry, 0, self.mesh)

    def cover(self, seed: int, path: Path) -> None:
        """Run beside the golden model and write the counts; DivergenceError if they differ."""
        rng = np.random.default_rng(seed)
        config = random_chip(rng, self.geometry, self.mesh)
        library = build_covered(self.geometry, self.mesh)
        rtl = CoveredChip(library, seed, patience(self.geometry))
        device = PacketDevice(rtl, config)
        device.name = "rtl"
        with GoldenDevice(config) as golden, device:
            lockstep([golden, device], config, self.ticks, seed)
            _configure_often(rng, golden, device, rtl)
            rtl.pauses(seed, 80, 120)
            _from_any_state(rng, golden, device)
            _count_from_anywhere(rng, golden, device)
            lockstep([golden, device], golden.config, self.ticks // 4, seed + 1)
            _refuse(rtl, config)
            rtl.write_counts(path)


def _configure_often(
    rng: np.random.Generator, golden: GoldenDevice, device: PacketDevice, rtl: CoveredChip
) -> None:
    """Many configurations, each read back, and a tick with it."""
    for _ in range(40):
        old = golden.config
        config = random_chip(rng, old.geometry, old.mesh)
        for each in (golden, device):
            each.configure(config)
        _read_tables(rtl, config)
        axons = np.flatnonzero(rng.random(config.axons) < 0.3).astype(np.int32)
        assert np.array_equal(golden.tick(axons), device.tick(axons))


def _read_tables(rtl: CoveredChip, config: ChipConfig) -> None:
    """All registers and tables, as they were written."""
    for core in config.cores:
        for region, words in table_words(core).items():
            packets, answers = read_packets(core.core, region, words.size)
            found = rtl.exchange(packets, answers)[1:]
            assert np.array_equal(found, words), (region, found, words)


def _from_any_state(rng: np.random.Generator, golden: GoldenDevice, device: PacketDevice) -> None:
    """Ticks from states that only a host can bring about, the lowest words among them."""
    config = golden.config
    regions = writable(config.geometry)
    for _ in range(20):
        for region in regions:
            low, high = state_limits(config.geometry, region)
            values = rng.integers(low, high + 1, region_shape(config, region)).astype(np.int32)
            values[rng.random(values.shape) < 0.1] = low
            for each in (golden, device):
                each.write(region, values)
        axons = np.flatnonzero(rng.random(config.axons) < 0.3).astype(np.int32)
        assert np.array_equal(golden.tick(axons), device.tick(axons))
        for region, one, other in zip(
            regions, golden.read_many(regions), device.read_many(regions), strict=True
        ):
            assert np.array_equal(one, other), region


def _count_from_anywhere(
    rng: np.random.Generator, golden: GoldenDevice, device: PacketDevice
) -> None:
    """Counters, the tick and M at many values, on both devices."""
    golden.clear()
    device.clear()
    snapshot = golden.snapshot()
    shape = golden.counter_table().shape
    for _ in range(12):
        values = rng.integers(0, 1 << COUNTER_BITS, shape)
        device.restore(snapshot | {"counters": values, "tick": int(rng.integers(1 << 32))})
        snapshot = device.snapshot()  # without the counters that this build does not have
        golden.restore(snapshot)
        for each in (golden, device):
            each.tick(np.zeros(0, np.int32))


def _refuse(rtl: CoveredChip, config: ChipConfig) -> None:
    """Every kind of packet that a core refuses; it says so."""
    geometry, core = config.geometry, config.first
    rest = config.mesh.cores
    bias = address(Region.BIAS, 0)
    packets = [
        *([kind << 28] for kind in (0, 10, 11, 12, 13, 14, 15)),
        [header(Kind.DATA, core, 0)],
        [header(Kind.TICK, core + rest)],
        [header(Kind.WRITE, core + rest, 3), bias, 1, 2, 3],
        [header(Kind.READ, 255, 3), bias],
        [spike(core, geometry.axons)],
        [spike(core, 65535)],
        [spike(core, 0, geometry.delay_slots - 1)],
        [error(core, geometry.neurons, 1)],
        [header(Kind.READ, core, 2), address(Region.BIAS, geometry.neurons - 1)],
        [header(Kind.READ, core, 1), 0x7F00_0000],
        [header(Kind.READ, core, 0), bias],
        [header(Kind.WRITE, core, 0), bias],
        [header(Kind.WRITE, core, 2), address(Region.GATED, 0), 5, 6],
        [header(Kind.WRITE, core, 2), address(Region.CONTROL, 18), 5, 6],
        [header(Kind.WRITE, core, 3), address(Region.BIAS, geometry.neurons - 1), 5, 6, 7],
        [header(Kind.LEARN, core)],
        [header(Kind.LEARN, core)],
    ]
    for words in packets:
        kind = words[0] >> 28
        asks = int(kind in (Kind.TICK, Kind.READ))
        replies = rtl.exchange(np.array(words, np.uint32), asks, settle=300).tolist()
        if kind != Kind.LEARN:
            faults = [word & 0xF for word in replies if word >> 28 == Kind.FAULT]
            assert faults, (words, replies)
            assert set(faults) <= set(Fault), replies
