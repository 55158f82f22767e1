"""A model and its samples: a trained run or a NIR file, with the data that it is shown."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.configuration import Configuration, Settings, open_samples
from axonloop.host.data import (
    SCORING,
    Data,
    DataDescription,
    DataPart,
    Digits,
    Split,
    TargetKind,
    generator,
    open_data,
)
from axonloop.host.devices import Device
from axonloop.host.network import Program
from axonloop.host.nir import ImportedGraph, Kind, import_nir, spikes_of
from axonloop.host.processing import ACCURACY, Flags, Goal
from axonloop.host.recorder import Rasters, rasters_of
from axonloop.host.runs import CHECKPOINT, CONFIG, foreign_refused, load_checkpoint
from axonloop.host.training import Samples, layers_of, program_of, task_parts
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require

RUNS = Path("runs")
PARTS = ("train", "validation", "test")
FILES = (".npz", ".h5", ".hdf5", ".hdf")
MODELS = "a NIR file, a run folder or a settings file"
INPUTS, TARGETS = "inputs", "targets"
"""The keys of a data file of which nothing else is known."""


@dataclass(frozen=True)
class ModelOptions:
    """How a NIR file is read, and which part of the data is shown.

    `dialect`, `dt`, `weight_bits`, `state_bits`, `budget`, `reset`, `norm_input` and `spikes` as of
    `import_nir`. `part` is one of train, validation and test; a bare file of data is shown whole.
    """

    dialect: str | None = None
    dt: float | None = None
    weight_bits: int | None = None
    state_bits: int | None = None
    budget: float | None = None
    part: str = "test"
    reset: str | None = None
    norm_input: bool = True
    spikes: int | None = None

    @property
    def of_nir(self) -> dict[str, Any]:
        """Those that are of a NIR file alone, where they are not as usual."""
        usual = {each.name: each.default for each in fields(self) if each.name != "part"}
        given = {name: getattr(self, name) for name in usual}
        return {name: value for name, value in given.items() if value != usual[name]}


@dataclass(frozen=True, eq=False)
class OpenModel:
    """A program with weights, and the samples that it is shown.

    `snapshot`: the chip where training left it; None: only `weights` are loaded. `more`: ticks
    behind each sample, until the last layer has heard all of it. `score` says of the spikes of a
    sample, bool `(ticks, neurons of the chip)`, its target and its inputs how good the answer is,
    by the `measure`; None where there are no targets. `imported`: the graph of a NIR file. `name`
    tells a person what it is.
    """

    name: str
    program: Program
    weights: Int32Array
    samples: Samples
    seed: int
    more: int = 0
    snapshot: dict[str, Any] | None = None
    score: Callable[[Flags, Any, Rasters], float] | None = None
    measure: str = ACCURACY.name
    imported: ImportedGraph | None = None

    def begin(self, device: Device) -> None:
        """Clear a device for a sample."""
        device.clear()
        if self.imported is not None:
            self.imported.start.set_on(device)

    def load(self, device: Device) -> None:
        """Put weights, and what else training left, on a device."""
        if self.snapshot is None:
            device.load_weights(self.weights)
        else:
            device.restore(self.snapshot)

    def inputs(self, place: int) -> Rasters:
        """The input spikes of a sample by source, with random numbers of its own."""
        random = generator(self.seed, SCORING, self.samples.number(place))
        return rasters_of(self.program, self.samples.raster(place, random))

    def rasters(self, inputs: Rasters) -> Rasters:
        """What the chip is sent for them."""
        return inputs if self.imported is None else self.imported.rasters_of(inputs)


@contextmanager
def open_model(
    model: Path, data: Path | None, options: ModelOptions | None = None
) -> Iterator[OpenModel]:
    """A model and its data, which are closed in the end.

    `model`: a NIR file; the folder of a run; or a settings file, whose newest run under `runs` that
    has a checkpoint is taken. `data`: a .npz or HDF5 file, or a TOML or JSON file with a table
    [data]; None: those of the run. In a bare file the keys are those of the run's data; for NIR
    they are `inputs`, spikes (samples, ticks, channels), and `targets`, classes, if it has them.
    Raises ValueError for what is none of these or does not fit.
    """
    chosen = options or ModelOptions()
    require(chosen.part in PARTS, "part", f"one of {', '.join(PARTS)}", chosen.part)
    if model.is_dir() or model.suffix in (".toml", ".json"):
        opened = _trained(_folder_of(model), data, chosen)
    else:
        opened = _imported(model, data, chosen)
    with opened as found:
        yield found


def _folder_of(model: Path) -> Path:
    """The folder of a run: `model`, that of its config.json, or its newest under `runs`."""
    if model.is_dir() or (model.parent / CHECKPOINT).exists():
        folder = model if model.is_dir() else model.parent
        there = (folder / CHECKPOINT).exists()
        require(there, "model", f"a run folder with {CHECKPOINT}", str(model))
        return folder
    require(model.is_file(), "model", MODELS, str(model))
    found = [path.parent for path in RUNS.glob(f"{model.stem}-*/{CHECKPOINT}")]
    wanted = f"one that was trained to {RUNS}/{model.stem}-* (or name the run folder)"
    require(len(found) > 0, "settings file", wanted, str(model))
    return max(found, key=lambda folder: (folder / CHECKPOINT).stat().st_mtime)


@contextmanager
def _trained(folder: Path, data: Path | None, options: ModelOptions) -> Iterator[OpenModel]:
    for name, value in options.of_nir.items():
        require(False, name, "left out for a run; a NIR file has it", value)
    state = load_checkpoint(folder / CHECKPOINT)
    with foreign_refused():
        settings = Configuration.of(state["settings"], f"settings of {CHECKPOINT}").settings
        alone = state.get("network") is None
        require(alone, "run", "one whose network its settings describe", str(folder / CONFIG))
    with _samples_of_run(settings, data, options.part) as (fit, samples, goal):
        program = program_of(fit)
        layers = layers_of([fit], [program], goal)
        with foreign_refused():
            layers.restore(state["objective"])

        def score(spikes: Flags, target: Any, rasters: Rasters) -> float:
            del rasters
            return float(layers.score(spikes[:, None], [target])[-1][0])

        yield OpenModel(
            f"run {folder}",
            program,
            state["device"]["weights"],
            samples,
            fit.run.seed,
            snapshot=state["device"],
            score=None if goal is None else score,
            measure=layers.measure.name,
        )


@contextmanager
def _samples_of_run(
    settings: Settings, data: Path | None, part: str
) -> Iterator[tuple[Settings, Samples, Goal | None]]:
    """The run's settings fitted to its own data, the samples, and how they are scored."""
    if data is None:
        with open_samples(settings) as (fit, opened):
            yield fit, _part_of(fit, opened, part), _goal_of(fit, opened)
        return
    usual = DataDescription(inputs=INPUTS, targets=TARGETS, ticks=settings.task.ticks)
    with _opened(data, settings.data or usual) as (opened, whole):
        own = opened.train if whole else getattr(opened, part)
        inputs, outputs = settings.task.inputs, settings.task.classes
        good = opened.channels == inputs
        require(good, "channels of the data", f"{inputs}, as those of the run", opened.channels)
        fits = opened.outputs <= outputs
        require(fits, "outputs of the data", f"at most {outputs}, as of the run", opened.outputs)
        yield settings, own, _goal_of(settings, opened)


