"""What a rule of learning still needs of backpropagation (Neftci 2018, box 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Rung:
    """A rule between backpropagation through time and the chip's, by what it still needs.

    `unrolling`: states of all ticks are kept, and the error goes back through them; else traces
    are carried forward. `symmetric`: hidden errors come through the output's weights transposed;
    else through a fixed random matrix. `derivatives`: of the activation, as numbers; else a box.
    `two_passes`: the network waits until the errors of a tick are there; else they come a tick
    late. `targets`: a label and a softmax, compared as numbers; else wanted spikes. `floats`:
    errors are numbers; else error neurons send events of -1 and 1. `signs`: an error neuron sends
    both signs; else there are two, which hold nothing below 0.
    """

    name: str
    unrolling: bool = True
    symmetric: bool = True
    derivatives: bool = True
    two_passes: bool = True
    targets: bool = True
    floats: bool = True
    signs: bool = True
    rate: float = 0.05
    """The size of a step, set by hand after a few trials on the validation part."""


def _ladder() -> tuple[Rung, ...]:
    """Each rung is the one before it without one thing more."""
    rung = Rung("backpropagation through time")
    found = [rung]
    for name, lost, rate in (
        ("no unrolling: traces go forward", "unrolling", 0.1),
        ("no symmetric weights: random feedback", "symmetric", 0.1),
        ("no derivatives: a box", "derivatives", 0.02),
        ("no second pass: errors a tick late", "two_passes", 0.02),
        ("no targets as numbers: wanted spikes", "targets", 0.02),
        ("no float errors: events", "floats", 0.02),
        ("no change of sign: two error neurons", "signs", 0.02),
    ):
        rung = replace(rung, name=name, rate=rate, **{lost: False})
        found.append(rung)
    return tuple(found)


LADDER = _ladder()
