"""Everything that decides a training run but the device, in tables by what it decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from axonloop.host.configuration.convolution_layer import ConvolutionLayer
from axonloop.host.configuration.data_table import (
    DECIDED,
    ELSEWHERE,
    agreed_task,
    changed_data,
    decided_by,
)
from axonloop.host.configuration.rules import with_rule
from axonloop.host.configuration.tables import changed_table, entry_of
from axonloop.host.data import CLASSES, PIXELS, WHITE, Data, DataDescription, Encoding, TargetKind
from axonloop.host.network import MOST_SPREAD, Strategy
from axonloop.host.processing import ErrorCode, Feedback, LossName
from axonloop.models.checks import require, require_number, require_range, take_whole
from axonloop.models.config import (
    DECAY_ONE,
    MAX_AXONS,
    MAX_ETA_SHIFT,
    MAX_NEURONS,
    ConvolutionGeometry,
    Geometry,
    Mesh,
    ParameterSet,
    ResetMode,
)
from axonloop.models.memristor import WRITE_RULES, find_memristor

PARAMETERS = ParameterSet(
    alpha_n=3686,
    beta_n=2867,
    theta=1536,
    box=2304,
    w_exp=4,
    alpha_p=3482,
    beta_p=1024,
    q_inc=256,
    p_shift=2,
    pq_shift=4,
    pq_on=16,
    eta_shift=6,
)
"""Neurons and traces of the digits network, found on the validation part."""
DEEP = replace(
    PARAMETERS, alpha_n=3900, beta_n=1500, w_exp=3, reset_mode=ResetMode.SUBTRACT, eta_shift=6
)
"""The same behind the first layer, where axons are neurons: found by cross-validation."""
WIDEST = Geometry(state_bits=24, trace_bits=16)
"""Parameters that no chip has room for are refused before there is one."""
MOST_INPUTS = ConvolutionGeometry.MOST
MANY = 1_000_000
"""The largest number of epochs, ticks and samples that settings may ask for."""


@dataclass(frozen=True)
class NetworkSettings:
    """The network, and the cores that hold it.

    `layers` are the sizes of the populations, one behind the other, behind the `convolutions` if
    there are some, as [[network.convolutions]]; then `image` is the shape of the inputs, (channels,
    height, width), which of events is known. Layers behind the first use `deep` and `deep_span`.
    `recurrent_span` gives every layer synapses with itself, whose first weights are that large at
    most; `recurrent_traces` are the parameters of their axons' traces, or a dictionary of what is
    not as in `parameters`; None: those. `rule` names a learning rule of
    an installed package, which makes the terms of both; None: theirs. `memristor` names a kind of
    device, or its file, that the synapses are (None: plain integers), and `write_rule` what becomes
    of a wanted change: compensation, gain or same. `write_spread` and `device_spread` are the
    standard deviations of pulses from write to write and from device to device, over their mean, in
    0..0.57 (None: those of the kind). `endurance` is the writes after which a memristor is stuck
    (None: it never is, whatever its kind bears). Raises ValueError for values out of range.
    """

    layers: tuple[int, ...] = (256,)
    mesh: str = "1x1"
    lanes: int = 16
    weight_bits: int = 8
    weight_span: int = 8
    deep_span: int = 8
    recurrent_span: int | None = None
    recurrent_traces: ParameterSet | None = None
    rule: str | None = None
    memristor: str | None = None
    write_rule: str = "compensation"
    write_spread: float | None = None
    device_spread: float | None = None
    endurance: float | None = None
    image: tuple[int, ...] | None = None
    convolutions: tuple[ConvolutionLayer, ...] = ()
    parameters: ParameterSet = field(default=PARAMETERS)
    deep: ParameterSet = field(default=DEEP)

    def __post_init__(self) -> None:
        if hasattr(self.layers, "tolist"):  # an array or a tensor
            object.__setattr__(self, "layers", self.layers.tolist())
        self._take_convolutions()
        least = 0 if self.convolutions else 1
        listed = isinstance(self.layers, list | tuple) and len(self.layers) >= least
        require(listed, "layers", "a list of sizes, at least one", self.layers)
        sizes = tuple(
            require_range(f"layers[{k}]", size, 1, MAX_NEURONS)
            for k, size in enumerate(self.layers)
        )
        object.__setattr__(self, "layers", sizes)
        require(isinstance(self.mesh, str), "mesh", "columns x rows, as 2x2", self.mesh)
        span = (0, (1 << 15) - 1)
        _require_ranges(self, lanes=(1, 64), weight_bits=(2, 16))
        _require_ranges(self, weight_span=span, deep_span=span, recurrent_span=span)
        taken = sum(-(-size // self.lanes) * self.lanes for size in sizes)
        try:
            most = Mesh.parse(self.mesh).cores * MAX_NEURONS
        except ValueError as error:
            told = str(error) if str(error).startswith("mesh") else f"mesh: {error}"
            raise ValueError(told) from error
        limit = f"of at most {most} neurons on a mesh of {self.mesh}"
        require(taken <= most, "layers", limit, taken)
        for name in ("parameters", "deep"):
            _require_parameters(name, getattr(self, name))
            if self.rule is not None:
                require(isinstance(self.rule, str), "rule", "text", self.rule)
                object.__setattr__(self, name, with_rule(getattr(self, name), self.rule, name))
        self._check_memristor()
        if self.recurrent_traces is not None:
            self._check_recurrent_traces(self.recurrent_traces)

    @property
    def depth(self) -> int:
        """How many layers there are, of both kinds."""
        return len(self.convolutions) + len(self.layers)

    def _take_convolutions(self) -> None:
        """From files layers come as dictionaries, and shapes as lists."""
        listed = isinstance(self.convolutions, list | tuple)
        require(listed, "convolutions", "a list of tables", self.convolutions)
        found = []
        for k, each in enumerate(self.convolutions):
            try:
                found.append(ConvolutionLayer(**each) if isinstance(each, Mapping) else each)
            except (TypeError, ValueError) as error:
                raise ValueError(f"convolutions[{k}].{error}") from error
            good = isinstance(found[-1], ConvolutionLayer)
            require(good, f"convolutions[{k}]", "a table, as {channels = 16, kernel = 5}", each)
        object.__setattr__(self, "convolutions", tuple(found))
        for name in ("recurrent_span", "memristor"):
            value = getattr(self, name)
            good = value is None or not found
            require(good, name, "left out where convolutions are given", value)
        if self.image is None:
            return
        require(bool(found), "image", "left out where convolutions are", self.image)
        shape = self.image
        three = isinstance(shape, list | tuple) and len(shape) == 3
        require(three, "image", "(channels, height, width), as [2, 34, 34]", shape)
        sides = tuple(require_range("sides of image", side, 1, MOST_INPUTS) for side in shape)
        object.__setattr__(self, "image", sides)

    def _check_memristor(self) -> None:
        rules = f"one of {', '.join(WRITE_RULES)}"
        require(self.write_rule in WRITE_RULES, "write_rule", rules, self.write_rule)
        for name in ("write_spread", "device_spread"):
            value = getattr(self, name)
            if value is not None:
                require_number(name, value)
                require(0 <= value <= MOST_SPREAD, name, f"in 0..{MOST_SPREAD}", value)
        if self.endurance is not None:
            require_number("endurance", self.endurance)
            require(self.endurance >= 1, "endurance", "1 write or more", self.endurance)
            good = self.memristor is not None
            require(good, "endurance", "left out where memristor is", self.endurance)
        if self.memristor is None:
            return
        require(isinstance(self.memristor, str), "memristor", "text", self.memristor)
        find_memristor(self.memristor)
        require(self.weight_bits >= 8, "weight_bits", "8 or more on memristors", self.weight_bits)

    def _check_recurrent_traces(self, traces: ParameterSet | Mapping[str, Any]) -> None:
        """From files traces come as a dictionary of the registers that are not the layer's."""
        if isinstance(traces, Mapping):
            traces = ParameterSet.from_dict(dataclasses.asdict(self.parameters) | dict(traces))
            object.__setattr__(self, "recurrent_traces", traces)
        _require_parameters("recurrent_traces", traces)
        span = self.recurrent_span
        require(span is not None, "recurrent_span", "given where recurrent_traces are", span)


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
        _require_word("encoding", self.encoding, Encoding)
        require_number("peak", self.peak)
        require(0 < self.peak <= 1, "peak", "above 0 and at most 1", self.peak)
        require(isinstance(self.tune, bool), "tune", "true or false", self.tune)
        _require_ranges(
            self,
            ticks=(2, MANY),
            limit=(1, MANY),
            inputs=(1, MOST_INPUTS),
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
    none). Errors are made in every `every`-th tick behind the
    first `burn_in` ones. `loss` is cross-entropy, of classes, or mse or
    smooth-l1, of numbers; None: cross-entropy or mse, by the data. Raises ValueError for values out
    of range.
    """

    loss: str | None = None
    burn_in: int = 12
    every: int = 1
    readout_top: int = 1
    readout_leak: int = 3686
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
        _require_word("strategy", self.strategy, Strategy)
        _require_word("feedback", self.feedback, Feedback)
        _require_word("errors", self.errors, ErrorCode)
        if self.loss is not None:
            _require_word("loss", self.loss, LossName)
        for name in ("logit_scale", "threshold"):
            require_number(name, getattr(self, name))
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
        _require_ranges(
            self,
            burn_in=(0, MANY),
            every=(1, MANY),
            readout_top=(1, 127),
            readout_leak=(0, DECAY_ONE),
            error_limit=(1, 127),
            latency=(0, MANY),
        )


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
        _require_ranges(self, seed=(0, 2**32 - 1), epochs=(1, MANY), anneal=(1, MANY))


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
        known = [str(loss) for loss in LossName if loss.of_classes == of_classes]
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
        most = MOST_INPUTS if self.network.convolutions else MAX_AXONS
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
            chip = entry_of(chip or Geometry(), geometry, "geometry")
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


def _require_parameters(name: str, value: object) -> None:
    require(isinstance(value, ParameterSet), name, "a parameter set", value)
    assert isinstance(value, ParameterSet)
    value.require_ranges(WIDEST, f"{name}.")


def _require_ranges(owner: object, **ranges: tuple[int, int]) -> None:
    """ValueError for a whole number out of its range; None passes where it is the default."""
    take_whole(owner, *ranges)
    usual = {entry.name: entry.default for entry in dataclasses.fields(owner)}  # type: ignore[arg-type]
    for name, (low, high) in ranges.items():
        value = getattr(owner, name)
        if value is not None or usual[name] is not None:
            require_range(name, value, low, high)


def _require_word(name: str, value: object, kind: type[StrEnum]) -> None:
    words = [entry.value for entry in kind]
    require(isinstance(value, str) and value in words, name, f"one of {', '.join(words)}", value)
