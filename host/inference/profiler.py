"""A profile: layer by layer, what a network did on a chip, and how far from float it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.devices import Device, open_device
from axonloop.host.inference.layer_profile import LayerProfile
from axonloop.host.inference.model import OpenModel
from axonloop.host.inference.twin import refusal, twin_of
from axonloop.host.network import Program
from axonloop.host.nir import ChipTrace, ImportedGraph, LayerComparison, compared
from axonloop.host.pictures import Picture
from axonloop.host.recorder import Inputs, Rasters, StateRecord, rasters_of, run_program
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.protocol import Counter

STATES = ("current", "membrane", "reset", "spike", "trace_q", "trace_p")
GRAPH, PROGRAM = "the float graph of the NIR file", "the program itself in float"


@dataclass(frozen=True)
class Profile:
    """What a network did over `samples` samples of `ticks` ticks, with `layers` in their order.

    `saturations` and `synops` are the chip's own counters. `twin` says what the float side was;
    "" where there is none, and `without` says why.
    """

    layers: tuple[LayerProfile, ...]
    samples: int
    ticks: int
    device: str
    saturations: int
    synops: int
    twin: str
    without: str

    @property
    def parts_at(self) -> tuple[str, int, int, int] | None:
        """Layer, sample, tick and neuron at which chip and float part first; None: nowhere."""
        found = [(each.parts_at, each.name) for each in self.layers if each.parts_at]
        return (min(found)[1], *min(found)[0]) if found else None

    def draw(self) -> Picture:
        """A picture that says it at a glance."""
        from axonloop.host.inference.picture import draw_profile

        return draw_profile(self)

    def to_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        own: dict[str, Any] = {
            entry.name: getattr(self, entry.name)
            for entry in dataclasses.fields(self)
            if entry.name != "layers"
        }
        layers = []
        for each in self.layers:
            ranges = {
                name: dataclasses.asdict(found) | {"used": found.used}
                for name, found in each.ranges.items()
            }
            counted = ("neurons", "spikes", "rate", "silent", "always_on", "at_limits", "synops")
            float_side = ("agreement", "beside", "membrane", "bound", "parts_at")
            names = ("name", *counted, *float_side)
            layers.append({name: getattr(each, name) for name in names} | {"ranges": ranges})
        return own | {"parts_at": self.parts_at, "layers": layers}


def profile(
    network: Program | ImportedGraph,
    inputs: Inputs | Sequence[Inputs],
    device: str = "golden",
    weights: Int32Array | None = None,
) -> Profile:
    """Show samples to a network, each on a cleared chip, and say what every layer did.

    `network`: a compiled program, or an imported NIR graph. `inputs`: one sample, a mapping from
    sources to 0 and 1 `(ticks, channels)` or such an array, or a list of several, or an array
    `(samples, ticks, channels)`. `weights`: a device's, as of `read_weights`; None: the program's
    first. Raises ValueError where inputs do not fit.
    """
    good = isinstance(network, Program | ImportedGraph)
    require(good, "network", "a Program or an ImportedGraph", network)
    imported = network if isinstance(network, ImportedGraph) else None
    program = network.program if isinstance(network, ImportedGraph) else network
    several: Any = inputs
    if isinstance(inputs, Mapping) or (not isinstance(inputs, list) and np.ndim(several) == 2):
        several = [inputs]
    own = program.weights if weights is None else weights
    with open_device(device, program.config) as chip:
        chip.load_weights(own)
        return _profiled(program, imported, own, iter(several), len(several), chip)


def profile_model(
    model: OpenModel, device: str, progress: Progress, samples: int | None = None
) -> Profile:
    """The profile of a model over the first samples of its data; None: over all."""
    count = len(model.samples) if samples is None else min(samples, len(model.samples))
    with open_device(device, model.program.config) as chip:
        model.load(chip)
        inputs = _inputs(model, count, progress)
        return _profiled(model.program, model.imported, model.weights, inputs, count, chip)


def _inputs(model: OpenModel, count: int, progress: Progress) -> Iterator[Inputs]:
    """The samples, one behind the other; `progress` is told when one is done with."""
    for place in range(count):
        yield model.inputs(place)
        progress("profile", place + 1, count)


def _profiled(
    program: Program,
    imported: ImportedGraph | None,
    weights: Int32Array,
    samples: Iterator[Inputs],
    count: int,
    chip: Device,
) -> Profile:
    require(count > 0, "samples", "at least 1", count)
    populations = program.plan.network.populations
    layers = tuple(LayerProfile(each.name, each.size) for each in populations)
    for layer in layers:
        layer.take_weights(program, weights)
    without = "" if imported else refusal(program.plan.network)
    before, ticks = chip.counters(), 0
    for sample, inputs in enumerate(samples):
        if imported is None:
            rasters = rasters_of(program, inputs)
            record = run_program(program, rasters, chip, STATES)
        else:
            rasters = imported.rasters_of(inputs)
            more, start = imported.more, imported.start.set_on
            record = run_program(program, rasters, chip, STATES, more=more, start=start)
        ticks = len(record.ticks)
        for layer in layers:
            layer.add(program, record, rasters)
        if not without:
            if imported is None:
                found = _beside_program(program, weights, rasters, record)
            else:
                found = _beside_graph(imported, inputs, record)
            for layer in layers:
                layer.compare(found[layer.name], sample, count)
    after = chip.counters()
    counted = {c: after[c] - before[c] for c in (Counter.SATURATIONS, Counter.SYNOPS)}
    return Profile(
        layers,
        count,
        ticks,
        chip.name,
        counted[Counter.SATURATIONS],
        counted[Counter.SYNOPS],
        "" if without else GRAPH if imported else PROGRAM,
        without,
    )


def _beside_program(
    program: Program, weights: Int32Array, rasters: Rasters, record: StateRecord
) -> dict[str, LayerComparison]:
    """Every population beside its float twin."""
    spikes = {name: record.of(name, "spike").astype(np.bool_) for name in record.populations}
    potential = record.potential
    membranes = {name: potential[:, own] for name, own in record.populations.items()}
    ticks = len(record.ticks)
    alone = twin_of(program, weights, rasters, ticks)
    beside = twin_of(program, weights, rasters, ticks, spikes)
    found = compared(ChipTrace(spikes, membranes, 0), alone, beside, dict.fromkeys(spikes, np.inf))
    return {each.name: each for each in found.layers}


def _beside_graph(
    imported: ImportedGraph, inputs: Inputs, record: StateRecord
) -> dict[str, LayerComparison]:
    """Every population beside its node of the float graph; those of one node share its own."""
    found = imported.compared_with(inputs, imported.trace_of(record))
    nodes = {each.name: each for each in found.layers}
    parts = [(name, part) for name, own in imported.nodes.items() for part in own]
    return {part.name: nodes[name] for name, part in parts}
