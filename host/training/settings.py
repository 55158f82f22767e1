"""Everything that decides a training run, but the device."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from axonloop.host.data import CLASSES, PIXELS, WHITE
from axonloop.host.network import Strategy
from axonloop.models.checks import require, require_number, require_range
from axonloop.models.config import (
    MAX_AXONS,
    MAX_ETA_SHIFT,
    MAX_NEURONS,
    Mesh,
    ParameterSet,
    ResetMode,
)

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


@dataclass(frozen=True)
class Settings:
    """A run of `train digits`; every value is written to config.json and can be read from it.

    `tune` trains on the train part and scores on validation; without it a run trains on both and
    scores on test. `limit` keeps that many samples of each part. `threshold` is in units of the
    gradient with respect to the logits; `event_rate` is the share of neurons in error per tick
    that a controller holds. With `anneal` the learning rate is halved (eta_shift grows by 1)
    after every so many epochs. `layers` are the sizes of the populations, one behind the other;
    those behind the first use `deep` and `deep_span`; `strategy` says where their errors come
    from (see host.channel). `recurrent_span` gives a single layer synapses with itself, whose first
    weights are that large at most. `inputs`, `classes` and `white`, the largest value of an input,
    are those of the digits unless other data is given. Raises ValueError for values out of range.
    """

    seed: int = 1
    epochs: int = 3
    limit: int | None = None
    tune: bool = False

    inputs: int = PIXELS
    classes: int = CLASSES
    white: int = WHITE
    encoding: str = "regular"
    peak: float = 0.8
    ticks: int = 40
    burn_in: int = 12

    layers: tuple[int, ...] = (256,)
    mesh: str = "1x1"
    lanes: int = 16
    weight_bits: int = 8
    weight_span: int = 8
    deep_span: int = 8
    recurrent_span: int | None = None
    anneal: int | None = None
    parameters: ParameterSet = field(default=PARAMETERS)
    deep: ParameterSet = field(default=DEEP)

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

    def __post_init__(self) -> None:
        for name in ("peak", "logit_scale", "threshold", "event_rate"):
            value = getattr(self, name)
            if value is not None or name != "event_rate":
                require_number(name, value)
        require(isinstance(self.tune, bool), "tune", "true or false", self.tune)
        listed = isinstance(self.layers, list | tuple) and len(self.layers) > 0
        require(listed, "layers", "a list of sizes, at least one", self.layers)
        object.__setattr__(self, "layers", tuple(self.layers))
        for k, size in enumerate(self.layers):
            require_range(f"layers[{k}]", size, 1, MAX_NEURONS)
        alone = self.recurrent_span is None or len(self.layers) == 1
        require(alone, "layers of a recurrent network", "a single one", self.layers)
        kinds = [entry.value for entry in Strategy]
        good = self.strategy in kinds
        require(good, "strategy", f"one of {', '.join(kinds)}", self.strategy)
        require(isinstance(self.mesh, str), "mesh", "columns x rows, as 2x2", self.mesh)
        Mesh.parse(self.mesh)
        require_range("lanes", self.lanes, 1, 64)
        require_range("seed", self.seed, 0, 2**32 - 1)
        require_range("inputs", self.inputs, 1, MAX_AXONS)
        require_range("classes", self.classes, 1, 1000)
        require_range("white", self.white, 1, 1_000_000)
        require_range("epochs", self.epochs, 1, 1_000_000)
        require_range("ticks", self.ticks, 2, 1_000_000)
        require_range("burn-in", self.burn_in, 0, self.ticks - 1)
        require_range("latency", self.latency, 0, self.ticks - self.burn_in - 1)
        require(0 < self.threshold < 2**20, "threshold", "above 0 and below 2**20", self.threshold)
        for name in ("limit", "anneal"):
            if getattr(self, name) is not None:
                require_range(name, getattr(self, name), 1, 1_000_000)
        for parameters in self.parameters_in(self.epochs - 1):
            last = parameters.eta_shift
            require_range("eta_shift of the last epoch", last, 0, MAX_ETA_SHIFT)

    def parameters_in(self, epoch: int) -> list[ParameterSet]:
        """The parameters of every layer in an epoch, the first being 0."""
        steps = 0 if self.anneal is None else epoch // self.anneal
        chosen = [self.parameters] + [self.deep] * (len(self.layers) - 1)
        return [replace(each, eta_shift=each.eta_shift + steps) for each in chosen]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; `from_dict` is its inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Build and check settings; ValueError names keys that are unknown."""
        known = {entry.name for entry in dataclasses.fields(cls)}
        unknown = sorted(set(data) - known)
        require(not unknown, "settings", f"among {', '.join(sorted(known))}", unknown)
        values = dict(data)
        try:
            for name in {"parameters", "deep"} & set(values):
                values[name] = ParameterSet.from_dict(values[name])
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"settings must be of the known kinds: {error}") from error
