"""Lockstep on the compiled chip, and what it says when devices differ."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice, RtlDevice
from axonloop.host.verification.lockstep import DivergenceError, Lockstep
from axonloop.host.verification.random_use import RandomUse
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import CoreConfig, Geometry, Mesh, ParameterSet
from axonloop.models.protocol import Counter, Region, state_regions
from axonloop.sim.stimulus import GEOMETRIES, random_chip
from axonloop.sim.stimulus.random_chips import random_config, random_weights

SMALL = GEOMETRIES["small"]
WITH_TERMS = GEOMETRIES["terms-blank"]


def config_of(seed, geometry=SMALL):
    return random_config(np.random.default_rng(seed), geometry)


class Twin(GoldenDevice):
    """A golden core under another name, which can be made to err at one tick."""

    name = "twin"
    error_at: tuple[int, Region, int] | None = None
    ticks = 0

    def tick(self, axons, learn=False):
        reported = super().tick(axons, learn)
        if self.error_at is not None and self.error_at[0] == self.ticks:
            values = self.read(self.error_at[1])
            values[self.error_at[2]] ^= 1
            super().write(self.error_at[1], values)
        self.ticks += 1
        return reported


def test_two_golden_cores_agree_and_hash_alike():
    config = config_of(1)
    report = lockstep([GoldenDevice(config), Twin(config)], config, 200, 1)
    assert report.ticks == 200
    assert report.trace_hashes["golden"] == report.trace_hashes["twin"]
    assert report.weight_hashes["golden"] == report.weight_hashes["twin"]
    assert report.counters[Counter.UPDATES] > 0


@pytest.mark.parametrize("region", state_regions(WITH_TERMS), ids=lambda region: region.name)
def test_a_difference_is_located(region):
    config = config_of(1, WITH_TERMS)
    twin = Twin(config)
    twin.error_at = (17, region, 5)
    with pytest.raises(DivergenceError) as caught:
        lockstep([GoldenDevice(config), twin], config, 50, 1)
    found = caught.value
    assert (found.tick, found.unit, found.index) == (17, region.name.lower(), (5,))
    golden, other = found.values["golden"], found.values["twin"]
    assert golden ^ other == 1
    place = re.escape(f"{region.name.lower()}[5]: golden {golden}, twin {other}")
    assert re.search(f"at tick 17 in {place}$", str(found))


def test_another_modulation_is_found_when_snapshots_are_exchanged():
    config = config_of(1, WITH_TERMS)
    twin = Twin(config)
    twin.modulate = lambda value: GoldenDevice.modulate(twin, -value)
    with pytest.raises(DivergenceError) as caught:
        Lockstep([GoldenDevice(config), twin], config, 1, learning=False).run(2000)
    assert caught.value.unit == "modulation"
    assert caught.value.values["golden"] == -caught.value.values["twin"] != 0


def test_devices_need_different_names():
    config = config_of(1)
    with pytest.raises(ValueError, match="devices must be two or more with different names"):
        lockstep([GoldenDevice(config), GoldenDevice(config)], config, 1, 1)


def test_traffic_repeats_and_uses_everything():
    config = config_of(3, WITH_TERMS)
    steps = [
        [repr(t.step()) for _ in range(400)] for t in (RandomUse(config, 3), RandomUse(config, 3))
    ]
    assert steps[0] == steps[1]
    words = ("send_spikes", "send_errors", "clear", "write", "configure", "learn=True", "'learn'")
    for word in (*words, "modulate", "exchange=True"):
        assert any(word in step for step in steps[0]), word


@pytest.mark.parametrize("pauses", [(0, 0), (64, 160)], ids=["free", "paused"])
@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
def test_the_compiled_chip_agrees(seed, pauses):
    config = config_of(seed)
    with RtlDevice(config, seed=seed) as chip:
        chip.chip.pauses(seed, *pauses)
        report = lockstep([GoldenDevice(config), chip], config, 300, seed)
    assert report.trace_hashes["golden"] == report.trace_hashes["rtl"]


def test_a_run_of_ticks_equals_single_ticks():
    config, rng = config_of(5), np.random.default_rng(5)
    trains = [np.flatnonzero(rng.random(SMALL.axons) < 0.3) for _ in range(50)]
    weights = random_weights(rng, config)
    with RtlDevice(config) as chip, GoldenDevice(config) as golden:
        for device in (chip, golden):
            device.load_weights(weights)
        together = [spikes.tolist() for spikes in chip.run(trains)]
        assert together == [golden.tick(axons).tolist() for axons in trains]
        assert sum(map(len, together)) > 0


def test_the_chip_s_own_counters():
    config = config_of(5)
    with RtlDevice(config) as chip:
        chip.chip.pauses(1, replies=200)
        chip.run([np.arange(4)] * 20)
        counts = chip.counters()
        assert counts[Counter.TICKS] == 20
        assert counts[Counter.FAULTS] == 0
        assert counts[Counter.STALLS] > 0
        assert 0 < counts[Counter.CYCLES] <= chip.chip.cycles


@pytest.mark.slow
@pytest.mark.parametrize("update_lanes", [2, 1], ids="update{}".format)
def test_a_sweep_of_two_words_loses_no_spike(update_lanes):
    # The queue between sweep and fan-out, two words deep, took one of two that came back to back:
    # state agreed, but the second word's neurons were neither reported nor sent on.
    neurons = 2 * update_lanes
    geometry = Geometry(2, neurons, 2, update_lanes, 2, 2, entries=4)
    config = CoreConfig(geometry, parameter_sets=(ParameterSet(theta=1),))
    with RtlDevice(config) as chip:
        chip.load_weights(np.full((2, neurons), 50))
        assert chip.tick(np.array([0, 1])).tolist() == list(range(neurons))


def test_waveforms_need_trace(tmp_path):
    with (
        RtlDevice(config_of(5)) as chip,
        pytest.raises(ValueError, match="build with trace"),
        chip.waveform(tmp_path / "a.vcd"),
    ):
        pass


SHAPES = [Mesh(columns, rows) for columns in range(1, 5) for rows in range(1, 5)]
SHAPES += [Mesh(8, 1), Mesh(5, 7), Mesh(8, 8)]


@pytest.mark.slow
@pytest.mark.parametrize("mesh", SHAPES, ids=lambda mesh: f"{mesh}-seed4")
def test_meshes_of_all_shapes_agree(mesh):
    """Tiny cores; spikes leave by every port that there is."""
    rng = np.random.default_rng((4, mesh.columns, mesh.rows))
    config = random_chip(rng, GEOMETRIES["one-lane"], mesh)
    with GoldenDevice(config) as golden, RtlDevice(config) as rtl:
        report = lockstep([golden, rtl], config, 300 if mesh.cores <= 16 else 20, 1)
    passed = report.counters
    assert (passed[Counter.EAST] > 0) == (passed[Counter.WEST] > 0) == (mesh.columns > 1)
    assert (passed[Counter.NORTH] > 0) == (passed[Counter.SOUTH] > 0) == (mesh.rows > 1)


TERMS_ON = {
    "one-lane": (4, 1),
    "one-by-one": (3, 1),
    "narrow": (2, 1),
    "flat": (4, 0),
    "plain-two-ports": (3, 0),
    "one-port-half": (2, 1),
    "many-slots": (1, 0),
    "serial-update": (4, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TERMS_ON, ids="{}-seed6".format)
def test_cores_of_all_shapes_agree_with_terms(name):
    """Terms and blank-out on geometries that are odd in other ways."""
    terms, blank_out = TERMS_ON[name]
    geometry = replace(GEOMETRIES[name], terms=terms, blank_out=blank_out)
    for seed in (6, 7):
        config = config_of(seed, geometry)
        with GoldenDevice(config) as golden, RtlDevice(config) as rtl:
            lockstep([golden, rtl], config, 300, seed)
