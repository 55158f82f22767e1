"""The table [network]: layers, synapses, and the cores that hold them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from axonloop.host.configuration.convolution_layer import ConvolutionLayer
from axonloop.host.configuration.ranges import require_ranges
from axonloop.host.configuration.rules import with_rule
from axonloop.host.network import MOST_SPREAD
from axonloop.models.checks import require, require_number, require_range
from axonloop.models.config import (
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
        require_ranges(self, lanes=(1, 64), weight_bits=(2, 16))
        require_ranges(self, weight_span=span, deep_span=span, recurrent_span=span)
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
        most = ConvolutionGeometry.most_units(large=False)
        sides = tuple(require_range("sides of image", side, 1, most) for side in shape)
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


def _require_parameters(name: str, value: object) -> None:
    require(isinstance(value, ParameterSet), name, "a parameter set", value)
    assert isinstance(value, ParameterSet)
    value.require_ranges(WIDEST, f"{name}.")
