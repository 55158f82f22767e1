"""The same network with weights of more or fewer bits."""

from __future__ import annotations

from dataclasses import replace

from axonloop.host.configuration import Settings
from axonloop.models.checks import require, require_range
from axonloop.models.config import ParameterSet, Rounding

USUAL = 8
"""The weight bits that settings are made for."""
MAX_W_EXP = 7


def with_bits(settings: Settings, bits: int, rounding: Rounding = Rounding.STOCHASTIC) -> Settings:
    """Settings for 8-bit weights, as settings for weights of `bits` bits.

    A weight step becomes 2^(8 - bits) times as large: w_exp grows by as much, and what is beyond
    its range 0..7 is made up for by halving the states (theta, box, rho) above, or left to a
    larger range of the weights below. The learning rate stays the same: eta_shift grows with w_exp.
    Raises ValueError where a register cannot follow.
    """
    require_range("weight bits", bits, 2, 16)
    own = settings.network
    require(own.weight_bits == USUAL, "weight bits to start from", str(USUAL), own.weight_bits)
    steps = step_log2(settings, bits)
    return settings.changed(
        {
            "network": {
                "weight_bits": bits,
                "weight_span": _scaled(own.weight_span, steps),
                "deep_span": _scaled(own.deep_span, steps),
                "parameters": _stepped(own.parameters, steps, rounding),
                "deep": _stepped(own.deep, steps, rounding),
            }
        }
    )


def step_log2(settings: Settings, bits: int) -> int:
    """Log2 of a weight step at `bits` bits, in steps at 8 bits."""
    own = settings.network
    used = [own.parameters] + [own.deep] * (own.depth > 1)
    return max(USUAL - bits, *(-each.w_exp for each in used), -min(each.eta_shift for each in used))


def _scaled(span: int, steps: int) -> int:
    return span >> steps if steps >= 0 else span << -steps


def _stepped(parameters: ParameterSet, steps: int, rounding: Rounding) -> ParameterSet:
    w_exp = parameters.w_exp + steps
    halved = max(0, w_exp - MAX_W_EXP)
    return replace(
        parameters,
        w_exp=max(0, w_exp - halved),
        theta=parameters.theta >> halved,
        box=parameters.box >> halved,
        rho=parameters.rho >> halved,
        eta_shift=max(0, parameters.eta_shift + steps),
        rounding=rounding,
    )
