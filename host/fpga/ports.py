"""The serial ports of this machine, and which known boards may hang on them."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports

from axonloop.hdl.boards import BOARDS

PRODUCTS = {"ULX3S": "ulx3s", "ICEBREAKER": "icebreaker", "SIPEED": "tang-nano"}
"""What a board's USB chip says of itself, in capitals, and how the names of such boards begin."""


@dataclass(frozen=True)
class PluggedIn:
    """A port: its `device`, as serial:DEVICE takes it, what it says of itself, its USB numbers.

    `boards` are the names of the boards that it may be, none if it says nothing that is known.
    """

    device: str
    text: str
    usb: str
    boards: tuple[str, ...]


def plugged_in() -> list[PluggedIn]:
    """The serial ports that are there, by device; only those of USB, where boards hang."""
    found = []
    for port in sorted(list_ports.comports()):
        if port.vid is not None:
            told = (port.manufacturer, port.product, port.description)
            text = " ".join(dict.fromkeys(part for part in told if part))
            usb = f"{port.vid:04x}:{port.pid:04x}"
            found.append(PluggedIn(port.device, text, usb, _known(text)))
    return found


def _known(text: str) -> tuple[str, ...]:
    begins = tuple(begin for word, begin in PRODUCTS.items() if word in text.upper())
    return tuple(name for name in BOARDS if name.startswith(begins)) if begins else ()
