"""A program in float64: the neurons of the contract without rounding, widths and saturation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import Network, Population, Program, Projection
from axonloop.host.nir import FloatTrace
from axonloop.host.recorder import Rasters
from axonloop.models.arrays import Int32Array
from axonloop.models.config import DECAY_ONE, ResetMode

Spikes = NDArray[np.bool_]
Floats = NDArray[np.float64]


def refusal(network: Network) -> str:
    """Why a network has no float twin; "" if it has one."""
    if network.convolutional:
        return "kernels of convolutions, which the float network here has not got"
    sets = [each.parameters for each in network.populations]
    sets += [each.traces for each in network.projections if each.traces]
    drops = any(each.blank for each in sets)
    return "synapses drop spikes at random (blank), which no float network repeats" if drops else ""


def twin_of(
    program: Program,
    weights: Int32Array,
    rasters: Rasters,
    ticks: int,
    spikes: Mapping[str, Spikes] | None = None,
) -> FloatTrace:
    """Run a program in float with a device's weights; membranes are V - R, in thresholds.

    With `spikes`, what populations hear of each other and reset by are these, `(ticks, neurons)`
    of the chip: then a layer errs by its own arithmetic alone.
    """
    network = program.plan.network
    layers = [_Layer(program, weights, each) for each in network.populations]
    found = {each.name: np.zeros((ticks, each.size), np.bool_) for each in layers}
    membranes = {each.name: np.zeros((ticks, each.size)) for each in layers}
    heard: Mapping[str, Spikes] = found if spikes is None else spikes
    for tick in range(ticks):
        for layer in layers:
            given = None if spikes is None else spikes[layer.name][tick]
            drive = layer.bias + sum(
                _arriving(each, rasters, heard, tick) @ own for each, own in layer.inputs
            )
            fired, membranes[layer.name][tick] = layer.advance(drive, given)
            found[layer.name][tick] = fired
    return FloatTrace(found, membranes, {})


def _arriving(
    projection: Projection, rasters: Rasters, heard: Mapping[str, Spikes], tick: int
) -> Floats:
    """The spikes that a projection brings in a tick: those of neurons take one tick more."""
    name = projection.source
    raster = rasters[name] if name in rasters else heard[name]
    sent = tick - projection.delay - (name not in rasters)
    inside = 0 <= sent < len(raster)
    return (raster[sent] if inside else np.zeros(raster.shape[1])).astype(np.float64)


class _Layer:
    """The neurons of a population and the weights that lead to them."""

    def __init__(self, program: Program, weights: Int32Array, population: Population) -> None:
        self.name, self.size, self.p = population.name, population.size, population.parameters
        none = program.geometry.no_synapse
        self.inputs = []
        for each in program.plan.network.projections:
            if each.target == self.name:
                own = program.weights_of(each, weights).astype(np.float64)
                self.inputs.append((each, np.where(own == none, 0.0, own)))
        biased = program.bias_of(self.name, weights) if population.bias else np.zeros(self.size)
        self.bias: Floats = biased.astype(np.float64)
        self.drives = np.array(population.drives or np.zeros(self.size), np.float64)
        self.current, self.membrane, self.reset = (np.zeros(self.size) for _ in range(3))
        self.countdown = np.zeros(self.size, np.int64)

    def advance(self, drive: Floats, given: Spikes | None) -> tuple[Spikes, Floats]:
        """One tick: spikes, and V - R in thresholds after it."""
        p, free = self.p, self.countdown == 0
        self.current = self.current * (p.beta_n / DECAY_ONE) + drive * 2.0**p.w_exp
        moved = (
            self.membrane * (p.alpha_n / DECAY_ONE) + self.current / 2.0**p.i_shift + self.drives
        )
        membrane = np.where(free, moved, self.membrane)
        fired = (membrane - self.reset >= p.theta) & free
        own = fired if given is None else given
        self.reset = self.reset * (p.gamma / DECAY_ONE) + p.rho * own
        after = {
            ResetMode.ZERO: np.zeros(self.size),
            ResetMode.SUBTRACT: membrane - p.theta,
        }.get(p.reset_mode, membrane)
        self.membrane = np.where(own, after, membrane)
        self.countdown = np.where(own, p.refractory, np.maximum(self.countdown - 1, 0))
        return fired, (self.membrane - self.reset) / p.theta
