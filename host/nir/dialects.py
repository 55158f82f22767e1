"""Whose steps a NIR file means, and what of them the file does not say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from axonloop.host.network import FloatReset
from axonloop.host.nir.nodes import Floats, refuse


class Dialect(StrEnum):
    """Whose steps a file means; docs/nir.md has their equations.

    `nir`: NIR's own by forward Euler; a spike counts as an input of 1 for a step of dt. The
    others: as the tool computes what its exporter wrote.
    """

    NIR = "nir"
    SNNTORCH = "snntorch"
    NORSE = "norse"
    SINABS = "sinabs"
    SPIKINGJELLY = "spikingjelly"
    ROCKPOOL = "rockpool"


@dataclass(frozen=True)
class Convention:
    """What a dialect means where the file says nothing.

    `dt`: the step that the exporter assumes, in the file's unit of time; None: it must be given,
    or found in the graph. `resets`: what a spike may do to the membrane, the usual one first.
    `inclusive`: a neuron spikes at its threshold too. `several`: it sends as many spikes in a
    step as whole thresholds fit into its membrane.
    """

    dt: float | None
    resets: tuple[FloatReset, ...]
    inclusive: bool = False
    several: bool = False


_ZERO, _SUBTRACT = FloatReset.ZERO, FloatReset.SUBTRACT
CONVENTIONS = {
    Dialect.NIR: Convention(None, (_ZERO, _SUBTRACT)),
    Dialect.NORSE: Convention(1e-3, (_ZERO, _SUBTRACT)),
    Dialect.SNNTORCH: Convention(1e-4, (FloatReset.LATE, _ZERO, FloatReset.NONE)),
    Dialect.SINABS: Convention(1.0, (_SUBTRACT, _ZERO), inclusive=True, several=True),
    Dialect.SPIKINGJELLY: Convention(1e-4, (_ZERO,), inclusive=True),
    Dialect.ROCKPOOL: Convention(None, (_SUBTRACT,), inclusive=True, several=True),
}


@dataclass(frozen=True)
class Reading:
    """How a graph is read: whose steps, how long one is, and what a spike does.

    `several`: neurons may send several spikes in a step. `norm_input`: sinabs' LIF scales its
    input by 1 - decay (its default). `dt` is 0 until it has been found in the graph.
    """

    dialect: Dialect
    dt: float
    reset: FloatReset
    several: bool
    norm_input: bool

    @property
    def inclusive(self) -> bool:
        """A neuron spikes where its membrane is at its threshold, not only above."""
        return CONVENTIONS[self.dialect].inclusive

    def unit(self, tau: Floats) -> float:
        """What a time constant is counted in, so that an Euler step is unit / tau.

        norse 1.1 writes dt times its time constants, all others the constants themselves. No
        Euler step could be done with a constant below dt: that tells the two apart.
        """
        multiplied = self.dialect is Dialect.NORSE and bool(tau.max() < self.dt * (1 - 1e-6))
        return self.dt * (self.dt if multiplied else 1.0)

    def with_dt(self, dt: float) -> Reading:
        """The same with a step of `dt`."""
        return replace(self, dt=dt)


def reading_of(
    dialect: str,
    dt: float | None = None,
    reset: str | None = None,
    spikes: int | None = None,
    norm_input: bool = True,
) -> Reading:
    """The reading that is asked for; ValueError for one that no tool computes."""
    if dialect == "lava":
        remedy = "writing it in the steps of nir"
        raise refuse("dialect", "one that was measured", "lava (it has no exporter)", remedy)
    known = [entry.value for entry in Dialect]
    if dialect not in known:
        raise refuse("dialect", f"one of {', '.join(known)}", repr(dialect), "naming the writer")
    chosen = Dialect(dialect)
    usual = CONVENTIONS[chosen]
    step = usual.dt if dt is None else dt
    if step is None and chosen is not Dialect.ROCKPOOL:
        raise refuse("dt", f"given for the dialect {chosen}", None, "seconds such as dt=1e-3")
    if step is not None and not 0 < step < float("inf"):
        raise refuse("dt", "above 0 and finite", step, "seconds such as dt=1e-3")
    resets = [entry.value for entry in usual.resets]
    if reset is not None and reset not in resets:
        wanted = f"one of {', '.join(resets)} in the dialect {chosen}"
        raise refuse("reset", wanted, repr(reset), f"reset={resets[0]!r}")
    if not norm_input and chosen is not Dialect.SINABS:
        raise refuse("norm_input", "true but for the dialect sinabs", norm_input, "leaving it out")
    meant = usual.resets[0] if reset is None else FloatReset(reset)
    several = usual.several and meant is FloatReset.SUBTRACT and spikes != 1
    return Reading(chosen, float(step or 0), meant, several, norm_input)


def step_in(tau: Floats, r: Floats) -> float | None:
    """The step that rockpool's r = tau / dt exp(-dt / tau) was written with; None: several."""
    if tau.min() <= 0 or r.min() <= 0:
        return None
    share = np.ones_like(tau)
    for _ in range(60):  # exp(-y) / y = r, by Newton's method on log y + y + log r = 0
        share = np.maximum(share - (np.log(share) + share + np.log(r)) / (1 / share + 1), 1e-9)
    found = share * tau
    low, high = float(found.min()), float(found.max())
    return round((low + high) / 2, 9) if high - low <= 1e-3 * high else None
