"""Faults of a serial line, injected: bytes lost, flipped, doubled, delayed."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields

from axonloop.models.checks import require


@dataclass(frozen=True)
class FaultRates:
    """Chances per byte, 0..0.5 each, of which one at most befalls it: at most 1 together."""

    lost: float = 0.0
    flipped: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            rate = getattr(self, field.name)
            require(0 <= rate <= 0.5, f"rate of {field.name} bytes", "in 0..0.5", rate)
        rates = [getattr(self, field.name) for field in fields(self)]
        require(sum(rates) <= 1, "sum of all rates", "at most 1", sum(rates))

    @classmethod
    def parse(cls, text: str) -> FaultRates:
        """Read text as "lost=1e-4,flipped=1e-3"; a number alone is the sum of all four rates."""
        names = {field.name for field in fields(cls)}
        try:
            if "=" not in text:
                return cls(**dict.fromkeys(names, float(text) / len(names)))
            rates = dict(part.split("=") for part in text.split(","))
            if rates.keys() <= names:
                return cls(**{name: float(rate) for name, rate in rates.items()})
        except (ValueError, TypeError) as error:
            if "rate" in str(error):
                raise
        raise ValueError(f"faults must be as 1e-3 or lost=1e-4,flipped=1e-4, not {text!r}")


class FaultyLine:
    """One direction of a line. A delayed byte, and all behind it, arrive with the next ones.

    `faults` counts the bytes that were lost, flipped, doubled or delayed so far.
    """

    def __init__(self, rates: FaultRates, seed: int) -> None:
        self._rates = [getattr(rates, field.name) for field in fields(rates)]
        self._random, self._held = random.Random(seed), b""
        self.faults = 0

    def carry(self, data: bytes) -> bytes:
        """Return the bytes that arrive when `data` is sent."""
        if not any(self._rates):
            return data
        arrived, held = bytearray(self._held), bytearray()
        out = arrived
        for position, byte in enumerate(data):
            draw, kind = self._random.random(), 0
            while kind < 4 and draw >= self._rates[kind]:
                draw -= self._rates[kind]
                kind += 1
            self.faults += kind < 4
            if kind == 3 and position:
                out = held
            if kind == 1:
                byte ^= 1 << self._random.randrange(8)
            out += bytes([byte] * (kind != 0) + [byte] * (kind == 2))
        self._held = bytes(held)
        return bytes(arrived)
