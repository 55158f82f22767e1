"""A neuron node in steps of dt: the coefficients that its dialect means, for the chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonloop.host.network import FloatReset
from axonloop.host.nir.dialects import Dialect, Reading
from axonloop.host.nir.nodes import Floats, Shape, per_neuron, refuse

_LEAST_SHARE = 0.5 / 4096
"""A leak below it is none on the chip."""


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of one neuron node, for the membrane above its reset value; arrays `(neurons,)`.

    `first`: the membrane before the first step. `gain`: what an input of 1 adds to the current, seen at the membrane; `drive`: what is added
    to the membrane in each step; `threshold`: above reset. `lag`: steps after which the membrane
    sees the current. `inclusive`: a spike at the threshold. `several`: one for every threshold
    that fits into the membrane.
    """

    membrane_decay: Floats
    current_decay: Floats
    gain: Floats
    drive: Floats
    threshold: Floats
    first: Floats
    reset: FloatReset
    lag: int = 0
    inclusive: bool = False
    several: bool = False

    @property
    def filtered(self) -> bool:
        """There is a current that decays."""
        return bool(self.current_decay.any())


def steps_of(name: str, node: Any, shape: Shape, reading: Reading) -> Steps:
    """The coefficients of a neuron node; NirError for what the dialect or the chip cannot hold."""
    what = type(node).__name__

    def values(field: str) -> Floats:
        return per_neuron(name, node, field, shape).ravel()

    if what == "Threshold":
        threshold = _above_zero(name, "threshold", values("threshold"))
        none = np.zeros_like(threshold)
        return Steps(none, none, none + 1, none, threshold, none, FloatReset.ZERO)
    if what not in _WRITTEN.get(reading.dialect, (what,)):
        written = " or ".join(_WRITTEN[reading.dialect])
        wanted = f"{written} in the dialect {reading.dialect}"
        raise refuse(f"node {name!r}", wanted, what, f"{written}, or the dialect nir,")
    _require_zeros(name, node, shape, reading)
    reset = values("v_reset")
    threshold = _above_zero(name, "v_threshold - v_reset", values("v_threshold") - reset)
    if what == "IF":
        keep, gain = np.ones_like(reset), values("r") * _integrator_gain(reading)
        drive = np.zeros_like(reset)
    else:
        field = "tau" if what == "LIF" else "tau_mem"
        keep = _decay(name, field, values(field), reading)
        gain = values("r") * _input_gain(values(field), keep, reading)
        drive = (1 - keep) * (values("v_leak") - reset)
    current = np.zeros_like(keep)
    if what == "CubaLIF":
        current = _decay(name, "tau_syn", values("tau_syn"), reading)
        gain = gain * values("w_in") * _jump(current, reading.dialect)
    lag = int(what == "CubaLIF" and reading.dialect is Dialect.NIR)
    mode, inclusive, several = reading.reset, reading.inclusive, reading.several
    first = values("v_leak") - reset if _starts_at_leak(what, reading) else np.zeros_like(reset)
    return Steps(keep, current, gain, drive, threshold, first, mode, lag, inclusive, several)


def _starts_at_leak(what: str, reading: Reading) -> bool:
    """norse's leaky neurons start at v_leak; all else starts at v_reset."""
    return what != "IF" and reading.dialect is Dialect.NORSE


_WRITTEN = {
    Dialect.SNNTORCH: ("LIF", "CubaLIF"),
    Dialect.SINABS: ("LIF", "IF"),
    Dialect.ROCKPOOL: ("LIF", "CubaLIF"),
}
"""The neurons that a tool's exporter writes, where it does not write all."""
_ZEROS = {
    Dialect.SNNTORCH: ("v_leak", "v_reset"),
    Dialect.SINABS: ("v_leak", "v_reset"),
    Dialect.ROCKPOOL: ("v_leak", "v_reset"),
}


def _require_zeros(name: str, node: Any, shape: Shape, reading: Reading) -> None:
    fields = _ZEROS.get(reading.dialect, ())
    if not fields and reading.reset is FloatReset.SUBTRACT:
        fields = ("v_reset",)
    for field in fields:
        value = per_neuron(name, node, field, shape) if hasattr(node, field) else np.zeros(1)
        if value.any():
            worst = f"{value.ravel()[np.abs(value).argmax()]:g}"
            thing = f"{field} of {name!r}"
            raise refuse(thing, f"0 in the dialect {reading.dialect}", worst, "the dialect nir")


def _integrator_gain(reading: Reading) -> float:
    """What an IF node's r is multiplied by: norse and sinabs integrate without dt."""
    return 1.0 if reading.dialect in (Dialect.NORSE, Dialect.SINABS) else reading.dt


def _input_gain(tau: Floats, keep: Floats, reading: Reading) -> Floats:
    """What r is multiplied by on its way to the membrane."""
    if reading.dialect is Dialect.SINABS:
        return 1 - keep if reading.norm_input else np.ones_like(keep)
    if reading.dialect is Dialect.ROCKPOOL:
        return np.asarray(reading.dt / (tau * keep))
    return 1 - keep


_JUMPS: dict[Dialect, Callable[[Floats], Floats]] = {
    Dialect.NORSE: np.ones_like,
    Dialect.ROCKPOOL: lambda keep: keep,
}


def _jump(keep: Floats, dialect: Dialect) -> Floats:
    """What an input of w_in = 1 adds to the current: norse all of it, rockpool decays it too."""
    return _JUMPS.get(dialect, lambda decay: 1 - decay)(keep)


def _above_zero(name: str, field: str, values: Floats) -> Floats:
    if values.min() <= 0:
        remedy = "a threshold above the reset"
        raise refuse(f"{field} of {name!r}", "above 0", f"{values.min():g}", remedy)
    return values


def _decay(name: str, field: str, tau: Floats, reading: Reading) -> Floats:
    """What is left after a step; NirError where the chip, or an Euler step, has no such decay."""
    low, high, thing, dt = float(tau.min()), float(tau.max()), f"{field} of {name!r}", reading.dt
    if low <= 0:
        raise refuse(thing, "above 0", f"{low:g}", "a time constant in seconds")
    exponential = reading.dialect in (Dialect.SINABS, Dialect.ROCKPOOL)
    unit = reading.unit(tau)
    if exponential:
        share = -np.expm1(-dt / tau)
    else:
        if low < unit * (1 - 1e-6):
            said = f"dt = {dt:g}" if unit == dt else f"dt^2 = {unit:g}"
            remedy = f"a dt of {low / unit * dt:.4g} or less"
            raise refuse(thing, f"at least {said}", f"{low:g}", remedy)
        share = np.minimum(1.0, unit / tau)
    if share.min() < _LEAST_SHARE:
        remedy = f"a dt of {high / unit * dt / 8191:.3g} or more, or an IF node,"
        raise refuse(thing, f"at most {8191 * unit:.4g} with dt = {dt:g}", f"{high:g}", remedy)
    return np.asarray(1 - share)
