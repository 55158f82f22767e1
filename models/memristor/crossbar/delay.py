"""How long a layer on a crossbar takes: the driver, the wires, the parts, the amplifiers."""

from __future__ import annotations

from dataclasses import dataclass

from axonloop.models.checks import require, require_number, require_range


@dataclass(frozen=True)
class Delay:
    """Delays of a row that N columns share, in parts of n columns with a buffer each.

    After Elmore a driver reaches the last part over (N - n) pieces of wire, each of `wire` ohm, in
    front of a buffer of `buffer` farad, and each of the N / n buffers adds `driver` seconds:

        t = 0.67 (N - n) wire buffer + (N / n) driver

    `sensing` seconds are for the amplifiers at the outputs. Raises ValueError for values below 0.
    """

    wire: float
    buffer: float
    driver: float
    sensing: float = 10e-9

    def __post_init__(self) -> None:
        for name in ("wire", "buffer", "driver", "sensing"):
            require_number(name, getattr(self, name))
            require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))

    def row(self, columns: int, part: int) -> float:
        """Seconds from the driver to the last cell of a row."""
        require_range("columns", columns, 1, 1 << 20)
        require_range("columns of a part", part, 1, columns)
        charging = 0.67 * (columns - part) * self.wire * self.buffer
        return charging + columns / part * self.driver

    def layer(self, columns: int, part: int) -> float:
        """Seconds of a whole layer, sensing included."""
        return self.row(columns, part) + self.sensing
