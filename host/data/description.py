"""What a user says about data: a file, what its keys hold, and how spikes are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from axonloop.host.data.event_bins import EventBins, require_text
from axonloop.host.data.formats import set_format
from axonloop.host.data.sets import GENERATED
from axonloop.host.data.spike_encoders import Encoding
from axonloop.models.checks import require, require_number, require_range, take_whole

IMAGE_CODES = tuple(str(entry.value) for entry in Encoding)
DELTA = "delta"
PARTS = ("train", "validation", "test")


class SourceKeys(dict[str, str]):
    """The key of each source, in the order of their channels; not to be changed."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class InputKind(StrEnum):
    """What the inputs are."""

    VALUES = "values"
    SERIES = "series"
    SPIKES = "spikes"
    EVENTS = "events"


class TargetKind(StrEnum):
    """What is wanted of a sample."""

    CLASS = "class"
    NUMBERS = "numbers"
    SPIKES = "spikes"
    NONE = "none"


@dataclass(frozen=True)
class SpikeCode:
    """How values become spikes; kinds `spikes` and `events` need none.

    `code` is one of rate, regular, latency, rank, phase for `values`, and delta for `series`; None:
    regular or delta. `low` and `high` are the ends of the values' range, which become no spikes
    and most of them; None: 0..1 for floats, 0..255 for unsigned bytes. Values outside are refused.
    `peak` is the probability of a spike per tick at `high`, for rate and regular, above 0 and at
    most 1; `phases` are the bits of a phase code, 1..16; `threshold` is the change that makes a
    spike of a delta code, in the values' own unit, above 0.
    """

    code: str | None = None
    low: float | None = None
    high: float | None = None
    peak: float = 0.8
    phases: int = 8
    threshold: float = 0.1

    def __post_init__(self) -> None:
        if self.code is not None:
            _require_one_of("code", self.code, (*IMAGE_CODES, DELTA))
        both = (self.low is None) == (self.high is None)
        require(both, "low and high", "given both or not at all", (self.low, self.high))
        for name in ("low", "high", "peak", "threshold"):
            value = getattr(self, name)
            if value is not None or name in ("peak", "threshold"):
                require_number(name, value)
        if self.low is not None and self.high is not None:
            require(self.low < self.high, "low", f"below high, which is {self.high!r}", self.low)
        require(0 < self.peak <= 1, "peak", "above 0 and at most 1", self.peak)
        require(self.threshold > 0, "threshold", "above 0", self.threshold)
        require_range("phases", self.phases, 1, 16)
        take_whole(self, "phases")


@dataclass(frozen=True)
class Split:
    """How samples are shared out among training, validation and test; no sample is in two parts.

    `train`, `validation` and `test` are shares that add up to 1; training needs some. Which samples
    a part gets depends on `seed`, on the number of samples and on their classes alone. With a
    `key` the file says itself: 0 (train), 1 (validation) or 2 (test) for every sample. With
    `test_path` the test part is all of another file with the same keys, and the shares of training
    and validation alone add up to 1.
    """

    train: float = 0.7
    validation: float = 0.1
    test: float = 0.2
    seed: int = 0
    key: str | None = None
    test_path: str | None = None

    def __post_init__(self) -> None:
        for name in PARTS:
            require_number(f"share of {name}", getattr(self, name))
            share = getattr(self, name)
            require(0 <= share <= 1, f"share of {name}", "in 0..1", share)
        require(self.train > 0, "share of train", "above 0", self.train)
        require_range("seed of the split", self.seed, 0, 2**32 - 1)
        for name in ("key", "test_path"):
            require_text(name, getattr(self, name))
        one = self.key is None or self.test_path is None
        require(one, "split", "given by key or by test_path", (self.key, self.test_path))
        if self.test_path is not None:
            none = self.test == 0
            require(none, "share of test", "0 where test_path is given", self.test)
        total = self.train + self.validation + self.test
        require(abs(total - 1) < 1e-9, "shares of the split", "1 in sum", total)

    def without(self, validation: bool, test: bool) -> Split:
        """The same shares of what is left, where validation or test have samples of their own."""
        shares = self.train, self.validation * (not validation), self.test * (not test)
        train, rest, last = (share / sum(shares) for share in shares)
        return replace(self, train=train, validation=rest, test=last)


