"""Everything that decides a training run but the device, in tables by what it decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from axonloop.host.configuration.data_table import (
    DECIDED,
    ELSEWHERE,
    agreed_task,
    changed_data,
    decided_by,
)
from axonloop.host.configuration.network_settings import NetworkSettings
from axonloop.host.configuration.ranges import require_ranges, require_word
from axonloop.host.configuration.tables import changed_geometry, changed_table
from axonloop.host.data import CLASSES, PIXELS, WHITE, Data, DataDescription, Encoding, TargetKind
from axonloop.host.network import Strategy
from axonloop.host.processing import ErrorCode, Feedback, LossName
from axonloop.models.checks import require, require_number, require_range
from axonloop.models.config import (
    DECAY_ONE,
    MAX_AXONS,
    MAX_ETA_SHIFT,
    ConvolutionGeometry,
    Geometry,
    ParameterSet,
)

MANY = 1_000_000
"""The largest number of epochs, ticks and samples that settings may ask for."""


@dataclass(frozen=True)
class TaskSettings:
    """The samples, and the spikes that are made of them.

    `tune` trains on the train part and scores on validation; without it a run trains on both and
    scores on test. `limit` keeps that many samples of each part. `inputs`, `classes` and `white`,
    the largest value of an input, are those of the digits unless other data is given. Raises
    ValueError for values out of range.
    """

    encoding: str = "regular"
    peak: float = 0.8
    ticks: int = 40
    limit: int | None = None
    tune: bool = False
    inputs: int = PIXELS
    classes: int = CLASSES
    white: int = WHITE

    def __post_init__(self) -> None:
        require_word("encoding", self.encoding, Encoding)
        require_number("peak", self.peak)
        require(0 < self.peak <= 1, "peak", "above 0 and at most 1", self.peak)
        require(isinstance(self.tune, bool), "tune", "true or false", self.tune)
        require_ranges(
            self,
            ticks=(2, MANY),
            limit=(1, MANY),
            inputs=(1, ConvolutionGeometry.MOST),
            classes=(1, 1000),
            white=(1, MANY),
        )


@dataclass(frozen=True)
class ObjectiveSettings:
    """The readout, its loss, and the error events that the neurons hear of.

    `threshold` is in units of the gradient with respect to the logits; `event_rate` is the share
    of neurons in error per tick that a controller holds. `strategy` says where the errors of
    layers come from (see host.network.channel). Of each layer its own readout leaves out a share of
    `dropout`, drawn anew in each tick; ungated errors keep its neurons in `activity_floor` ..
    `activity_ceiling` spikes per tick, `activity` of them for each that a neuron is outside (0:
    none). Errors are made in every `every`-th tick behind the first `burn_in` ones.
    A readout is random and fixed, with magnitudes up to `readout_top`, or with a `readout_rate`
    above 0 it learns, from 0 on. `loss` is cross-entropy, of classes, or mse or smooth-l1, of
    numbers; None: cross-entropy or mse, by the data; integer: the one of these two that a
    processing node computes (docs/processor.md). Raises ValueError for values out of range, for
    errors of a sample with latency or an event rate, for feedback that cannot follow a readout that
    learns, and for what a node cannot compute.
    """

    loss: str | None = None
    burn_in: int = 12
    every: int = 1
    readout_top: int = 1
    readout_leak: int = 3686
    readout_rate: float = 0.0
    logit_scale: float = 0.06
    strategy: str = "local"
    feedback: str = "symmetric"
    errors: str = "sigma-delta"
    error_limit: int = 1
    threshold: float = 4.0
    event_rate: float | None = None
    latency: int = 0
    dropout: float = 0.0
    activity: float = 0.0
    activity_floor: float = 0.0
    activity_ceiling: float = 1.0

    def __post_init__(self) -> None:
        require_word("strategy", self.strategy, Strategy)
        require_word("feedback", self.feedback, Feedback)
        require_word("errors", self.errors, ErrorCode)
        if self.loss is not None:
            require_word("loss", self.loss, LossName)
        if self.loss == LossName.INTEGER:
            self._require_node()
        for name in ("logit_scale", "threshold", "readout_rate"):
            require_number(name, getattr(self, name))
        require(0 <= self.readout_rate <= 1, "readout_rate", "in 0..1", self.readout_rate)
        if self.readout_rate > 0:
            wanted = f"{Feedback.SYMMETRIC} where the readout learns"
            require(self.feedback == Feedback.SYMMETRIC, "feedback", wanted, self.feedback)
            wanted = f"{Strategy.LOCAL} where readouts learn"
            require(self.strategy == Strategy.LOCAL, "strategy", wanted, self.strategy)
        require(self.logit_scale > 0, "logit_scale", "above 0", self.logit_scale)
        require(0 < self.threshold < 2**20, "threshold", "above 0 and below 2**20", self.threshold)
        for name in ("dropout", "activity", "activity_floor", "activity_ceiling"):
            require_number(name, getattr(self, name))
        require(0 <= self.dropout < 1, "dropout", "0 or more and below 1", self.dropout)
        require(0 <= self.activity <= 100, "activity", "in 0..100", self.activity)
        low, high = self.activity_floor, self.activity_ceiling
        require(0 <= low <= 1, "activity_floor", "in 0..1", low)
        require(low <= high <= 1, "activity_ceiling", f"in activity_floor ({low})..1", high)
        if self.event_rate is not None:
            require_number("event_rate", self.event_rate)
            require(0 < self.event_rate < 1, "event_rate", "above 0 and below 1", self.event_rate)
        require_ranges(
            self,
            burn_in=(0, MANY),
            every=(1, MANY),
            readout_top=(1, 127),
            readout_leak=(0, DECAY_ONE),
            error_limit=(1, 127),
            latency=(0, MANY),
        )
        if self.errors == ErrorCode.SAMPLE:
            alone = "left out where errors are those of a sample"
            require(self.event_rate is None, "event_rate", alone, self.event_rate)
            require(
                self.latency == 0, "latency", "0 where errors are those of a sample", self.latency
            )

    def _require_node(self) -> None:
        """ValueError for what a processing node cannot compute."""
        own, told = LossName.INTEGER, [str(code) for code in ErrorCode if code != ErrorCode.SAMPLE]
        require(self.every == 1, f"every with the loss {own}", "1", self.every)
        require(self.dropout == 0, f"dropout with the loss {own}", "0", self.dropout)
        require(self.readout_rate == 0, f"readout_rate with the loss {own}", "0", self.readout_rate)
        wanted = f"one of {', '.join(told)}"
        require(self.errors in told, f"errors with the loss {own}", wanted, self.errors)


@dataclass(frozen=True)
class RunSettings:
    """The seed of everything random, and for how long the network learns.

    With `anneal` the learning rate is halved (eta_shift grows by 1) after every so many epochs.
    Raises ValueError for values out of range.
    """

    seed: int = 1
    epochs: int = 3
    anneal: int | None = None

    def __post_init__(self) -> None:
        require_ranges(self, seed=(0, 2**32 - 1), epochs=(1, MANY), anneal=(1, MANY))


@dataclass(frozen=True)
class Settings:
    """A training run; every value is written to config.json and can be read from it.

    The network gets the smallest cores that hold it, or those of a `geometry`, whose lanes and
    weight bits are then the network's. The samples are a user's `data`, or else the digits. Raises
    ValueError where values of two tables do not go together.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    task: TaskSettings = field(default_factory=TaskSettings)
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    run: RunSettings = field(default_factory=RunSettings)
    geometry: Geometry | None = None
    data: DataDescription | None = None

    def __post_init__(self) -> None:
        for name, kind in TABLES.items():
            table = getattr(self, name)
            require(isinstance(table, kind), name, f"of the kind {kind.__name__}", table)
        if self.geometry is not None:
            for name in SHARED:
                given, built = getattr(self.network, name), getattr(self.geometry, name)
                require(given == built, f"network.{name}", f"the geometry's, {built}", given)
        if self.data is not None:
            object.__setattr__(self, "task", self._task_of(self.data))
            self.require_loss(self.data.target == TargetKind.CLASS)
        if self.data is None or self.data.ticks is not None:
            self.require_ticks()
        for parameters in self.parameters_in(self.run.epochs - 1):
            last = parameters.eta_shift
            require_range("eta_shift of the last epoch", last, 0, MAX_ETA_SHIFT)

    def require_loss(self, of_classes: bool) -> None:
        """ValueError where the loss is of other targets than the data have."""
        named = self.objective.loss
        known = [str(loss) for loss in LossName if loss.takes(of_classes)]
        wanted = f"left out or {' or '.join(known)}, of {'classes' if of_classes else 'numbers'}"
        require(named in (None, *known), "objective.loss", wanted, named)

    def _task_of(self, data: DataDescription) -> TaskSettings:
        """The task, with what the description decides; what is as usual counts as left out."""
        usual, own = TaskSettings(), dataclasses.asdict(self.task)
        given = {name: value for name, value in own.items() if value != getattr(usual, name)}
        return replace(self.task, **agreed_task(given, decided_by(data)))

    def require_ticks(self) -> None:
        """ValueError unless a sample has ticks enough; data may have them in their file alone."""
        ticks, burn_in = self.task.ticks, self.objective.burn_in
        require_range("objective.burn_in", burn_in, 0, ticks - 1)
        require_range("objective.latency", self.objective.latency, 0, ticks - burn_in - 1)

    def fitted(self, data: Data, given: Mapping[str, Any] | None = None) -> Settings:
        """These settings with the ticks, inputs and outputs of open data.

        `given`: the table [task] as somebody wrote it. Raises ValueError, which names both keys,
        where [task] says otherwise, and for targets that are neither classes nor numbers.
        """
        good = data.target in (TargetKind.CLASS, TargetKind.NUMBERS)
        wanted = "class or numbers, to be trained and scored"
        require(good, "data.target", wanted, str(data.target))
        most = ConvolutionGeometry.MOST if self.network.convolutions else MAX_AXONS
        require(data.channels <= most, "channels", f"at most {most}", data.channels)
        found: dict[str, Any] = {
            "ticks": data.ticks,
            "inputs": data.channels,
            "classes": data.outputs,
        }
        usual = TaskSettings()
        own = {name: getattr(self.task, name) for name in found}
        told = {name: value for name, value in own.items() if value != getattr(usual, name)}
        agreed_task(told | {k: v for k, v in (given or {}).items() if k in found}, found)
        network = self.network
        if network.convolutions and network.image is None and len(data.shape) > 1:
            network = replace(network, image=(1, *data.shape)[-3:])
        fit = replace(self, network=network, task=replace(self.task, **found))
        fit.require_ticks()
        return fit

    def parameters_in(self, epoch: int) -> list[ParameterSet]:
        """The parameters of every layer in an epoch, the first being 0."""
        anneal, network = self.run.anneal, self.network
        steps = 0 if anneal is None else epoch // anneal
        chosen = [network.parameters] + [network.deep] * (network.depth - 1)
        return [replace(each, eta_shift=each.eta_shift + steps) for each in chosen]

    def changed(self, tables: Mapping[str, Any]) -> Settings:
        """These settings with other values, as {"objective": {"threshold": 3.0}}.

        A parameter set or geometry is given whole, or as a dictionary of what changes of it.
        Raises ValueError for what is unknown or out of range, with its table and name.
        """
        own, chip, data = dict(tables), self.geometry, self.data
        if (geometry := own.pop("geometry", None)) is not None:
            chip = changed_geometry(chip or Geometry(), geometry)
            own["network"] = {name: getattr(chip, name) for name in SHARED} | own.get("network", {})
        if (described := own.pop("data", None)) is not None:
            data = changed_data(data, described)
        if data is not None:
            data, own["task"] = self._task_beside(data, own.get("task", {}), described)
        changed: Settings = changed_table(replace(self, geometry=None, data=None), own, "")
        return replace(changed, geometry=chip, data=data)

    def _task_beside(
        self, data: DataDescription, task: Any, described: Any
    ) -> tuple[DataDescription, Any]:
        """The description with the limit of [task], and [task] with what the description says."""
        if isinstance(task, TaskSettings):
            return data, task
        require(isinstance(task, Mapping), "task", "a table", task)
        given = dict(task)
        limit = given.pop("limit", None)
        if limit is not None:
            alone = not isinstance(described, Mapping) or described.get("limit") in (None, limit)
            require(alone, "task.limit", "left out where data.limit is given", limit)
            data = changed_data(data, {"limit": limit})
        found = agreed_task(given, decided_by(data))
        if described is not None:
            usual = TaskSettings()
            found = {name: getattr(usual, name) for name in DECIDED} | found
        return data, found

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary of tables; `from_dict` is its inverse."""
        tables = dataclasses.asdict(self)
        if self.data is not None:
            own = tables["task"].items()
            tables["task"] = {name: value for name, value in own if name not in ELSEWHERE}
        return {name: table for name, table in tables.items() if table is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """The usual settings, changed by `data`; ValueError as of `changed`."""
        return cls().changed(data)


TABLES: dict[str, type] = {
    "network": NetworkSettings,
    "task": TaskSettings,
    "objective": ObjectiveSettings,
    "run": RunSettings,
}
"""The tables of settings by their names in files."""
SHARED = ("lanes", "weight_bits")
"""What a network's table says too where a chip has a geometry of its own."""
