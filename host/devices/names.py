"""Names of devices, as a command line has them."""

from __future__ import annotations

from axonloop.models.checks import require

NAMES = ("golden", "rtl", "batched", "batched:cpu", "batched:cuda", "gates:ecp5", "gates:ice40")
SERIAL = "serial:"
"""What a board's name begins with; behind it the port, and @ with the baud rate if need be."""
REPLAY = "replay:"
"""What a recording's name begins with; behind it the file."""


def check_device_name(name: str) -> str:
    """`name` if it is a device's; else ValueError."""
    known = name in NAMES or name.startswith((SERIAL, REPLAY))
    require(known, "device", f"one of {', '.join(NAMES)}, {SERIAL}PORT, {REPLAY}FILE", name)
    return name
