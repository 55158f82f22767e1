"""What a recorder passes on to its device, and what the device says through it."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop import (
    Network,
    ParameterSet,
    Population,
    Projection,
    Source,
    compile_network,
    open_device,
    record,
    uniform_weights,
)
from axonloop.host.devices import Device
from axonloop.models.protocol import Region
from axonloop.sim.stimulus import GEOMETRIES

RANDOM = np.random.default_rng(1)
NEURON = ParameterSet(theta=60, box=120, w_exp=2, q_inc=9, gamma=3000, rho=20, pq_on=9, eta_shift=3)
PROGRAM = compile_network(
    Network(
        (Source("p", 2),),
        (Population("out", 2, NEURON, bias=False),),
        (Projection("p", "out", uniform_weights(RANDOM, 2, 2, 7)),),
    ),
    GEOMETRIES["terms"],
)
NOTHING = np.zeros(0, np.int32)


def use(device: Device) -> list[Any]:
    """All that one does with a device between ticks, and all that it says."""
    device.configure(PROGRAM.config)
    device.load_weights(PROGRAM.weights)
    said: list[Any] = []
    for _ in range(8):
        device.tick(np.array([0, 1], np.int32))
    said.append(device.read(Region.MEMBRANE).tolist())
    kept = device.snapshot()
    device.write(Region.MEMBRANE, np.full(device.config.geometry.neurons, 59, np.int32))
    device.send_spikes(np.array([0], np.int32), 1)
    device.modulate(5)
    for _ in range(2):
        said.append(device.tick(NOTHING, learn=True).tolist())
    said.append([array.tolist() for array in device.read_many([Region.MEMBRANE, Region.PENDING])])
    device.restore(kept)
    said += [device.read(Region.MEMBRANE).tolist(), device.counters()]
    said.append(device.counter_table().tolist())
    said.append(device.telemetry.recorded)
    return said


def test_a_recorder_says_what_its_device_says() -> None:
    with open_device("golden", PROGRAM.config) as plain:
        expected = use(plain)
    with open_device("golden", PROGRAM.config) as device:
        recorder = record(device, PROGRAM)
        assert use(recorder) == expected
        assert recorder.telemetry is device.telemetry
    assert any(expected[0]), "the network is alive"
    assert expected[0] == expected[4] != expected[3][0], "and was another one in between"
