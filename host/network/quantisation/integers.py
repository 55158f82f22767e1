"""The integers that a choice of scales makes of a population."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network.quantisation.float_population import FloatReset, Floats
from axonloop.host.network.quantisation.scaled import Scaled
from axonloop.host.network.quantisation.scales import Scales
from axonloop.host.network.quantisation.words import threshold_word
from axonloop.models.checks import require
from axonloop.models.config import ParameterSet, ResetMode

RESET_MODES = {
    FloatReset.ZERO: ResetMode.ZERO,
    FloatReset.SUBTRACT: ResetMode.SUBTRACT,
    FloatReset.LATE: ResetMode.NONE,
    FloatReset.NONE: ResetMode.NONE,
}


def parameters_of(own: Scaled, choice: Scales) -> ParameterSet:
    """The registers of a population's neurons, which do not learn."""
    late = own.population.reset is FloatReset.LATE
    return ParameterSet(
        alpha_n=own.alpha.word,
        beta_n=own.beta.word,
        gamma=own.alpha.word if late else 0,
        rho=round(choice.scale * own.population.taken * own.alpha.match) if late else 0,
        theta=threshold_word(choice.scale, own.population.inclusive),
        box=0,
        q_inc=0,  # nothing learns: traces would only count as saturated
        pq_on=0,
        w_exp=choice.w_exp,
        i_shift=choice.i_shift,
        reset_mode=RESET_MODES[own.population.reset],
    )


def drives_of(own: Scaled, scale: float) -> tuple[int, ...]:
    """The drives in state words; empty if there are none. ValueError for one that is too large."""
    drives = _whole(own.drives, scale)
    worst = int(np.abs(drives).max(initial=0))
    thing, most = f"drives of {own.population.name!r}", own.state_max
    require(worst <= most, thing, f"at most {most}", worst)
    return _some(drives)


def biases_of(own: Scaled, q: float) -> tuple[int, ...]:
    """The biases in weight units; empty if there are none."""
    return _some(_whole(own.biases, q))


def weights_of(own: Scaled, q: float) -> tuple[NDArray[np.int64], ...]:
    """The weights of every projection in weight units."""
    return tuple(_whole(array, q) for array in own.weights)


def _whole(values: Floats, scale: float) -> NDArray[np.int64]:
    return np.rint(values * scale).astype(np.int64)


def _some(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(values.tolist()) if values.any() else ()