@dataclass(frozen=True)
class DataDescription:
    """A user's data set: the `[data]` table of a run.

    `path` names a .npz or HDF5 file; `set` a data set of an installed package in its place, or one
    that is generated; both empty: the data are given to `open_data` as objects. `format` says that
    `path` is a set of events as it is published (n-mnist, dvs-gesture, shd, ssc): then kind, keys
    and sensor are known, and a test part (a validation part) that the set has is taken from it.
    `inputs` may be a table of sources and
    their keys, which are read alike: `{eye = "images", ear = "sounds"}`. `kind` says what the key
    `inputs` holds for n samples: `values`, numbers (n, ...) whose axes behind the first become
    channels; `series`, numbers (n, ticks, channels); `spikes`, (n, ticks, channels) of 0 and 1; or
    `events`, whose keys `EventBins` names. `target` says what the key `targets` holds: `class`,
    whole numbers (n,) in 0..`classes` - 1 (None: one more than the largest); `numbers`, (n,) or (n,
    k) or (n, ticks, k); `spikes`, wanted ones, (n, ticks, neurons) of 0 and 1; or `none`. `ticks`
    of a sample, for `values` and `events` alone (`series` and `spikes` have theirs). `limit` keeps
    so many samples of each part. `memory`, MiB, bounds what is kept of an HDF5 file.
    Raises ValueError for anything that does not fit together.
    """

    path: str = ""
    kind: str = "values"
    inputs: str | dict[str, str] = "inputs"
    targets: str = "targets"
    target: str = "class"
    classes: int | None = None
    ticks: int | None = None
    encoding: SpikeCode = field(default_factory=SpikeCode)
    events: EventBins | None = None
    split: Split = field(default_factory=Split)
    limit: int | None = None
    memory: int = 256
    set: str = ""
    format: str = ""

    def __post_init__(self) -> None:
        self._take_format()
        for name in ("path", "set", "targets"):
            value = getattr(self, name)
            require(isinstance(value, str), name, "a text", value)
        require(self.path == "" or self.set == "", "set", "left out beside path", self.set)
        self._take_inputs()
        _require_one_of("kind", self.kind, tuple(InputKind))
        _require_one_of("target", self.target, tuple(TargetKind))
        for name, limit in (("classes", 100_000), ("ticks", 1_000_000), ("limit", 2**31)):
            if getattr(self, name) is not None:
                require_range(name, getattr(self, name), 1, limit)
        require_range("memory", self.memory, 1, 1_000_000)
        take_whole(self, "classes", "ticks", "limit", "memory")
        for name, kind in (("encoding", SpikeCode), ("split", Split)):
            good = isinstance(getattr(self, name), kind)
            require(good, name, f"of the kind {kind.__name__}", getattr(self, name))
        self._require_fitting()

    def _take_format(self) -> None:
        """What the format of a set decides, where it is left out."""
        if self.format == "" and isinstance(self.set, str):
            object.__setattr__(self, "format", GENERATED.get(self.set, ""))
        if self.format == "":
            return
        require(isinstance(self.format, str), "format", "a text", self.format)
        known = set_format(self.format)
        good = self.path != "" or self.set != ""
        require(good, "path", f"given where format is: {known.about}", self.path)
        require(self.kind in ("values", "events"), "kind", "left out beside format", self.kind)
        require(self.inputs == "inputs", "inputs", "left out beside format", self.inputs)
        good = self.split.key is None and self.split.test_path is None
        require(good, "key and test_path of the split", "left out beside format", self.split)
        object.__setattr__(self, "kind", str(InputKind.EVENTS))
        object.__setattr__(self, "targets", known.targets)
        if self.classes is None:
            object.__setattr__(self, "classes", known.classes)
        bins = known.bins if self.events is None else self.events
        object.__setattr__(self, "events", bins)
        keys = ("sensor", "x", "y", "p", "t", "unit")
        wanted = {key: getattr(known.bins, key) for key in keys}
        found = {key: getattr(bins, key, None) for key in keys}
        require(found == wanted, "sensor, keys and unit of the events", f"{wanted}", found)

    def _take_inputs(self) -> None:
        """Keep a table of sources so that nobody changes it."""
        given = self.inputs
        if isinstance(given, Mapping):
            texts = all(isinstance(text, str) and text for pair in given.items() for text in pair)
            good = texts and len(given) > 0 and self.kind != InputKind.EVENTS
            wanted = f"one key of {self.kind}, or names of sources and their keys (not of events)"
            require(good, "inputs", wanted, given)
            object.__setattr__(self, "inputs", SourceKeys(given))
        else:
            require(isinstance(given, str), "inputs", "a text, or a table of sources", given)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the inputs, one for each source."""
        return (self.inputs,) if isinstance(self.inputs, str) else tuple(self.inputs.values())

    def _require_fitting(self) -> None:
        """ValueError where values belong to another kind of data."""
        timed = self.kind in (InputKind.VALUES, InputKind.EVENTS)
        own = "given, as 40" if timed else f"left out, as {self.kind} have their own"
        require(timed == (self.ticks is not None), f"ticks of {self.kind}", own, self.ticks)
        binned = self.kind == InputKind.EVENTS
        good = isinstance(self.events, EventBins) if binned else self.events is None
        own = "given as EventBins" if binned else "left out"
        require(good, f"events of kind {self.kind}", own, self.events)
        code, series = self.encoding.code, self.kind == InputKind.SERIES
        if self.kind in (InputKind.VALUES, InputKind.SERIES) and code is not None:
            _require_one_of(f"code of {self.kind}", code, (DELTA,) if series else IMAGE_CODES)
        good = self.classes is None or self.target == TargetKind.CLASS
        require(good, "classes", f"left out where the target is {self.target}", self.classes)
        good = self.split.test_path is None or self.path != ""
        require(good, "path", "given where test_path is", self.path)


def _require_one_of(thing: str, value: object, names: Sequence[str]) -> None:
    good = isinstance(value, str) and value in names
    require(good, thing, f"one of {', '.join(names)}", value)
