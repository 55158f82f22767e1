"""A small board with a processing node, compiled once for all tests that train on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from axonloop.host.bench.link import LINK
from axonloop.host.devices import BoardDevice
from axonloop.host.devices.serial_line import SimulatedLine, SimulatedTransport
from axonloop.host.training import chip_config
from axonloop.models.config import NodeGeometry
from axonloop.sim.cosim import RtlTop
from tests.host.training.on_chip.test_integer_loss import TINY

SETTINGS = TINY.changed({"network": {"layers": [16]}, "objective": {"event_rate": 0.1}})
NODE = NodeGeometry(16, 10, 4, 2048, 1024)


@contextmanager
def noded_board() -> Iterator[BoardDevice]:
    """The board on a simulated line, for the network of `SETTINGS`."""
    pytest.importorskip("pythondata_cpu_picorv32")
    chip = chip_config(SETTINGS)
    top = RtlTop(LINK, chip.geometry, chip.mesh, 1, notify=lambda message: None, node=NODE)
    line = SimulatedLine(top, LINK)
    with BoardDevice(SimulatedTransport(line, LINK.baud), chip) as device:
        yield device
