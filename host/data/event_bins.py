"""How lists of events become spike rasters: sensor, ticks, sums over pixels, polarities."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from axonloop.models.checks import require, require_number, require_range, take_whole

UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
"""Nanoseconds in each unit of time."""
AXES = {1: ("x",), 2: ("y", "x"), 3: ("p", "y", "x")}
"""The fields of an event that say its channel, by the number of the sensor's axes."""


class Polarity(StrEnum):
    """What becomes of the polarity of events: channels of its own, none, or a choice."""

    BOTH = "both"
    MERGED = "merged"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True)
class EventBins:
    """How the events of a sample become a spike raster.

    `sensor` is the shape of the sensor: (width,), (height, width) or (polarities, height, width);
    an event has a field x, fields y and x, or p, y and x to match, whole numbers from 0, and its
    time t. `pool` x `pool` neighbouring pixels (`pool` units of a sensor of one axis) are summed
    into one channel, the last of which may be of fewer. `polarity` of a sensor that has two: both
    have channels of their own, are merged, or only on (1) or off (0) events are taken. Channels
    count through the axes that are left, the last one fastest. The times, in `unit` (ns, us, ms
    or s), never fall within a sample. Tick n takes the events that come n up to n + 1 times
    `tick_us` microseconds (in whole nanoseconds) after the sample's first event, or after time 0
    with `from_zero`; events behind the last tick are left out. With `random_slice` a training
    sample that lasts longer begins at a tick drawn anew in each epoch. A channel spikes once in a
    tick that takes `least` or more of its events. `x`, `y`, `p`, `t` are the keys of the fields,
    lists of all events of all samples; event k belongs to sample i if offsets[i] <= k <
    offsets[i + 1], by the key `offsets`. HDF5 may do without it and hold, for every sample, a list
    of variable length. The items of a torch Dataset hold arrays of NumPy with the named fields.
    """

    sensor: tuple[int, ...]
    x: str = "x"
    y: str = "y"
    p: str = "p"
    t: str = "t"
    offsets: str = "offsets"
    unit: str = "us"
    tick_us: float = 1000.0
    least: int = 1
    from_zero: bool = False
    pool: int = 1
    polarity: str = "both"
    random_slice: bool = False

    def __post_init__(self) -> None:
        listed = isinstance(self.sensor, list | tuple) and len(self.sensor) in AXES
        require(listed, "sensor", "1 to 3 sizes, as (2, 34, 34)", self.sensor)
        for name in ("x", "y", "p", "t", "offsets"):
            require_text(f"key of {name}", getattr(self, name))
        for size in self.sensor:
            require_range("sizes of the sensor", size, 1, 1_000_000)
        object.__setattr__(self, "sensor", tuple(int(size) for size in self.sensor))
        good = self.unit in UNITS
        require(good, "unit of the event times", f"one of {', '.join(UNITS)}", self.unit)
        require_number("tick_us", self.tick_us)
        require(self.tick_us <= 1e9, "tick_us", "at most 1e9", self.tick_us)
        whole = self.tick_us * 1000
        require(
            whole >= 1 and whole == int(whole),
            "tick_us",
            "whole nanoseconds, at least one, as 0.001",
            self.tick_us,
        )
        require_range("least", self.least, 1, 1_000_000)
        for name in ("from_zero", "random_slice"):
            value = getattr(self, name)
            require(isinstance(value, bool), name, "true or false", value)
        require_range("pool", self.pool, 1, max(self.sensor[-2:]))
        take_whole(self, "least", "pool")
        self._require_polarity()

    def _require_polarity(self) -> None:
        words = [str(entry) for entry in Polarity]
        good = isinstance(self.polarity, str) and self.polarity in words
        require(good, "polarity", f"one of {', '.join(words)}", self.polarity)
        two = self.polarity == Polarity.BOTH or (len(self.sensor) == 3 and self.sensor[0] == 2)
        wanted = f"both for a sensor {self.sensor}, which has no two polarities"
        require(two, "polarity", wanted, self.polarity)

    @property
    def tick_ns(self) -> int:
        """Nanoseconds in a tick."""
        return int(self.tick_us * 1000)

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of the channels: the sensor's, summed, without a polarity that is not kept."""
        pixels = tuple(-(-size // self.pool) for size in self.sensor[-2:])
        apart = len(self.sensor) == 3 and self.polarity == Polarity.BOTH
        return (self.sensor[0], *pixels) if apart else pixels


def require_text(thing: str, value: object) -> None:
    """ValueError unless a text is given, or nothing."""
    good = value is None or (isinstance(value, str) and value != "")
    require(good, thing, "a text or left out", value)
