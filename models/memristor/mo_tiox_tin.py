"""Mo/TiOx/TiN of Park et al. 2016, as Fouda et al. 2019 fit it: parameters by voltage."""

from __future__ import annotations

import numpy as np

from axonloop.models.checks import require
from axonloop.models.memristor.branch import Exponential
from axonloop.models.memristor.memristor import Memristor, Spread

UP = {3.0: (674.0, 626.8, 30.58e-3), 2.5: (252.7, 220.22, 18.23e-3), 2.0: (83.38, 71.7, 19.19e-3)}
"""Gmax and b in nS, a per pulse, of potentiation by the voltage of its pulses."""
DOWN = {
    -3.0: (32.95, 921.9, 353.4e-3),
    -2.5: (186.3, 410.9, 35.29e-3),
    -2.0: (340.5, 330.8, 20.55e-3),
}
"""Gmin and b in nS, a per pulse, of depression."""
PRINTED_DOWN_RATE = (8.14e-9, -5.48, 20.5e-3)
DOWN_RATE = (3.301e-9, -6.144, 19.83e-3)
"""Theirs and ours: (c, k, d) of a = c exp(k V) + d. The printed one misses its own table by 62 % at
-3 V; ours goes through the three points."""
PULSES = 94
"""Pulses for the whole range, which the paper does not say: these give its nonlinearities."""


def up_at(volts: float) -> Exponential:
    """Potentiation by pulses of 2 to 3 V: the paper's interpolation of its parameters."""
    require(2 <= volts <= 3, "voltage of potentiation", "in 2..3 V", volts)
    goal = 2.968 * np.exp(1.823 * volts) - 30.4
    swing = 1.522 * np.exp(2.014 * volts) - 13.78
    rate = (2.019e-9 * np.exp(7.51 * volts) + 18.28) * 1e-3
    return Exponential(float(goal - swing), float(goal), float(rate))


def down_at(volts: float) -> Exponential:
    """Depression by pulses of -3 to -2 V: the paper's interpolation, the rate by `DOWN_RATE`."""
    require(-3 <= volts <= -2, "voltage of depression", "in -3..-2 V", volts)
    goal = 307.6 * volts + 955.5
    swing = 0.009 * np.exp(-3.706 * volts) + 315.9
    return Exponential(float(goal + swing), float(goal), down_rate(volts, DOWN_RATE))


def down_rate(volts: float, curve: tuple[float, float, float]) -> float:
    """The rate of depression, per pulse, by (c, k, d)."""
    factor, power, rest = curve
    return float(factor * np.exp(power * volts) + rest)


def mo_tiox_tin(volts: float = 3.0) -> Memristor:
    """The device at + and - `volts`, 2.5 or 3: at 2 V Gmin would lie above Gmax."""
    require(volts in UP, "voltage", f"one of {', '.join(map(str, UP))} V", volts)
    (top, rise, up), (bottom, fall, down) = UP[volts], DOWN[-volts]
    return Memristor(
        "mo-tiox-tin",
        Exponential(top - rise, top, up),
        Exponential(bottom + fall, bottom, down),
        Spread(rate=0.25, high=0.01, low=0.05, write=0.25),
        about="Park et al. 2016, fits and spread of Fouda et al. 2019; spread of writes ours",
    )
