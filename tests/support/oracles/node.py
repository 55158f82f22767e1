"""Section 13 of docs/contract.md once more, in plain Python: one class, one neuron at a time.

Products and divisions are taken apart as a small processor would: nothing here is wider than 32
bits, which is asserted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

CROSS_ENTROPY, MSE = 0, 1
DENSE, THRESHOLD, SIGMA_DELTA = 0, 1, 2
EXP = [
    int((2**15 * (Decimal(-k) / 32).exp()).quantize(Decimal(1), ROUND_HALF_EVEN))
    for k in range(256)
]


def fits(value: int, bits: int, signed: bool = True) -> int:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    assert low <= value <= high, (value, bits)
    return value


def times(left: int, right: int) -> int:
    """A product of two factors of at most 17 bits, which fits 32."""
    product = fits(left, 17) * fits(right, 17)
    assert -(2**31) <= product < 2**32, product
    return product


def whole(magnitude: int, unit: int, limit: int) -> tuple[int, int]:
    """How many units are in a magnitude, `limit` at most, and what is left then."""
    left, steps = fits(magnitude, 31, signed=False), 0
    for bit in (6, 5, 4, 3, 2, 1, 0):
        if left >= unit << bit:
            left, steps = left - (unit << bit), steps + (1 << bit)
    return (steps, left) if steps <= limit else (limit, magnitude - limit * unit)


@dataclass
class NaiveNode:
    """A node by the names of the page; `constants` by those of its table."""

    readout: list[list[int]]
    feedback: list[list[int]]
    constants: dict[str, int]
    control: int = 0
    events: int = 0
    clipped: int = 0
    age: int = 0
    level: list[int] = field(default_factory=list)
    votes: list[int] = field(default_factory=list)
    residue: list[int] = field(default_factory=list)
    gradient: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.residue = [0] * len(self.readout[0])
        self.gradient = [0] * len(self.readout)
        self.control = self.constants["threshold"] * 256
        self.begin([])

    def begin(self, target: int | list[int] | list[list[int]]) -> None:
        self.target = target
        self.level = [0 for _ in self.readout]
        self.votes = [0 for _ in self.readout]
        self.age = 0

    def sat(self, value: int, bits: int) -> int:
        top = 2 ** (bits - 1) - 1
        if value > top or value < -top:
            self.clipped += 1
            return top if value > 0 else -top
        return value

    def tick(self, spikes: list[int]) -> list[tuple[int, int]]:
        """Take the neurons that spiked; the events that are sent, in their order."""
        own, sums = self.constants, []
        for c, weights in enumerate(self.readout):
            total = 0
            for i in spikes:
                total = fits(total + weights[i], 19)
            sums.append(total)
            kept = times(abs(self.level[c]), own["leak"]) // 4096
            kept = -kept if self.level[c] < 0 else kept
            self.level[c] = self.sat(kept + total * 2 ** own["rise"], 16)
        sent = []
        if self.age >= own["burn_in"]:
            slopes = self.softly(sums) if own["loss"] == CROSS_ENTROPY else self.squarely()
            self.gradient, sent = slopes, self.sweep(slopes)
            if own["wanted"] > 0:
                self.steer(len(sent))
        self.events = (self.events + len(sent)) % 2**32
        self.age = self.age + 1 if self.age < 65535 else 65535
        return sent

    def scaled(self, value: int) -> int:
        shift = self.constants["scale_shift"]
        rounded = times(value, self.constants["scale"]) + (2**shift) // 2
        assert -(2**31) <= rounded < 2**32
        return rounded >> shift

    def vote(self, c: int, value: int) -> None:
        total = (self.votes[c] + value) % 2**32
        self.votes[c] = total - 2**32 if total >= 2**31 else total

    def raised(self) -> list[int]:
        """e of each class, before the division."""
        best, heights = max(self.level), []
        for level in self.level:
            k = self.scaled(best - level)
            heights.append(EXP[k] if k < 256 else 0)
        return heights

    def softly(self, sums: list[int]) -> list[int]:
        heights = self.raised()
        inverse = (2**31 - 1) // fits(sum(heights), 24, signed=False)
        slopes = []
        for c, height in enumerate(heights):
            p = (times(height, inverse) + 2**18) // 2**19
            slopes.append(p - 4096 if c == self.target else p)
            self.vote(c, sums[c])
        return slopes

    def squarely(self) -> list[int]:
        assert isinstance(self.target, list)
        entry = self.target[self.age] if isinstance(self.target[0], list) else self.target
        assert isinstance(entry, list)
        slopes = []
        for c, level in enumerate(self.level):
            output = self.sat(self.scaled(level), 16)
            off = self.sat(output - entry[c], 16)
            slope = (times(off, self.constants["gain"]) + 8192) >> 14
            slopes.append(self.sat(slope, 16))
            self.vote(c, output)
        return slopes

    def sweep(self, slopes: list[int]) -> list[tuple[int, int]]:
        own, theta, sent = self.constants, self.control // 256, []
        for i in range(len(self.residue)):
            d = 0
            for c, slope in enumerate(slopes):
                d = fits(d + times(self.feedback[c][i], slope), 31)
            x = self.sat(d, 24)
            if own["encoder"] == SIGMA_DELTA:
                x = self.sat(x + self.residue[i], 24)
            size = abs(x)
            if own["encoder"] == DENSE:
                steps, left = whole(2 * size + theta, 2 * theta, own["limit"])
            else:
                steps, left = whole(size, theta, own["limit"])
            if own["encoder"] == SIGMA_DELTA:
                self.residue[i] = -left if x < 0 else left
            if steps:
                sent.append((i, -steps if x < 0 else steps))
        return sent

    def steer(self, sent: int) -> None:
        own, count = self.constants, len(self.residue)
        share = int((Decimal(2**15) / count).quantize(Decimal(1), "ROUND_HALF_UP"))
        v = times(16 * sent - own["wanted"], share) // 16
        v = min(max(v, -32767), 32767)
        high, low = divmod(self.control, 2**16)
        change = (times(high, v) + times(low, v) // 2**16) // 2 ** (own["slowness"] - 1)
        self.control = min(max(self.control + change, 2**8), 2**30)

    def state(self) -> dict[str, int | list[int]]:
        names = ("level", "votes", "age", "residue", "control", "events")
        found: dict[str, int | list[int]] = {name: getattr(self, name) for name in names}
        return found | {"clipped": self.clipped % 2**32}
