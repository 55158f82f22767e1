"""Spikes at set ticks, which put every membrane where its layer is to begin.

Stage k gets its first spikes in tick k. There a membrane should stand at half a threshold, so that
T ticks round an activation to the nearest T-th and not down (Rueckauer et al. 2017), and as if
drives had begun with the spikes: what they add before is taken back, a rising drive's at once, so
that it makes no early spike, a falling one's in tick k.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from axonloop.host.conversion.balancing import BalancedStage, Integers


@dataclass(frozen=True, eq=False)
class Pulse:
    """Channels that spike once, in `tick`, for a stage: `weights` `(channels, neurons)`."""

    stage: int
    tick: int
    weights: Integers


def pulses_of(stages: Sequence[BalancedStage], weight_max: int) -> list[Pulse]:
    """The pulses of all stages; those without any effect are left out."""
    found = []
    for number, stage in enumerate(stages):
        last = number == len(stages) - 1
        for tick, values in _values(number, stage, 0 if last else stage.theta // 2):
            if values.any():
                found.append(Pulse(number, tick, _split(values, weight_max)))
    return found


def _values(number: int, stage: BalancedStage, half: int) -> Iterator[tuple[int, Integers]]:
    """Ticks, and what membranes get in them."""
    halves = np.full_like(stage.drives, half)
    if number == 0:  # its current is kept, so that it must be taken back
        yield 0, halves
        yield 1, -halves
        return
    yield 0, halves - number * np.maximum(stage.drives, 0)
    yield number, -number * np.minimum(stage.drives, 0)


def _split(values: Integers, weight_max: int) -> Integers:
    """Values as sums of weights: as many channels as the largest value takes."""
    count = -(-int(np.abs(values).max()) // weight_max)
    steps = np.arange(count + 1)[:, None] * np.abs(values) // count
    return np.sign(values) * np.diff(steps, axis=0)
