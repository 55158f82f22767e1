"""Neurons and readouts in float, step by step, as the tools compute them.

Each equation is that of a tool, in its own words, with none of the chip's coefficients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import FloatReset
from axonloop.host.nir.dialects import Dialect, Reading
from axonloop.host.nir.nodes import Floats, Shape, numbers, per_neuron

Spikes = NDArray[Any]
"""Spikes `(steps, neurons)`: bool, or counts where there may be several in a step."""


class FloatNeurons:
    """LIF, CubaLIF, IF or Threshold: a state per neuron; norse starts it at v_leak."""

    def __init__(self, name: str, node: Any, shape: Shape, reading: Reading) -> None:
        self.what, self.size, self.reading = type(node).__name__, int(np.prod(shape)), reading
        fields = [k for k, v in vars(node).items() if v is not None and k not in _NOT_NUMBERS]
        self.p = {f: per_neuron(name, node, f, shape).ravel() for f in fields}
        self.rest = self.p.get("v_reset", np.zeros(self.size))
        self.threshold = self.p["threshold" if self.what == "Threshold" else "v_threshold"]
        self.v, self.i, self.last = self.rest.copy(), np.zeros(self.size), np.zeros(self.size)
        if reading.dialect is Dialect.NORSE and "v_leak" in self.p:
            self.v = self.p["v_leak"].copy()
        self.before = self.v

    def advance(self, x: Floats, given: Spikes | None) -> Spikes:
        """Spikes of a step with input `x`; the reset is that of the spikes `given`, if any."""
        self._integrate(x)
        self.before = self.v
        fired = self._fired()
        own = (fired if given is None else given).astype(np.float64)
        reset = FloatReset.ZERO if self.what == "Threshold" else self.reading.reset
        if reset is FloatReset.ZERO:
            self.v = np.where(own > 0, self.rest, self.v)
        elif reset is FloatReset.SUBTRACT:
            self.v = self.v - own * self.threshold
        elif reset is FloatReset.LATE:
            self.last = own
        return fired

    def membrane(self, before_reset: bool) -> Floats:
        """The membrane in thresholds above reset."""
        v = self.before if before_reset else self.v
        return np.asarray((v - self.rest) / (self.threshold - self.rest))

    def _fired(self) -> Spikes:
        if self.what == "Threshold" or not self.reading.inclusive:
            return (self.v > self.threshold).astype(np.int64)
        if self.reading.several:
            return np.maximum(np.floor(self.v / self.threshold), 0).astype(np.int64)
        return (self.v >= self.threshold).astype(np.int64)

    def _integrate(self, x: Floats) -> None:
        p, dialect = self.p, self.reading.dialect
        if self.what == "Threshold":
            self.v = x
        elif self.what == "IF":
            inert = dialect in (Dialect.NORSE, Dialect.SINABS)  # of dt
            self.v = self.v + p["r"] * x * (1.0 if inert else self.reading.dt)
        elif self.what == "LIF":
            self._leak(p["tau"], x)
        else:
            self._filter(x)

    def _leak(self, tau: Floats, x: Floats) -> None:
        """One step of a membrane with an input that needs no filter."""
        p, dt, dialect = self.p, self.reading.dt, self.reading.dialect
        if dialect is Dialect.SINABS:
            alpha = np.exp(-dt / tau)
            self.v = alpha * self.v + p["r"] * x * ((1 - alpha) if self.reading.norm_input else 1)
        elif dialect is Dialect.ROCKPOOL:
            alpha = np.exp(-dt / tau)
            self.v = alpha * self.v + p["r"] * x * dt / tau / alpha
        elif dialect is Dialect.SNNTORCH:
            self.v = (1 - dt / tau) * self.v + p["r"] * dt / tau * x - self.last * self.threshold
        else:
            rate = self.reading.unit(tau) / tau
            self.v = self.v + rate * (p["v_leak"] - self.v + p["r"] * x)

    def _filter(self, x: Floats) -> None:
        """One step of a current and its membrane, in the order of the tool."""
        p, dt, dialect = self.p, self.reading.dt, self.reading.dialect
        if dialect is Dialect.NIR:
            self._leak(p["tau_mem"], self.i)
            self.i = self.i + dt / p["tau_syn"] * (p["w_in"] * x - self.i)
        elif dialect is Dialect.NORSE:
            jumped = self.i + p["w_in"] * x
            self._leak(p["tau_mem"], jumped)
            self.i = jumped - self.reading.unit(p["tau_syn"]) / p["tau_syn"] * jumped
        elif dialect is Dialect.ROCKPOOL:
            self.i = (self.i + p["w_in"] * x) * np.exp(-dt / p["tau_syn"])
            self._leak(p["tau_mem"], self.i)
        else:  # spikingjelly, snntorch: the current first, and the membrane sees it
            rate = dt / p["tau_syn"]
            self.i = (1 - rate) * self.i + p["w_in"] * rate * x
            self._leak(p["tau_mem"], self.i)


_NOT_NUMBERS = ("input_type", "output_type", "metadata")


class FloatReadout:
    """LI, or a LIF that never fires: a leaky sum, from 0 at the graph's first step."""

    def __init__(self, name: str, node: Any, shape: Shape, reading: Reading) -> None:
        self.tau, self.r, self.leak = (
            per_neuron(name, node, field, shape) for field in ("tau", "r", "v_leak")
        )
        rest = numbers(name, node, "v_reset") if hasattr(node, "v_reset") else np.zeros(1)
        self.v, self.reading = np.zeros(shape) + rest, reading

    def apply(self, x: Floats, step: int) -> Floats:
        """The sum after a step with input `x`."""
        dt, tau, dialect = self.reading.dt, self.tau, self.reading.dialect
        if dialect is Dialect.SINABS:
            self.v = np.exp(-dt / tau) * self.v + self.r * x
        elif dialect is Dialect.ROCKPOOL:
            self.v = np.exp(-dt / tau) * self.v + self.r * dt / tau * x
        else:
            rate = self.reading.unit(tau) / tau
            self.v = self.v + rate * (self.leak - self.v + self.r * x)
        return self.v
