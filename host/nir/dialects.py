"""What the neurons of a NIR file mean: its equations in steps of dt, as three tools read them.

A node tells a differential equation; a chip and its writers compute steps. `Dialect` names which
steps are meant, and `steps_of` gives a neuron node's coefficients for the chip.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from axonloop.host.network import FloatReset
from axonloop.host.nir.nodes import Floats, Shape, per_neuron, refuse


class Dialect(StrEnum):
    """Whose steps a file means.

    `nir`: NIR's equations by forward Euler; a spike counts as an input of 1 for a step of dt.
    `snntorch`: as its export_to_nir writes Leaky and Synaptic (dt 1e-4): the current moves
    before the membrane, and a spike takes the threshold from the next membrane. `norse`: as its
    to_nir writes LIFBoxCell, LIFCell and IAFCell (dt 1e-3): inputs jump the current unscaled, and
    an integrator does not know dt.
    """

    NIR = "nir"
    SNNTORCH = "snntorch"
    NORSE = "norse"


USUAL_DT = {Dialect.SNNTORCH: 1e-4, Dialect.NORSE: 1e-3}
"""The step that a tool's exporter assumes, in seconds; NIR itself has none."""


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of one neuron node, for the membrane above its reset value.

    `gain`: what an input of 1 adds to the current, seen at the membrane; `drive`: what is added
    to the membrane in each step; `threshold`: above reset; arrays `(neurons,)`. `lag`: steps
    after which the membrane sees the current.
    """

    membrane_decay: float
    current_decay: float
    gain: Floats
    drive: Floats
    threshold: Floats
    reset: FloatReset
    lag: int


def checked_dialect(dialect: str, dt: float | None) -> tuple[Dialect, float]:
    """The dialect and its step; ValueError for one that is unknown, or without a usable step."""
    known = [entry.value for entry in Dialect]
    if dialect not in known:
        raise refuse("dialect", f"one of {', '.join(known)}", repr(dialect), "naming the writer")
    chosen = Dialect(dialect)
    step = USUAL_DT.get(chosen) if dt is None else dt
    if step is None:
        raise refuse("dt", "given for the dialect nir", None, "seconds such as dt=1e-3")
    if not 0 < step < float("inf"):
        raise refuse("dt", "above 0 and finite", step, "seconds such as dt=1e-3")
    return chosen, float(step)


def steps_of(name: str, node: Any, shape: Shape, dialect: Dialect, dt: float) -> Steps:
    """The coefficients of a neuron node; NirError for what the dialect or the chip cannot hold."""
    what = type(node).__name__

    def values(field: str) -> Floats:
        return per_neuron(name, node, field, shape).ravel()

    if what == "Threshold":
        ones = np.ones_like(values("threshold"))
        threshold = _above_zero(name, "threshold", values("threshold"))
        return Steps(0.0, 0.0, ones, 0 * ones, threshold, FloatReset.ZERO, 0)
    if dialect is Dialect.SNNTORCH:
        _require_snntorch(name, node, what, shape)
    reset = values("v_reset")
    threshold = _above_zero(name, "v_threshold - v_reset", values("v_threshold") - reset)
    if what == "IF":
        gain = values("r") * (1.0 if dialect is Dialect.NORSE else dt)
        return Steps(1.0, 0.0, gain, 0 * gain, threshold, FloatReset.ZERO, 0)
    field = "tau" if what == "LIF" else "tau_mem"
    share = _share(name, field, values(field), dt)
    gain, drive = share * values("r"), share * (values("v_leak") - reset)
    late = dialect is Dialect.SNNTORCH
    mode = FloatReset.LATE if late else FloatReset.ZERO
    if what == "LIF":
        return Steps(1 - share, 0.0, gain, drive, threshold, mode, 0)
    current = _share(name, "tau_syn", values("tau_syn"), dt)
    gain = gain * values("w_in") * (1.0 if dialect is Dialect.NORSE else current)
    return Steps(1 - share, 1 - current, gain, drive, threshold, mode, 0 if late else 1)


def _require_snntorch(name: str, node: Any, what: str, shape: Shape) -> None:
    if what == "IF":
        remedy = "LIF, or the dialect nir or norse,"
        raise refuse(f"node {name!r}", "LIF or CubaLIF in the dialect snntorch", what, remedy)
    for field in ("v_leak", "v_reset"):
        value = per_neuron(name, node, field, shape)
        if value.any():
            worst = f"{value.ravel()[np.abs(value).argmax()]:g}"
            thing = f"{field} of {name!r}"
            raise refuse(thing, "0 in the dialect snntorch", worst, "the dialect nir")


def _above_zero(name: str, field: str, values: Floats) -> Floats:
    if values.min() <= 0:
        remedy = "a threshold above the reset"
        raise refuse(f"{field} of {name!r}", "above 0", f"{values.min():g}", remedy)
    return values


def _share(name: str, field: str, tau: Floats, dt: float) -> float:
    """dt / tau, which must be the same for all neurons of a node and at most 1."""
    low, high, thing = float(tau.min()), float(tau.max()), f"{field} of {name!r}"
    if low < dt * (1 - 1e-9):
        raise refuse(thing, f"at least dt = {dt:g}", f"{low:g}", f"a dt of {low:g} or less")
    if high - low > 1e-6 * high:
        remedy = f"a node for each {field}"
        raise refuse(thing, "the same for all its neurons", f"{low:g}..{high:g}", remedy)
    share = min(1.0, dt / low)
    if share < 0.5 / 4096:
        remedy = f"a dt of {low / 8191:.3g} or more, or an IF node,"
        raise refuse(thing, f"at most {8191 * dt:.4g} with dt = {dt:g}", f"{low:g}", remedy)
    return share
