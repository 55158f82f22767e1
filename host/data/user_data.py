"""Opening a user's data set: parts to train on, to validate with and to test with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.columns import ArraySource, DatasetSource, DataSource, NpzSource
from axonloop.host.data.description import PARTS, DataDescription, InputKind, TargetKind
from axonloop.host.data.events import EventInputs
from axonloop.host.data.formats import FILED, event_source, parts_of, set_format
from axonloop.host.data.hdf5 import Hdf5Source
from axonloop.host.data.rasters import EncodedInputs, Inputs, JoinedInputs, Raster, SpikeInputs
from axonloop.host.data.sets import named_set
from axonloop.host.data.spike_encoders import SHUFFLING, generator
from axonloop.host.data.splits import given_parts, limited, split_samples
from axonloop.host.data.targets import Targets
from axonloop.models.arrays import ranged
from axonloop.models.checks import require

CHUNK_SHARE = (7 << 20) // 8
"""Bytes of chunks that are kept per MiB of memory; the rest is for samples, labels and orders."""


@dataclass(frozen=True, eq=False)
class DataPart:
    """Samples of a data set: `numbers` int64 `(n,)` are theirs in the file, ascending.

    Samples of a test file of its own are counted on behind those of the first file: `first`.
    """

    inputs: Inputs
    targets: Targets
    numbers: NDArray[np.int64]
    first: int = 0

    def __repr__(self) -> str:
        return f"DataPart of {len(self)} samples"

    def __len__(self) -> int:
        return len(self.numbers)

    def raster(self, place: int, random: np.random.Generator) -> Raster:
        """The input spikes of a sample, bool `(ticks, channels)`."""
        return self.inputs.raster(int(self.numbers[place]), random)

    def target(self, place: int) -> Any:
        """What is wanted of a sample (`Targets.target`)."""
        return self.targets.target(int(self.numbers[place]))

    def number(self, place: int) -> int:
        """The sample's number in its data set."""
        return self.first + int(self.numbers[place])

    def order(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """All places in the random order of an epoch.

        In memory every order is as likely as any other. The chunks of an HDF5 file are shuffled,
        and the samples within as many chunks as `memory` holds: so each chunk is read once.
        """
        random = generator(seed, SHUFFLING, epoch)
        places: NDArray[np.int64] = random.permutation(len(self.numbers))
        found, chunk = np.unique(self.inputs.chunks(self.numbers[places]), return_inverse=True)
        turn = random.permutation(len(found))[chunk] // self.inputs.chunks_kept
        return places[np.argsort(turn, kind="stable")]


@dataclass(frozen=True, eq=False)
class Data:
    """A data set that is open: its parts, which may be empty but for `train`.

    Samples have `ticks` ticks in `channels` channels; their targets are of the kind `target`, with
    `outputs` classes, numbers or neurons; `description` is what it was opened by. Use it in a
    `with` block, or `close` it: samples of an HDF5 file are read as they are asked for.
    """

    train: DataPart
    validation: DataPart
    test: DataPart
    sources: tuple[DataSource, ...] = field(repr=False)
    description: DataDescription

    @property
    def channels(self) -> int:
        """Channels of the network's source."""
        return self.train.inputs.channels

    @property
    def channels_of(self) -> dict[str, int]:
        """Channels of each source, where `inputs` of the description name several; else none."""
        own, named = self.train.inputs, self.description.inputs
        if not isinstance(own, JoinedInputs) or isinstance(named, str):
            return {}
        return dict(zip(named, own.widths, strict=True))

    @property
    def image(self) -> tuple[int, int] | None:
        """Rows and columns of a sample that is an image of one channel; None for all others."""
        return self.train.inputs.image

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of the channels, the last one fastest: of events as (2, 34, 34)."""
        own = self.train.inputs
        return own.shape or own.image or (own.channels,)

    @property
    def ticks(self) -> int:
        """Ticks of a sample."""
        return self.train.inputs.ticks

    @property
    def target(self) -> TargetKind:
        """What the targets are."""
        return self.train.targets.kind

    @property
    def outputs(self) -> int:
        """How many classes, numbers (per tick) or neurons a target is about; 0 for no targets."""
        return self.train.targets.outputs

    def check(self) -> None:
        """Read every sample of all parts once; ValueError names the first that is wrong."""
        for part in (self.train, self.validation, self.test):
            for number in part.numbers.tolist():
                part.inputs.check(number)
                part.targets.target(number)

    def close(self) -> None:
        """Close the files."""
        for source in self.sources:
            source.close()

    def __enter__(self) -> Data:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_data(description: DataDescription, data: Any = None) -> Data:
    """Open what `description` names, or `data`: arrays by key, or a map-style torch Dataset.

    Raises ValueError, one line that names file, key, what was expected and what came, for all that
    is wrong in the description, the files, the targets, and the inputs as far as they lie in
    memory; inputs in HDF5 files and Datasets are checked as they are read, or by `Data.check`.
    """
    asked = description
    if description.set != "":
        require(data is None, "data", "left out where there is a set", type(data).__name__)
        data = named_set(description.set)
        if isinstance(data, str | Path):
            description, data = replace(description, path=str(data), set=""), None
    alone = description.path == ""
    given = "given where path is empty" if alone else "left out where there is a path"
    require((data is None) != alone, "data", given, type(data).__name__)
    paths = _paths(description)
    with ExitStack() as opened:
        sources = [_source_of(description, paths[0] or "", data)]
        opened.callback(sources[0].close)
        parts = _parts(description, sources[0], paths)
        count = parts[0].inputs.count
        for place, path in enumerate(paths):
            if place > 0 and path is not None:
                sources.append(_source_of(description, path, None))
                opened.callback(sources[-1].close)
                parts[place] = _own_part(description, sources[-1], parts[0], count)
                count += parts[place].inputs.count
        opened.pop_all()  # nothing went wrong: the files stay open
    validation, test = (replace(own, inputs=own.inputs.scored()) for own in parts[1:])
    return Data(parts[0], validation, test, tuple(sources), asked)


def _paths(description: DataDescription) -> Sequence[str | None]:
    """What is opened for training, validation and test; None: nothing of its own."""
    if description.format == "":
        return [description.path, None, description.split.test_path]
    found = parts_of(set_format(description.format), Path(description.path))
    return [None if path is None else str(path) for path in found]


def _source_of(description: DataDescription, path: str, data: Any) -> DataSource:
    """What holds the columns."""
    if isinstance(data, Mapping):
        return ArraySource(data)
    if data is not None:
        one = isinstance(description.inputs, str)
        require(one, "inputs of a Dataset", "a single key (several: arrays)", description.inputs)
        return DatasetSource(data, description.keys[0], description.targets)
    suffix = Path(path).suffix.lower()
    if description.format in FILED:
        kind = set_format(description.format)
        return event_source(kind, Path(path), description.keys[0], description.targets)
    if suffix == ".npz":
        return NpzSource(Path(path))
    good = suffix in (".h5", ".hdf5", ".hdf")
    require(good, "path", "a file that ends with .npz, .h5, .hdf5 or .hdf", path)
    return Hdf5Source(Path(path), description.memory * CHUNK_SHARE)


def _parts(
    description: DataDescription, source: DataSource, paths: Sequence[str | None]
) -> list[DataPart]:
    """The parts of the first file; what has a path of its own gets nothing of a set's."""
    inputs, targets = _opened(description, source)
    split, labels = description.split, targets.labels
    if description.format != "":
        split = split.without(validation=paths[1] is not None, test=paths[2] is not None)
    if split.key is None:
        try:
            numbers = split_samples(inputs.count, labels, split)
        except ValueError as error:
            raise ValueError(f"{source.name}: {error}") from error
    else:
        column = source.column(split.key)
        membership = ranged(column.name, column.rows(0, column.shape[0]), 0, len(PARTS) - 1)
        good = membership.shape == (inputs.count,)
        require(good, column.name, f"one part for each of {inputs.count} samples", column.shape)
        numbers = given_parts(membership)
        require(len(numbers[0]) > 0, f"{column.name}: train part", "of at least 1 sample", 0)
    return [
        DataPart(inputs, targets, limited(own, labels, description.limit, split.seed))
        for own in numbers
    ]


def _own_part(
    description: DataDescription, source: DataSource, train: DataPart, first: int
) -> DataPart:
    """All of a file of its own, which must fit the first one; `first` samples are counted ahead."""
    if train.targets.kind == TargetKind.CLASS:
        description = replace(description, classes=train.targets.outputs)
    inputs, targets = _opened(description, source)
    found, wanted = (
        (own.inputs.ticks, own.inputs.channels, own.targets.outputs)
        for own in (DataPart(inputs, targets, np.arange(0)), train)
    )
    require(found == wanted, f"{source.name}: ticks, channels and outputs", str(wanted), found)
    every = np.arange(inputs.count, dtype=np.int64)
    numbers = limited(every, targets.labels, description.limit, description.split.seed)
    return DataPart(inputs, targets, numbers, first)


def _opened(description: DataDescription, source: DataSource) -> tuple[Inputs, Targets]:
    """Inputs and targets of a file, which agree about samples and ticks."""
    lazy = description.target in (TargetKind.NUMBERS, TargetKind.SPIKES)
    shares = 2 if lazy else 1
    inputs = _inputs_of(description, source, shares)
    targets = Targets(source, description, shares)
    good = targets.count in (None, inputs.count)
    thing = f"{source.name}: {description.targets}"
    require(good, thing, f"one for each of {inputs.count} samples", targets.count)
    good = targets.ticks in (None, inputs.ticks)
    require(good, thing, f"of {inputs.ticks} ticks, as the inputs", targets.ticks)
    return inputs, targets


def _inputs_of(description: DataDescription, source: DataSource, shares: int) -> Inputs:
    """The inputs, by their kind."""
    if description.kind == InputKind.EVENTS:
        return EventInputs(source, description, shares)
    found: list[Inputs] = []
    for key in description.keys:
        column = source.column(key, shares * len(description.keys))
        spikes = description.kind == InputKind.SPIKES
        found.append(SpikeInputs(column) if spikes else EncodedInputs(column, description))
    return found[0] if isinstance(description.inputs, str) else JoinedInputs(source.name, found)
