"""A board behind a pseudo-terminal: the same bits as the golden model, whatever the line does."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import serial

from axonloop.host.cli.app import run
from axonloop.host.devices import DeviceError, GoldenDevice, open_device
from axonloop.host.devices.board import SerialDevice
from axonloop.host.devices.packets import as_words
from axonloop.host.devices.packets.packing import read_packets, write_packets
from axonloop.host.devices.serial_line import SerialTransport, parse_port
from axonloop.host.devices.serial_line.session import HostLink
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import CoreConfig, Geometry, ParameterSet
from axonloop.models.protocol import Identity, LinkConfig, Region, Status
from axonloop.sim.cosim import Board, FaultRates, Misbehaviour, RtlTop
from axonloop.sim.cosim.faults import FaultyLine
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config

GEOMETRY = GEOMETRIES["one-lane"]
LINK = LinkConfig(12_000_000, 3_000_000)
PLAIN = CoreConfig(GEOMETRY, (ParameterSet(pq_on=1),))


@contextmanager
def running(wrong: Misbehaviour | None = None) -> Iterator[Board]:
    """A board that another thread serves."""
    stop = threading.Event()
    with Board(lambda: RtlTop(LINK, GEOMETRY, seed=1), wrong) as board:
        thread = threading.Thread(target=board.serve, args=(stop.is_set,))
        thread.start()
        try:
            yield board
        finally:
            stop.set()
            thread.join()


def config_of(seed: int) -> CoreConfig:
    return random_config(np.random.default_rng(seed), GEOMETRY)


def run_ticks(device: SerialDevice, count: int) -> None:
    for _ in range(count):
        device.tick(np.arange(3, dtype=np.int32))


def test_lockstep_with_the_golden_model() -> None:
    config = config_of(1)
    with (
        running() as board,
        GoldenDevice(config) as golden,
        SerialDevice(f"serial:{board.port}", config) as serial,
    ):
        lockstep([golden, serial], config, 25, 1)
        assert serial.transport.link.counters.repaired == 0
        assert serial.transport.status()[Status.BAD : Status.SENT].tolist() == [0, 0, 0]


BAD_LINES = [("1e-4", 25), ("2e-2", 1)]


@pytest.mark.parametrize(
    ("rate", "ticks"),
    [("1e-3", 25), *(pytest.param(*each, marks=pytest.mark.slow) for each in BAD_LINES)],
)
def test_lockstep_over_a_bad_line(rate: str, ticks: int) -> None:
    config, wrong = config_of(2), Misbehaviour(FaultRates.parse(rate), seed=3)
    with (
        running(wrong) as board,
        GoldenDevice(config) as golden,
        SerialDevice(f"serial:{board.port}", config) as serial,
    ):
        lockstep([golden, serial], config, ticks, 1)
        status = serial.transport.status()
        assert board.faults > 0
        assert serial.transport.link.counters.bad + status[Status.BAD] > 0
        assert serial.transport.link.counters.repaired > 0


def test_the_board_alone_tells_its_configuration() -> None:
    config = config_of(4)
    with (
        running() as board,
        GoldenDevice(config) as golden,
        SerialDevice(f"serial:{board.port}") as serial,
    ):
        assert (serial.config.geometry, serial.config.mesh.cores) == (GEOMETRY, 1)
        serial.configure(config)
        lockstep([golden, serial], config, 15, 1)


def test_a_session_begins_as_after_power_up() -> None:
    config = config_of(3)
    with running() as board:
        for _ in range(2):
            with (
                GoldenDevice(config) as golden,
                SerialDevice(f"serial:{board.port}", config) as serial,
            ):
                lockstep([golden, serial], config, 15, 1)


def test_identification() -> None:
    with running() as board:
        transport = SerialTransport(board.port, 3_000_000)
        words = transport.identity
        transport.close()
    assert words[Identity.CLOCK] == LINK.clock
    assert words[Identity.BAUD] == LINK.baud
    assert words[Identity.BUILD] != 0


def test_identify(capsys: pytest.CaptureFixture[str]) -> None:
    with running() as board:
        assert run(["identify", f"serial:{board.port}"]) == 0
    lines = dict(line.rsplit("  ", 1) for line in capsys.readouterr().out.splitlines())
    told = {name.strip(): value.strip() for name, value in lines.items()}
    assert told["neurons"] == str(GEOMETRY.neurons)
    assert told["protocol version"] == "2"


def test_another_rate_than_the_boards_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """A pseudo-terminal carries bytes at any rate; a real line would carry garbage."""
    with running() as board:
        capfd.readouterr()  # what is told of compiling, if nothing was compiled before
        for rate in (3_000_000, 1_000_000):
            SerialTransport(board.port, rate).close()
        assert capfd.readouterr().err == (
            "notice: the board was built for 3000000 bit/s, and the port is open at 1000000: "
            f"name it serial:{board.port}@3000000\n"
        )


@pytest.mark.parametrize("raised", [ValueError("Failed to set custom baud rate"), OverflowError()])
def test_a_rate_that_a_port_does_not_have(
    monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(serial.Serial, "_reconfigure_port", refuse)
    with running() as board:
        expected = f"baud must be a rate that port '{board.port}' has, not 123457: name one behind"
        with pytest.raises(DeviceError, match=expected):
            SerialTransport(board.port, 123_457)


def test_a_reset_is_noticed() -> None:
    with running(Misbehaviour(reset_after=3000)) as board:
        device = SerialDevice(f"serial:{board.port}", PLAIN)
        with pytest.raises(DeviceError, match=r"session must last, .* was reset.*--resume"):
            run_ticks(device, 200)
        device.close()
        with SerialDevice(f"serial:{board.port}", PLAIN) as again:
            assert again.tick(np.arange(0, dtype=np.int32)).size == 0


def test_a_hang_is_noticed() -> None:
    with running(Misbehaviour(hang_after=3000)) as board:
        device = SerialDevice(f"serial:{board.port}", PLAIN, patience=1.0)
        with pytest.raises(DeviceError, match="board must answer within 1 seconds, not be silent"):
            run_ticks(device, 200)
        device.close()


def test_a_board_that_goes_away() -> None:
    with running() as board:
        device = SerialDevice(f"serial:{board.port}", PLAIN, patience=1.0)
    with pytest.raises(DeviceError, match="board must stay on its port, not go away .* --resume"):
        device.tick(np.arange(3, dtype=np.int32))
    device.close()


def test_a_port_in_use() -> None:
    with running() as board:
        first = SerialTransport(board.port, 1_000_000)
        with pytest.raises(DeviceError, match=r"port '.*' must be free, not in use: end the other"):
            SerialTransport(board.port, 1_000_000)
        first.close()


def test_another_geometry() -> None:
    other = CoreConfig(Geometry(axons=32))
    with (
        running() as board,
        pytest.raises(
            DeviceError, match=r"board must be built for this network.*axons 5 instead of 32"
        ),
    ):
        open_device(f"serial:{board.port}", other)


def test_no_device() -> None:
    with pytest.raises(DeviceError, match="port '/dev/nowhere' must be there, not missing: plug"):
        open_device("serial:/dev/nowhere", PLAIN)


def test_no_permission(tmp_path, monkeypatch) -> None:
    """The system's refusal is played: root, who may run the tests, is refused nothing."""

    def refuse(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    port = tmp_path / "port"
    with pytest.raises(DeviceError, match="must be yours to read and write, not forbidden"):
        open_device(f"serial:{port}", PLAIN)


def test_a_file_is_no_port(tmp_path) -> None:
    port = tmp_path / "port"
    port.touch()
    with pytest.raises(DeviceError, match="must be a serial port, not fail"):
        open_device(f"serial:{port}", PLAIN)


def test_ports() -> None:
    assert parse_port("serial:/dev/ttyUSB0") == ("/dev/ttyUSB0", 1_000_000)
    assert parse_port("serial:/dev/ttyUSB0@3000000") == ("/dev/ttyUSB0", 3_000_000)


@pytest.mark.parametrize("name", ["serial:", "serial:@9600", "serial:x@", "serial:x@fast", "x"])
def test_what_is_no_port(name: str) -> None:
    with pytest.raises(ValueError, match="device must be serial:PORT or serial:PORT@BAUD, as"):
        parse_port(name)


@pytest.mark.parametrize("rate", [0, 299, 2**30, 2**31, 2**32, 10**30])
def test_rates_that_no_port_has(rate: int) -> None:
    expected = f"baud must be a whole number in 300..1073741823, not {rate}"
    with pytest.raises(ValueError, match=expected):
        parse_port(f"serial:/dev/ttyUSB0@{rate}")


def test_the_highest_rate_can_be_asked_for() -> None:
    """With 2**31 the system's call ended in an OverflowError."""
    with running() as board:
        SerialTransport(board.port, 2**30 - 1).close()


@pytest.mark.parametrize("seed", range(3))
def test_faults_are_as_often_as_asked(seed: int) -> None:
    line, count = FaultyLine(FaultRates.parse("0.04"), seed), 50_000
    arrived = b"".join(line.carry(bytes([k & 0xFF]) * 10) for k in range(count // 10))
    assert abs(line.faults - 0.04 * count) < 5 * np.sqrt(0.04 * count)
    assert abs(len(arrived) - count) < 5 * np.sqrt(0.02 * count)


def test_a_line_without_faults() -> None:
    assert FaultyLine(FaultRates(), 0).carry(b"abc") == b"abc"


@pytest.mark.parametrize("text", ["many", "lost=x", "stolen=1e-3", "lost"])
def test_what_are_no_faults(text: str) -> None:
    with pytest.raises(ValueError, match="faults must be as 1e-3 or lost=1e-4"):
        FaultRates.parse(text)


def test_rates_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"rate of lost bytes must be in 0..0.5, not 0.6"):
        FaultRates.parse("lost=0.6")


def test_an_upload_fills_the_line_of_the_whole_top() -> None:
    """4n + 14 ceil(n / 64) bytes from the first to the last, and nothing waits in between."""
    packets = [write_packets(0, Region.ENTRY, as_words(range(13))) for _ in range(128)]
    words = np.concatenate([*packets, read_packets(0, Region.CONTROL, 1)[0]])
    top, host = RtlTop(LINK, GEOMETRY, seed=1), HostLink(1, pause=10)
    host.begin(0)
    pending, heard = host.output(0), 0
    while host.identity is None:
        taken, answer = top.run(400, pending)
        pending = pending[taken:]
        host.receive(answer, 0)
    host.send(words)
    pending, start = pending + host.output(0), top.cycles
    while heard < 2:
        taken, answer = top.run(400, pending)
        host.receive(answer, 0)
        pending = pending[taken:] + host.output(0)
        heard += host.take().size
    top.close()
    expected = 4 * words.size + 14 * -(-words.size // 64)
    # Behind the last byte come the answer, 22 bytes, and the 10 bytes of a step.
    assert expected <= (top.cycles - start) / 40 <= expected + 22 + 20
    assert 4 * words.size / expected > 0.93
