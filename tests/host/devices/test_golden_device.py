"""The golden device: what it refuses without changing, snapshots, hashes, the Device rules."""

from __future__ import annotations

import hashlib
import io
import struct
from typing import Any

import numpy as np
import pytest

from axonloop.host.devices import DeviceError, GoldenDevice, TraceHash, weight_hash
from axonloop.models.config import CoreConfig, Destination, Geometry, Group, Row
from axonloop.models.protocol import Counter, Region, state_regions, writable
from tests.support.random.cores import random_config, random_geometry, random_weights

GEOMETRY = Geometry(axons=32, neurons=32)


WITH_TERMS = Geometry(axons=32, neurons=32, terms=2)


def device_of(seed: int = 3, geometry: Geometry = GEOMETRY) -> GoldenDevice:
    rng = np.random.default_rng(seed)
    config = random_config(rng, geometry)
    device = GoldenDevice(config)
    device.load_weights(random_weights(rng, config))
    for _ in range(5):
        device.tick(rng.integers(0, 32, 6))
    return device


def everything(device: GoldenDevice) -> dict[str, Any]:
    state = device._chip.snapshot()
    return {key: np.asarray(value).tolist() for key, value in state.items()}


FULL = np.zeros((32, 32), dtype=np.int64)
REFUSED = {
    "axon-too-big": (lambda d: d.tick([32]), r"axons must be in 0..31, not 32"),
    "axon-negative": (lambda d: d.tick(np.array([1, -1])), r"axons must be in 0..31, not -1"),
    "axon-float": (lambda d: d.tick(np.array([1.0])), r"axons must be whole numbers.* float64"),
    "axon-nan": (lambda d: d.tick([np.nan]), r"axons must be whole numbers"),
    "axon-bool": (lambda d: d.tick(np.ones(32, dtype=bool)), r"axons must be whole numbers.* bool"),
    "axon-matrix": (lambda d: d.tick(FULL), r"axons must be a list .one dimension., not"),
    "axon-ragged": (lambda d: d.tick([[1], [1, 2]]), r"axons must be an array, not list"),
    "axon-huge": (lambda d: d.tick(np.array([2**64 - 1], dtype=np.uint64)), "18446744073709551615"),
    "run": (lambda d: d.run([[1], [40]]), r"trains\[1\] must be in 0..31, not 40"),
    "delay": (lambda d: d.send_spikes([1], 3), r"delay must be a whole number in 0..2, not 3"),
    "delay-float": (lambda d: d.send_spikes([1], 1.0), r"delay must be a whole number in 0..2"),
    "error-value": (lambda d: d.send_errors([1], [128]), r"must be in -127..127, not 128"),
    "error-neuron": (lambda d: d.send_errors([32], [1]), r"neurons of error events must be in"),
    "error-lengths": (lambda d: d.send_errors([1, 2], [1]), r"must be 2, one per neuron"),
    "error-sum": (
        lambda d: d.send_errors([4] * 259, [127] * 259),
        r"sum of errors of neuron 4 must be in -32768..32767, not 32893",
    ),
    "weights-shape": (lambda d: d.load_weights(FULL[1:]), r"weights must be of shape \(32, 32\)"),
    "weights-float": (lambda d: d.load_weights(FULL * 1.0), r"weights must be whole numbers"),
    "weights-low": (
        lambda d: d.load_weights(FULL - 129),
        r"weights must be in -128..127, not -129",
    ),
    "weights-high": (
        lambda d: d.load_weights(FULL + 128),
        r"weights must be in -128..127, not 128",
    ),
    "region": (lambda d: d.read(Region.BIAS), r"region must be one of CURRENT.*not 'BIAS'"),
    "region-text": (lambda d: d.read("current"), r"region must be one of CURRENT"),
    "read-only": (lambda d: d.write(Region.GATED, FULL[0]), r"region must be one of"),
    "state-high": (
        lambda d: d.write(Region.CURRENT, FULL[0] + 2**15),
        r"current must be in -32768",
    ),
    "state-shape": (lambda d: d.write(Region.SPIKE, FULL), r"spike must be of shape \(32,\)"),
    "pending": (
        lambda d: d.write(Region.PENDING, np.full((4, 32), 2)),
        r"pending must be in 0..1, not 2",
    ),
    "modulation": (
        lambda d: d.modulate(1),
        r"terms of the build must be at least 1 to take a modulation, not 0",
    ),
    "trace-z": (lambda d: d.read(Region.TRACE_Z), r"region must be one of CURRENT.*not 'TRACE_Z'"),
    "geometry": (lambda d: d.configure(CoreConfig()), r"geometry must be"),
    "core": (
        lambda d: d.configure(CoreConfig(GEOMETRY, core=254 - d.config.first)),
        r"core must be \d+, the number built in",
    ),
    "fan-out": (
        lambda d: d.configure(
            CoreConfig(
                GEOMETRY,
                core=d.config.first,
                fanout=((Destination(1, core=254 - d.config.first),),) * 32,
            )
        ),
        r"cores\[0\]\.fanout\[0\]\[0\]\.core must be a whole number in",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_input_is_refused_and_changes_nothing(name: str) -> None:
    action, message = REFUSED[name]
    device, twin = device_of(), device_of()
    with pytest.raises(ValueError, match=message):
        action(device)
    assert everything(device) == everything(twin)
    assert device.config == twin.config
    assert device.tick([1, 2, 3]).tolist() == twin.tick([1, 2, 3]).tolist()
    assert everything(device) == everything(twin)


def test_a_synapse_outside_of_its_rows_groups_is_refused() -> None:
    rows = (Row(groups=1), *(Row(groups=2),) * 31)
    device = GoldenDevice(CoreConfig(GEOMETRY, rows=rows))
    weights = np.ones((32, 32), dtype=np.int16)
    with pytest.raises(ValueError, match=r"weights\[0, 16\], outside of the groups of row 0, must"):
        device.load_weights(weights)
    assert set(device.read_weights().reshape(-1).tolist()) == {-128}
    weights[0, 16:] = -128
    device.load_weights(weights)
    assert device.read_weights().tolist() == weights.tolist()


def test_errors_up_to_the_limit_are_exact() -> None:
    device = device_of()
    device.send_errors([4] * 258 + [4], [127] * 258 + [1])
    assert device.read(Region.GATED)[4] == 258 * 127 + 1 == 32767
    with pytest.raises(ValueError, match="not 32768"):
        device.send_errors([4], [1])
    device.send_errors([4, 4], [127, -127])
    assert device.read(Region.GATED)[4] == 32767
    assert device.counters()[Counter.ERRORS] == 261


def test_learning_twice_and_before_the_first_tick_is_refused() -> None:
    device = GoldenDevice(CoreConfig(GEOMETRY))
    with pytest.raises(DeviceError, match="at most once after each tick"):
        device.learn()
    device.tick([], learn=True)
    with pytest.raises(DeviceError, match="at most once after each tick"):
        device.learn()
    device.tick([])
    device.learn()


def test_reported_spikes_are_those_of_reporting_groups() -> None:
    groups = (Group(report=False), Group())
    device = GoldenDevice(CoreConfig(GEOMETRY, groups=groups, bias=(2000,) * 32))
    assert device.tick([]).tolist() == list(range(16, 32))
    assert device.counters()[Counter.SPIKES] == 32


def test_clear_keeps_weights_tick_seed_and_counters() -> None:
    device = device_of(geometry=WITH_TERMS)
    device.modulate(5)
    device.send_spikes([1, 2], delay=1)
    device.send_errors([1], [5])
    before = everything(device)
    device.clear()
    after = everything(device)
    kept = {"weights", "tick", "seed", "learned", "counters"}
    assert before["modulation"] == 5
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    assert not any(np.any(after[key]) for key in set(after) - kept)


@pytest.mark.parametrize("seed", range(6))
def test_a_snapshot_through_a_file_has_the_same_future(seed: int) -> None:
    rng = np.random.default_rng(seed)
    config = random_config(rng, random_geometry(rng))
    device, other = GoldenDevice(config), GoldenDevice(config)
    device.load_weights(random_weights(rng, config))

    def step(target: GoldenDevice, seed: int) -> list[int]:
        local = np.random.default_rng(seed)
        target.send_spikes(local.integers(0, config.geometry.axons, 3), config.geometry.max_delay)
        limit = config.geometry.error_max
        neurons = local.integers(0, config.geometry.neurons, 5)
        target.send_errors(neurons, local.integers(-limit, limit + 1, 5), ungated=True)
        if config.geometry.terms and seed % 3 == 1:
            target.modulate(int(local.integers(-limit, limit + 1)))
        return target.tick(local.integers(0, config.geometry.axons, 3), learn=seed % 2).tolist()

    for tick in range(8):
        step(device, tick)
    file = io.BytesIO()
    np.savez(file, **device.snapshot())
    file.seek(0)
    with np.load(file, allow_pickle=False) as loaded:
        other.restore(dict(loaded))
    assert everything(other) == everything(device)
    for tick in range(8, 20):
        assert step(device, tick) == step(other, tick)
        assert everything(other) == everything(device)


def spoil(snapshot: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return snapshot | {key: value}


BAD_SNAPSHOTS = {
    "no-tick": (lambda s: {k: v for k, v in s.items() if k != "tick"}, "snapshot must be made of"),
    "extra": (lambda s: spoil(s, "more", 1), "snapshot must be made of"),
    "geometry": (lambda s: spoil(s, "geometry", "{}"), "geometry of the snapshot must be"),
    "state": (lambda s: spoil(s, "trace_q", s["trace_q"] + 2**12), "trace_q must be in 0..4095"),
    "shape": (lambda s: spoil(s, "current", s["current"][1:]), r"current must be of shape \(32,\)"),
    "weights": (lambda s: spoil(s, "weights", s["weights"] * 1.0), "weights must be whole numbers"),
    "tick": (lambda s: spoil(s, "tick", 2**32), "tick of the snapshot must be in 0..4294967295"),
    "seed": (lambda s: spoil(s, "seed", [1]), "seed of the snapshot must be one number"),
    "learned": (lambda s: spoil(s, "learned", 2), "learned of the snapshot must be in 0..1"),
    "modulation": (
        lambda s: spoil(s, "modulation", 1),
        "modulation of the snapshot must be in 0..0, not 1",
    ),
    "counters": (
        lambda s: spoil(s, "counters", s["counters"][1:]),
        "counters of the snapshot must",
    ),
    "counter": (lambda s: spoil(s, "counters", s["counters"] + 2**48), "must be in 0..2814749767"),
}


@pytest.mark.parametrize("name", BAD_SNAPSHOTS)
def test_a_bad_snapshot_is_refused_and_changes_nothing(name: str) -> None:
    change, message = BAD_SNAPSHOTS[name]
    device = device_of()
    snapshot = device.snapshot()
    device.tick([4])
    before = everything(device)
    with pytest.raises(ValueError, match=message):
        device.restore(change(snapshot))
    assert everything(device) == before


def test_a_snapshot_waits_for_errors_to_be_learned() -> None:
    device = device_of()
    good = device.snapshot()
    device.send_errors([1, 2], [5, 6])
    with pytest.raises(DeviceError, match="error sums must be learned or cleared, not 2"):
        device.snapshot()
    device.restore(good)
    assert not device.read(Region.GATED).any()
    assert device.snapshot()["tick"] == 5


def test_configure_keeps_state_and_writes_the_seed() -> None:
    device = device_of()
    before = everything(device)
    device.configure(CoreConfig(GEOMETRY, core=device.config.first, seed=77))
    assert everything(device) == before | {"seed": 77}


@pytest.mark.parametrize("value", [-128, 128, 1.0, True, np.nan])
def test_modulation_out_of_range_is_refused(value: Any) -> None:
    device = device_of(geometry=WITH_TERMS)
    device.modulate(np.int64(-127))
    with pytest.raises(ValueError, match=r"modulation must be a whole number in -127..127, not"):
        device.modulate(value)
    assert device.snapshot()["modulation"] == -127


@pytest.mark.parametrize("region", writable(WITH_TERMS), ids=lambda r: r.name)
def test_state_is_written_and_read_back(region: Region) -> None:
    device = device_of(geometry=WITH_TERMS)
    values = np.random.default_rng(int(region)).integers(0, 2, device.read(region).shape)
    device.write(region, values)
    found = device.read(region)
    assert (found.dtype, found.tolist()) == (np.int32, values.tolist())
    found[:] = 0
    assert device.read(region).tolist() == values.tolist()


def test_hashes_are_the_contracts() -> None:
    weights = np.array([[1, -8], [-2, 3]])
    expected = hashlib.sha256(struct.pack("<3i", 1, -2, 3)).hexdigest()
    assert weight_hash(weights, Geometry(weight_bits=4)) == expected
    device, trace, joined = device_of(geometry=WITH_TERMS), TraceHash(), TraceHash()
    sha = hashlib.sha256()
    for _ in range(3):
        device.tick([5])
        arrays = [device.read(region) for region in state_regions(WITH_TERMS)]
        trace.update(arrays)
        joined.update([np.concatenate(arrays)])
        for array in arrays:
            sha.update(struct.pack(f"<{len(array)}i", *array.tolist()))
    assert trace.hexdigest() == joined.hexdigest() == sha.hexdigest()


def test_spikes_come_with_the_next_tick_unless_they_are_told_to_wait() -> None:
    sent, late, given = (GoldenDevice(CoreConfig(GEOMETRY)) for _ in range(3))
    sent.send_spikes(np.array([3]))
    late.send_spikes(np.array([3]), 1)
    for device, axons in ((sent, []), (late, []), (given, [3])):
        device.tick(np.array(axons, int))
    events = [device.counters()[Counter.EVENTS] for device in (sent, late, given)]
    assert events[0] == events[2] == events[1] + 1


def test_learning_takes_time() -> None:
    device = device_of()
    before = device.telemetry.chip_seconds
    device.learn()
    assert device.telemetry.chip_seconds > before
