"""Memristors by name. What a figure is taken from, and what is only typical, stands in `about`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from axonloop.models.checks import require
from axonloop.models.memristor.ageing import Drift, Retention
from axonloop.models.memristor.branch import Even, Exponential
from axonloop.models.memristor.file import read_memristor
from axonloop.models.memristor.memristor import Memristor, Spread
from axonloop.models.memristor.mo_tiox_tin import mo_tiox_tin

YEAR = 365.25 * 86400


def _ideal() -> Memristor:
    return Memristor("ideal", Even(0, 1000, 254), Even(1000, 0, 254), about="no device at all")


def _hfox() -> Memristor:
    return Memristor(
        "hfox",
        Exponential(5e3, 100e3, 0.05),
        Exponential(100e3, 5e3, 0.06),
        Spread(rate=0.25, high=0.05, low=0.1, write=0.25),
        endurance=1e10,
        retention=Retention(1e4, rest=5e3),
        about="endurance, retention: Fouda et al. 2019; curve, spread, heat: typical",
    )


def _al2o3() -> Memristor:
    return Memristor(
        "al2o3",
        Exponential(1e3, 30e3, 0.03),
        Exponential(30e3, 1e3, 0.04),
        Spread(rate=0.25, high=0.05, low=0.1, write=0.25),
        endurance=1e4,
        retention=Retention(1e4, rest=1e3),
        about="endurance: Fouda et al. 2019; all else: typical",
    )


def _pcm() -> Memristor:
    return Memristor(
        "pcm",
        Exponential(100, 20e3, 0.12),
        Exponential(20e3, 100, 5.0),
        Spread(rate=0.3, high=0.1, low=0.2, write=0.4),
        endurance=1e8,
        drift=Drift(0.05),
        about="phase change: crystallises by steps, melts at once, drifts; typical",
    )


def _stt_mram() -> Memristor:
    return Memristor(
        "stt-mram",
        Exponential(125e3, 250e3, 0.7),
        Exponential(250e3, 125e3, 0.7),
        Spread(high=0.05, low=0.05),
        endurance=1e15,
        retention=Retention(10 * YEAR, rest=125e3),
        levels=2,
        about="magnetic junction: two states, a pulse switches with a chance of a half; typical",
    )


def _floating_gate() -> Memristor:
    return Memristor(
        "floating-gate",
        Exponential(1, 1000, 0.01),
        Exponential(1000, 1, 0.01),
        Spread(rate=0.05, high=0.02, low=0.02, write=0.02),
        endurance=1e5,
        retention=Retention(10 * YEAR, rest=1, activation=1.1),
        about="charge on a gate: fine steps, slow to forget, few writes; typical",
    )


NAMED: dict[str, Callable[[], Memristor]] = {
    "ideal": _ideal,
    "mo-tiox-tin": mo_tiox_tin,
    "hfox": _hfox,
    "al2o3": _al2o3,
    "pcm": _pcm,
    "stt-mram": _stt_mram,
    "floating-gate": _floating_gate,
}


def find_memristor(name: str) -> Memristor:
    """A memristor by its name, or from a TOML or CSV file.

    Raises ValueError for an unknown name, with all of them, and for files that hold none.
    """
    if name in NAMED:
        return NAMED[name]()
    choices = f"one of {', '.join(NAMED)}, or a .toml or .csv file"
    require(name.endswith((".toml", ".csv")), "memristor", choices, name)
    return read_memristor(Path(name))
