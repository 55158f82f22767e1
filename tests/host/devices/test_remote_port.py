"""A board that hangs on another machine: the same bits through pyserial's URLs."""

from __future__ import annotations

import socket
import struct

import numpy as np
import pytest

from axonloop.host.devices import DeviceError, GoldenDevice, open_device
from axonloop.host.devices.board import SerialDevice
from axonloop.host.devices.serial_line import parse_port
from axonloop.host.devices.serial_line.transport import LastingPort
from axonloop.host.verification.verify import lockstep
from tests.host.devices.test_board import PLAIN, config_of, running
from tests.support.outside.serial_server import served

pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # of pyserial


def test_a_url_is_a_port() -> None:
    assert parse_port("serial:socket://lab:4000") == ("socket://lab:4000", 1_000_000)
    assert parse_port("serial:rfc2217://lab:4000@3000000") == ("rfc2217://lab:4000", 3_000_000)


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_lockstep_with_the_golden_model(scheme: str) -> None:
    config = config_of(1)
    with (
        running() as board,
        served(board.port, scheme) as server,
        SerialDevice(f"serial:{server.url}@3000000", config) as device,
    ):
        report = lockstep([GoldenDevice(config), device], config, 15, seed=1)
        assert len(set(report.trace_hashes.values())) == 1
        assert len(set(report.weight_hashes.values())) == 1
        assert server.clients == 1


def test_a_connection_that_ends_is_made_again() -> None:
    config = config_of(2)
    with (
        running() as board,
        served(board.port, "socket", hang_up_after=3_000) as server,
        SerialDevice(f"serial:{server.url}@3000000", config) as device,
    ):
        report = lockstep([GoldenDevice(config), device], config, 30, seed=2)
        assert len(set(report.trace_hashes.values())) == 1
        assert server.clients == 2
        assert device.transport.port.returns == 1


def test_a_socket_that_was_reset_is_closed() -> None:
    """Its shutdown fails then, and pyserial does not come to its close."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = LastingPort(f"socket://127.0.0.1:{server.getsockname()[1]}", 1_000_000, 0.1)
        there, _ = server.accept()
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        there.close()
        own = port._serial._socket
        port.close()
        assert own.fileno() == -1


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_a_server_that_is_not_there(scheme: str) -> None:
    device = f"serial:{scheme}://127.0.0.1:1"
    with pytest.raises(DeviceError, match=rf"port '{scheme}://127.0.0.1:1' must be reachable, not"):
        open_device(device, PLAIN)


def test_a_url_that_nothing_knows() -> None:
    with pytest.raises(DeviceError, match="port must be a file or a URL that pyserial knows, not"):
        open_device("serial:gopher://lab", PLAIN)


def test_bytes_come_in_bulk() -> None:
    """pyserial counts at most one byte that waits on a socket; one at a time would be slow."""
    config = config_of(3)
    with (
        running() as board,
        served(board.port, "socket") as server,
        SerialDevice(f"serial:{server.url}@3000000", config) as device,
    ):
        port, sizes = device.transport.port, []
        read = port.read
        port.read = lambda size: sizes.append(size) or read(size)
        device.tick(np.arange(3, dtype=np.int32))
        device.read_weights()
        assert max(sizes) > 10
