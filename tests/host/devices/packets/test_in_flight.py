"""Ticks and reads that are sent and taken apart: the same answers from every device."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from axonloop.host.devices import BoardDevice, Device, DeviceError, GoldenDevice, open_device
from axonloop.host.devices.packets import Answers
from axonloop.host.devices.serial_line import SimulatedLine, SimulatedTransport
from axonloop.models.arrays import Int32Array
from axonloop.models.config import CoreConfig
from axonloop.models.protocol import Kind, LinkConfig, Region, header, state_regions
from axonloop.sim.cosim import RtlTop
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config, random_weights

GEOMETRY = GEOMETRIES["one-lane"]
LINK = LinkConfig(12_000_000, 3_000_000)
NAMES = ("golden", "batched", "rtl", "board")


def open_any(name: str, config: CoreConfig) -> Device:
    if name != "board":
        return open_device(name, config)
    line = SimulatedLine(RtlTop(LINK, GEOMETRY, seed=1), LINK)
    return BoardDevice(SimulatedTransport(line, LINK.baud), config)


@pytest.fixture(params=NAMES)
def pair(request) -> Iterator[tuple[Device, GoldenDevice]]:
    """A device, and a golden one with the same weights."""
    rng = np.random.default_rng(4)
    config = random_config(rng, GEOMETRY)
    weights = random_weights(rng, config)
    with open_any(request.param, config) as device, GoldenDevice(config) as golden:
        device.load_weights(weights)
        golden.load_weights(weights)
        yield device, golden


def axons(rng: np.random.Generator) -> Int32Array:
    return np.flatnonzero(rng.random(GEOMETRY.axons) < 0.4).astype(np.int32)


@pytest.mark.parametrize("seed", range(3))
def test_answers_are_those_of_ticks_and_reads(pair: tuple[Device, Device], seed: int) -> None:
    device, golden = pair
    rng = np.random.default_rng(seed)
    for _ in range(5):
        takes: list[tuple[Callable[[], object], object]] = []
        for _ in range(int(rng.integers(1, 6))):
            spikes, learn = axons(rng), bool(rng.random() < 0.4)
            neurons = np.arange(GEOMETRY.neurons)
            errors = rng.integers(-GEOMETRY.error_max, GEOMETRY.error_max + 1, len(neurons))
            device.send_errors(neurons, errors)
            golden.send_errors(neurons, errors)
            device.send_tick(spikes, learn)
            takes.append((device.take_tick, golden.tick(spikes, learn)))
            regions = [region for region in state_regions(GEOMETRY) if rng.random() < 0.4]
            device.send_read(regions)
            takes.append((device.take_read, golden.read_many(regions)))
            if not learn:
                device.learn()
                golden.learn()
        for take, expected in takes:
            np.testing.assert_equal(take(), expected)
    assert (device.read_weights() == golden.read_weights()).all()


def test_anything_may_happen_while_answers_are_under_way(pair: tuple[Device, Device]) -> None:
    device, golden = pair
    rng = np.random.default_rng(9)
    trains = [axons(rng) for _ in range(6)]
    for spikes in trains[:2]:
        device.send_tick(spikes)
    first = [golden.tick(spikes) for spikes in trains[:2]]
    assert (device.tick(trains[2]) == golden.tick(trains[2])).all()
    device.send_read([Region.MEMBRANE])
    membrane = golden.read(Region.MEMBRANE)
    np.testing.assert_equal(device.run(trains[3:]), golden.run(trains[3:]))
    assert device.snapshot()["tick"] == golden.snapshot()["tick"] == 6
    device.clear()
    np.testing.assert_equal([device.take_tick(), device.take_tick()], first)
    np.testing.assert_equal(device.take_read(), [membrane])


def test_what_cannot_be_taken(pair: tuple[Device, Device]) -> None:
    device, golden = pair
    message = "^answer to take must be the oldest in flight, nothing, not 'tick'$"
    with pytest.raises(ValueError, match=message):
        device.take_tick()
    device.send_read([])
    with pytest.raises(ValueError, match="the oldest in flight, read, not 'tick'"):
        device.take_tick()
    assert device.take_read() == []
    spikes = np.arange(2, dtype=np.int32)
    with pytest.raises(ValueError, match="axons must be in 0.."):
        device.send_tick(np.array([GEOMETRY.axons]))
    with pytest.raises(ValueError, match="region must be one of"):
        device.send_read([Region.WEIGHT])
    device.send_tick(spikes)
    with pytest.raises(ValueError, match="the oldest in flight, tick, not 'read'"):
        device.take_read()
    assert (device.take_tick() == golden.tick(spikes)).all()
    device.send_tick(spikes)
    device.close()
    with pytest.raises(ValueError, match="the oldest in flight, nothing, not 'tick'"):
        device.take_tick()
    with pytest.raises(DeviceError):
        device.send_tick(spikes)


@pytest.mark.parametrize("seed", range(5))
def test_answers_do_not_depend_on_how_words_are_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = []
    for _ in range(30):
        spikes = [header(Kind.SPIKE, 0, n) for n in range(int(rng.integers(0, 4)))]
        count = int(rng.integers(0, 5))
        # Payload words look like packets that would end an answer.
        data = [header(Kind.DATA, 0, count), *[header(Kind.TICK, 0)] * count]
        refused, other = (header(Kind.FAULT, 0, 3 | kind << 4) for kind in (Kind.READ, Kind.WRITE))
        end = ([header(Kind.TICK, 0)], data, [refused], [other, header(Kind.TICK, 0)])
        wanted.append([*spikes, *end[rng.integers(4)]])
    words = np.array(sum(wanted, []), np.uint32)
    answers = Answers()
    for part in np.split(words, np.sort(rng.integers(0, words.size + 1, 25))):
        answers.hear(part)
    assert [part.tolist() for part in answers.take(len(answers))] == wanted