def _goal_of(settings: Settings, data: Digits | Data) -> Goal | None:
    """How samples are scored; None where they have no targets of a readout."""
    if isinstance(data, Digits):
        return Goal()
    if data.target not in (TargetKind.CLASS, TargetKind.NUMBERS):
        return None
    classes, series = data.target == TargetKind.CLASS, data.train.targets.ticks is not None
    return Goal.of(classes, settings.objective.loss, series)


def _part_of(settings: Settings, data: Digits | Data, part: str) -> Samples:
    """A part of the data that a run was trained with."""
    if isinstance(data, Data):
        own: DataPart = getattr(data, part)
        return own
    changed = settings.changed({"task": {"tune": part == "validation"}})
    parts = task_parts(changed, data)
    return parts.train if part == "train" else parts.final


@contextmanager
def _opened(path: Path, usual: DataDescription) -> Iterator[tuple[Data, bool]]:
    """Open data by a file with [data], or a bare file of the usual keys; is it shown whole?"""
    if path.suffix in (".toml", ".json"):
        found = Configuration.read(path).settings.data
        require(found is not None, "data", "a file with a table [data]", str(path))
        assert found is not None
        with open_data(found) as data:
            yield data, False
        return
    known = path.suffix.lower() in FILES
    require(known, "data", f"a file that ends with .toml, {', '.join(FILES)}", str(path))
    whole = replace(usual, path=str(path), split=Split(1.0, 0.0, 0.0))
    with open_data(whole) as data:
        yield data, True


@contextmanager
def _imported(model: Path, data: Path | None, options: ModelOptions) -> Iterator[OpenModel]:
    require(model.is_file(), "model", MODELS, str(model))
    require(options.dialect is not None, "dialect", "given for a NIR file, as --dialect nir", None)
    require(data is not None, "data", "given for a NIR file, as --data set.npz", None)
    assert data is not None
    target = "class" if _has_key(data, TARGETS) else "none"
    usual = DataDescription(inputs=INPUTS, targets=TARGETS, kind="spikes", target=target)
    with _opened(data, usual) as (opened, whole):
        samples = opened.train if whole else getattr(opened, options.part)
        found = import_nir(model, **options.of_nir, ticks=opened.ticks)
        sizes = {name: len(table) for name, table in found.program.axons.items()}
        good = opened.channels == sum(sizes.values())
        require(good, "channels of the data", f"{sizes}, as the Inputs", opened.channels)
        classes = opened.target == TargetKind.CLASS
        answers = classes and len(found.graph.names(Kind.OUTPUT)) == 1
        yield OpenModel(
            f"{model}, dialect {found.dialect}",
            found.program,
            found.program.weights,
            samples,
            0,
            found.more,
            score=_right_of(found) if answers else None,
            imported=found,
        )


def _right_of(found: ImportedGraph) -> Callable[[Flags, Any, Rasters], float]:
    """Is the class of a sample where the graph's output is largest, summed over its steps?"""
    (output,) = found.graph.names(Kind.OUTPUT)
    heard = found.graph.heard[output]

    def right(spikes: Flags, target: Any, rasters: Rasters) -> float:
        populations = {name: spikes[:, at] for name, at in found.program.neurons.items()}
        own = spikes_of(populations, found.nodes)
        if len(heard) == 1 and heard[0] in own:
            total = own[heard[0]].sum(axis=0)
        else:
            total = found.simulate(rasters, own).outputs[output].sum(axis=0).ravel()
        return float(int(np.argmax(total)) == target)

    return right


def _has_key(path: Path, key: str) -> bool:
    """Does a file of arrays have an array of this name? Not where it cannot be read."""
    try:
        if path.suffix == ".npz":
            with np.load(path) as file:
                return key in file.files
        import h5py  # type: ignore[import-untyped]  # slow to load

        with h5py.File(path) as file:
            return key in file
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
