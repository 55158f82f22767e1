"""A user's data from the description to training: parts, files of their own, the one loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop.host.configuration import PARAMETERS
from axonloop.host.data import Data, DataDescription, Split, generator, open_data
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_weights,
)
from axonloop.host.processing import (
    Layers,
    LearningLayer,
    ProcessingCore,
    Readout,
    SigmaDeltaEncoder,
    fixed_readout,
)
from axonloop.host.training import Copies, Task, TrainingLoop, open_copies

RANDOM = np.random.default_rng(1)
INPUTS = RANDOM.integers(0, 256, (60, 8), dtype=np.uint8)
LABELS = np.repeat(np.arange(3), 20)
ARRAYS = {"inputs": INPUTS, "targets": LABELS}
DESCRIPTION = DataDescription(ticks=12)


def test_parts_of_a_data_set() -> None:
    data = open_data(DESCRIPTION, ARRAYS)
    parts = (data.train, data.validation, data.test)
    assert [len(part) for part in parts] == [42, 6, 12]
    numbers = [part.number(place) for part in parts for place in range(len(part))]
    assert sorted(numbers) == list(range(60))
    for part in parts:
        for place in range(len(part)):
            number = part.number(place)
            assert part.target(place) == LABELS[number]
            mine = part.raster(place, generator(1, number))
            everyone = open_data(
                DataDescription(ticks=12, split=Split(1, 0, 0)), ARRAYS
            ).train.raster(number, generator(1, number))
            assert (mine == everyone).all()


def test_an_order_in_memory_is_the_loops_own() -> None:
    data = open_data(DESCRIPTION, ARRAYS)
    usual, own = (
        Task(data.train, ("inputs",)),
        Task(data.train, ("inputs",), order=data.train.order),
    )
    assert own.places(3, 2).tolist() == usual.places(3, 2).tolist()


def test_a_limit_holds_for_each_part() -> None:
    data = open_data(DataDescription(ticks=12, limit=9), ARRAYS)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [9, 6, 9]
    assert np.bincount(LABELS[data.train.numbers]).tolist() == [3, 3, 3]


def test_a_file_may_say_its_parts() -> None:
    membership = np.arange(60) % 3
    data = open_data(
        DataDescription(ticks=12, split=Split(key="part")), ARRAYS | {"part": membership}
    )
    for k, part in enumerate((data.train, data.validation, data.test)):
        assert part.numbers.tolist() == list(range(k, 60, 3))


@pytest.mark.parametrize(
    ("membership", "message"),
    [
        ([0] * 59, r"arrays: part must be one part for each of 60 samples, not \(59,\)"),
        ([3] * 60, r"arrays: part must be in 0\.\.2, not 3"),
        ([0.5] * 60, "arrays: part must be whole numbers of an integer dtype, not"),
        ([1] * 60, "arrays: part: train part must be of at least 1 sample, not 0"),
    ],
)
def test_wrong_parts_are_refused(membership: list[Any], message: str) -> None:
    description = DataDescription(ticks=12, split=Split(key="part"))
    with pytest.raises(ValueError, match=f"^{message}"):
        open_data(description, ARRAYS | {"part": membership})


def two_files(folder: Path, **second: Any) -> DataDescription:
    np.savez(folder / "train.npz", **ARRAYS)  # type: ignore[arg-type]
    np.savez(folder / "test.npz", **{"inputs": INPUTS[:9], "targets": LABELS[:9]} | second)
    split = Split(0.8, 0.2, 0, test_path=str(folder / "test.npz"))
    return DataDescription(str(folder / "train.npz"), ticks=12, split=split)


def test_the_test_part_may_be_a_file_of_its_own(tmp_path: Path) -> None:
    with open_data(two_files(tmp_path)) as data:
        assert [len(part) for part in (data.train, data.validation, data.test)] == [48, 12, 9]
        assert [data.test.number(place) for place in (0, 8)] == [60, 68]
        assert data.outputs == data.test.targets.outputs == 3
        data.check()


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            {"inputs": INPUTS[:9, :5]},
            r"test.npz: ticks, channels and outputs must be \(12, 8, 3\),",
        ),
        ({"targets": LABELS[:9] + 3}, r"test.npz: targets must be in 0\.\.2, not 3 \(sample 0\)"),
        ({"targets": LABELS[:8]}, "test.npz: targets must be one for each of 9 samples, not 8"),
    ],
)
def test_a_test_file_must_fit(tmp_path: Path, second: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        open_data(two_files(tmp_path, **second))


def test_files_are_closed_where_opening_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["inputs"], file["targets"] = INPUTS, LABELS[:-1]
    with pytest.raises(ValueError, match="^set.h5: targets must be one for each of 60 samples"):
        open_data(DataDescription(str(tmp_path / "set.h5"), ticks=12))
    with h5py.File(tmp_path / "set.h5", "w"):  # HDF5 refuses to write what is open
        pass


NETWORK = Network(
    (Source("inputs", 8),),
    (Population("hidden", 16, PARAMETERS),),
    (Projection("inputs", "hidden", uniform_weights(RANDOM, 8, 16, 20)),),
)
PROGRAM = compile_network(NETWORK, smallest_geometry(NETWORK))
READOUT = fixed_readout(3, 16, 1, RANDOM)


def loop_of(data: Data, copies: Copies, program: Program = PROGRAM) -> TrainingLoop:
    core = ProcessingCore(Readout(READOUT, 3686, 0.06), READOUT, SigmaDeltaEncoder(16, 4096))
    objective = Layers(program, [LearningLayer("hidden", core)])
    task = Task(data.train, ("inputs",), order=data.train.order)
    return TrainingLoop(copies, program, [task], objective, [1], 2)


class Stop(Exception):
    """The process is killed."""


@pytest.mark.parametrize("device", ["golden", "population"])
def test_a_file_trains_and_a_killed_run_goes_on(tmp_path: Path, device: str) -> None:
    """As the arrays do, but for the order of samples; with the same bits after a stop."""
    path = tmp_path / "set.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("inputs", data=INPUTS, chunks=(4, 8))
        file["targets"] = LABELS
    description = DataDescription(str(path), ticks=12)
    kept: dict[str, Any] = {}
    with open_data(description) as data, open_copies(device, PROGRAM.config, [1]) as copies:
        copies.load_weights(PROGRAM.weights[None])
        whole = loop_of(data, copies)

        def keep() -> None:
            if (whole.position.epoch, whole.position.sample) == (1, 7):
                kept.update(whole.state())

        whole.run(keep)
        wanted = whole.chains[0].hexdigest(), copies.weights().tobytes()
    assert wanted[1] != PROGRAM.weights.tobytes()
    with open_data(description) as data, open_copies(device, PROGRAM.config, [1]) as copies:
        resumed = loop_of(data, copies)
        resumed.restore(kept)
        resumed.run()
        assert (resumed.chains[0].hexdigest(), copies.weights().tobytes()) == wanted
