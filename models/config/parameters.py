"""Parameter sets: the registers that neurons and axons share, written at run time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from axonloop.models.checks import require, require_member, require_range, take_whole
from axonloop.models.config.geometry import DECAY_ONE, Geometry
from axonloop.models.config.terms import MAX_ETA_SHIFT, MAX_TERMS, AxonFactor, Term, plain_rule

OPTIONAL = (
    "qq_shift",
    "blank",
    "zeta",
    "z_inc",
    "z_shift",
    "temperature",
    "cycle_to_cycle",
    "device_to_device",
)
"""Registers that only builds with an option have, as the terms themselves."""


MEMRISTOR_MAX = {"cycle_to_cycle": 255, "device_to_device": 255}
"""Largest values of the registers that only a core with pulses has."""


class ResetMode(IntEnum):
    """The reset of the membrane V of a neuron that spikes: none, V = 0, or V - theta."""

    NONE = 0
    ZERO = 1
    SUBTRACT = 2


class Rounding(IntEnum):
    """The rounding of a weight update to a whole number."""

    STOCHASTIC = 0
    NEAREST = 1


@dataclass(frozen=True)
class ParameterSet:
    """The registers that a population shares; ranges in docs/contract.md, section 4.

    Decays are in 1/4096. Neuron groups use the first block, `eta_shift`, `rounding` and the last
    block; axons use the second block, `qq_shift` and `blank`. A set without terms learns by the
    plain error-triggered rule. `CoreConfig` checks the ranges, which depend on the geometry.
    """

    alpha_n: int = 3686
    beta_n: int = 3277
    gamma: int = 0
    rho: int = 0
    theta: int = 1024
    box: int = 1024
    w_exp: int = 4
    i_shift: int = 0
    reset_mode: ResetMode = ResetMode.ZERO
    refractory: int = 0

    alpha_p: int = 3686
    beta_p: int = 3277
    q_inc: int = 256
    p_shift: int = 0
    pq_shift: int = 4
    pq_on: int = 64

    eta_shift: int = 12
    rounding: Rounding = Rounding.STOCHASTIC

    qq_shift: int = 0
    blank: int = 0

    zeta: int = 0
    z_inc: int = 0
    z_shift: int = 0
    temperature: int = 0
    cycle_to_cycle: int = 0
    device_to_device: int = 0
    terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        take_whole(self, *(entry.name for entry in dataclasses.fields(self)))
        for name, kind in (("reset_mode", ResetMode), ("rounding", Rounding)):
            object.__setattr__(self, name, require_member(name, getattr(self, name), kind))
        listed = isinstance(self.terms, list | tuple)
        known = listed and all(isinstance(term, Term) for term in self.terms)
        require(known, "terms", "a tuple of Term", self.terms)
        object.__setattr__(self, "terms", tuple(self.terms))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ParameterSet:
        """The inverse of `dataclasses.asdict`; TypeError for an unknown field."""
        terms = tuple(Term(**entry) for entry in data.get("terms", ()))
        return cls(**{**data, "terms": terms})

    def register(self, name: str) -> int:
        """The word of a register by its name, `term_0` to `term_3` included."""
        if not name.startswith("term_"):
            return int(getattr(self, name))
        index = int(name.removeprefix("term_"))
        return self.terms[index].word if index < len(self.terms) else 0

    @property
    def rule(self) -> tuple[Term, ...]:
        """The terms by which the set's neurons learn: its own, or the plain rule if all are off."""
        if any(term.axon is not AxonFactor.OFF for term in self.terms):
            return self.terms
        return (plain_rule(self.eta_shift),)

    def require_ranges(self, geometry: Geometry, before: str = "", after: str = "") -> None:
        """ValueError for a register out of range, built or not; `before` its name, and `after`."""
        widths = {name: getattr(geometry, name) for name in ("state_bits", "trace_bits", "pq_bits")}
        every = Geometry(**widths, terms=MAX_TERMS, blank_out=1, threshold_noise=1)
        limits = parameter_max(every) | MEMRISTOR_MAX
        for entry in dataclasses.fields(self):
            if entry.name != "terms":
                value = getattr(self, entry.name)
                require_range(f"{before}{entry.name}{after}", value, 0, limits[entry.name])

    def require_built(self, geometry: Geometry, where: str) -> None:
        """ValueError for a register that is out of range, or used and not built."""
        self.require_ranges(geometry, where)
        most = geometry.terms
        require(len(self.terms) <= most, f"{where}terms", f"at most {most}", len(self.terms))
        for k, term in enumerate(self.terms):
            for name, least in (("weighted", 1), ("pulsed", 2)):
                good = geometry.memristor >= least or not getattr(term, name)
                told = f"False (the core has memristor {geometry.memristor}, not {least})"
                require(good, f"{where}terms[{k}].{name}", told, getattr(term, name))
        built = parameter_max(geometry)
        for name in (n for n in OPTIONAL if n not in built):
            value = getattr(self, name)
            require(value == 0, f"{where}{name}", "0 (it is not built)", value)


def parameter_max(geometry: Geometry) -> dict[str, int]:
    """Largest value of every register of a parameter set that is built; the smallest is 0."""
    state, trace = geometry.state_max, geometry.trace_max
    optional: dict[str, int] = {}
    if geometry.terms:
        optional |= {"qq_shift": 15, "zeta": DECAY_ONE, "z_inc": trace, "z_shift": 15}
        bits = 16 + geometry.memristor
        optional |= {f"term_{k}": (1 << bits) - 1 for k in range(geometry.terms)}
    if geometry.blank_out:
        optional["blank"] = (1 << 16) - 1
    if geometry.threshold_noise:
        optional["temperature"] = state
    if geometry.memristor == 2:
        optional |= MEMRISTOR_MAX
    return {
        "alpha_n": DECAY_ONE,
        "beta_n": DECAY_ONE,
        "gamma": DECAY_ONE,
        "rho": state,
        "theta": state,
        "box": (1 << (geometry.state_bits + 1)) - 1,
        "w_exp": 7,
        "i_shift": 15,
        "reset_mode": max(ResetMode),
        "refractory": 63,
        "alpha_p": DECAY_ONE,
        "beta_p": DECAY_ONE,
        "q_inc": trace,
        "p_shift": 15,
        "pq_shift": 15,
        "pq_on": geometry.pq_max,
        "eta_shift": MAX_ETA_SHIFT,
        "rounding": max(Rounding),
        **optional,
    }
