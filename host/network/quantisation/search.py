"""The integers of a population with the smallest bound on the membrane's error."""

from __future__ import annotations

import math
from collections.abc import Mapping

from axonloop.host.network.quantisation.bound import Bound
from axonloop.host.network.quantisation.float_population import FloatPopulation
from axonloop.host.network.quantisation.integers import (
    biases_of,
    drives_of,
    parameters_of,
    weights_of,
)
from axonloop.host.network.quantisation.quantised import QuantisationError, QuantisedPopulation
from axonloop.host.network.quantisation.rounding import Rounding
from axonloop.host.network.quantisation.scaled import Reach, Scaled, reach_of, scaled
from axonloop.host.network.quantisation.scales import Scales, scales_of
from axonloop.host.network.quantisation.words import threshold_word
from axonloop.models.checks import require, require_number, require_range

_WIDTHS = (4, 6, 8, 10, 12, 14, 16)
_STATES = (16, 20, 24)


def quantise(
    population: FloatPopulation, weight_bits: int = 16, state_bits: int = 24, ticks: int = 1000
) -> QuantisedPopulation:
    """The integers of a population with the smallest bound on the membrane's error.

    Tries weights at the full range, at the nearest power of two, and at multiples of their common
    unit, with every pair of shifts. `ticks` is how long a run is: what leaks nowhere (a decay of
    1) errs more the longer it lasts. Raises ValueError where no choice fits the words.
    """
    require_range("weight_bits", weight_bits, 2, 16)
    require_range("state_bits", state_bits, 8, 24)
    require_range("ticks", ticks, 1, 1 << 30)
    own = scaled(population, state_bits, ticks)
    reach = reach_of(own)
    bound = Bound(own, reach)
    bounds = ((bound.of(choice), choice) for choice in scales_of(own, reach, weight_bits))
    best = min(bounds, key=lambda pair: pair[0], default=None)
    if best is None:
        raise ValueError(
            f"membrane of {population.name!r} must be within {reach.need:.3g} thresholds, "
            f"too much for state_bits = {state_bits}; more state_bits or smaller weights would do"
        )
    worst, choice = best
    return QuantisedPopulation(
        parameters_of(own, choice),
        weights_of(own, choice.q),
        biases_of(own, choice.q),
        drives_of(own, choice.scale),
        choice.scale,
        choice.q,
        weight_bits,
        state_bits,
        _error(own, reach, choice, bound.rounding(choice.q), worst),
    )


def _error(
    own: Scaled, reach: Reach, choice: Scales, rounding: Rounding, bound: float
) -> QuantisationError:
    theta = threshold_word(choice.scale, own.population.inclusive)
    return QuantisationError(
        membrane_decay=own.alpha.error,
        current_decay=own.beta.error,
        threshold=theta / choice.scale - 1,
        weight_max=rounding.max,
        weight_rms=rounding.rms,
        weight_max_lsb=rounding.max * choice.q,
        weight_rms_lsb=rounding.rms * choice.q,
        bound=bound,
        ticks=own.ticks,
        reach=reach.membrane,
        room=own.state_max / choice.scale,
    )


def quantise_all(
    populations: Mapping[str, FloatPopulation],
    weight_bits: int | None = None,
    state_bits: int | None = None,
    budget: float | None = None,
    ticks: int = 1000,
) -> dict[str, QuantisedPopulation]:
    """All populations with the same widths, as one chip has them.

    Without widths the smallest whose largest bound is at most `budget` thresholds are taken;
    without a budget weights of 16 bits and states of 24. Raises ValueError if the budget cannot
    be met, with the bound that can.
    """
    if budget is None:
        pairs = [(weight_bits or 16, state_bits or 24)]
    else:
        require_number("budget", budget)
        require(budget > 0, "budget", "above 0", budget)
        widths = [weight_bits] if weight_bits else _WIDTHS
        states = [state_bits] if state_bits else _STATES
        pairs = [(width, state) for width in widths for state in states]
    least, reason = math.inf, ""
    for width, state in pairs:
        try:
            found = {n: quantise(p, width, state, ticks) for n, p in populations.items()}
        except ValueError as error:
            if budget is None:
                raise
            reason = f" ({error})"
            continue
        worst = max(entry.error.bound for entry in found.values())
        if budget is None or worst <= budget:
            return found
        least = min(least, worst)
    raise ValueError(
        f"budget must be at least {least:.3g} thresholds with "
        f"{'any width' if len(pairs) > 1 else f'weight_bits = {pairs[0][0]}'}, "
        f"not {budget!r}{reason if least == math.inf else ''}"
    )
