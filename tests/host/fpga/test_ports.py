"""Which boards are plugged in: what USB says of them, in words that a person understands."""

from __future__ import annotations

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from axonloop.hdl.boards import BOARDS
from axonloop.host.cli.app import run
from axonloop.host.fpga.ports import PRODUCTS, PluggedIn, plugged_in


def port(device: str, product: str | None, vid: int | None) -> ListPortInfo:
    found = ListPortInfo(device, skip_link_detection=True)
    found.product, found.vid, found.pid = product, vid, 0x6010
    found.description = product or "n/a"
    return found


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        port("/dev/ttyUSB1", "iCEBreaker V1.0e", 0x0403),
        port("/dev/ttyUSB0", "ULX3S FPGA 85K v3.0.8", 0x0403),
        port("/dev/ttyUSB2", "Quad RS232-HS", 0x0403),
        port("/dev/ttyS0", None, None),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: there)


@pytest.mark.usefixtures("ports")
def test_ports_of_usb_and_their_boards() -> None:
    found = plugged_in()
    assert found[0] == PluggedIn(
        "/dev/ttyUSB0", "ULX3S FPGA 85K v3.0.8", "0403:6010", ("ulx3s-85f", "ulx3s-25f")
    )
    assert [(each.device, each.boards) for each in found[1:]] == [
        ("/dev/ttyUSB1", ("icebreaker",)),
        ("/dev/ttyUSB2", ()),
    ]


def test_what_boards_say_is_of_boards_that_are_known() -> None:
    """Not every board says what it is: its USB chip may have no words of its own."""
    for begin in PRODUCTS.values():
        assert any(name.startswith(begin) for name in BOARDS), begin


@pytest.mark.usefixtures("ports")
def test_the_command_lists_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards"]) == 0
    told = capsys.readouterr().out
    for board in BOARDS.values():
        assert f"{board.name} " in told
        assert board.title in told
    assert "serial:/dev/ttyUSB1" in told
    assert "ttyS0" not in told


def test_nothing_is_plugged_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(list_ports, "comports", list)
    assert run(["boards"]) == 0
    assert "no USB serial port" in capsys.readouterr().err
