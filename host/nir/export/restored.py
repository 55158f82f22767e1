"""The import of a graph that `export_nir` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from axonloop.host.network import FloatReset, Population, Program, QuantisedPopulation
from axonloop.host.nir.dialects import Dialect, reading_of
from axonloop.host.nir.export.program_graph import graph_of
from axonloop.host.nir.export.scales import threshold_of, unit_of
from axonloop.host.nir.export.timing import lag_of, offsets_of
from axonloop.host.nir.export.truncation import error_of
from axonloop.host.nir.graph import read_graph
from axonloop.host.nir.imported import ImportedGraph
from axonloop.host.nir.parts import NodePart
from axonloop.host.nir.steps import Steps
from axonloop.host.recorder import Rasters
from axonloop.models.config import DECAY_ONE, ResetMode


@dataclass(frozen=True, eq=False, repr=False)
class OwnGraph(ImportedGraph):
    """What `export_nir` wrote, as `import_nir` gives it back.

    A membrane of NIR sees its current a step late, and that of the chip does not: where a source
    feeds a current, `run` sends inputs `early` ticks later, so that chip and graph keep step.
    """

    early: int

    @property
    def more(self) -> int:
        """Ticks behind the inputs until the last layer has heard them all."""
        return self.latency - self.early

    def rasters_of(self, inputs: Mapping[str, ArrayLike] | ArrayLike) -> Rasters:
        """Input spikes of every source of the program, `early` ticks later."""
        late = ((self.early, 0), (0, 0))
        return {name: np.pad(own, late) for name, own in super().rasters_of(inputs).items()}


def restored(graph: Any, program: Program, dt: float) -> OwnGraph:
    """A program as `import_nir` returns it; beside the float graph the chip only truncates."""
    network = program.plan.network
    offsets = offsets_of(network)
    early = -min(0, *offsets.values())
    found = {p.name: _quantised(p, program) for p in network.populations}
    notes = [*graph_of(program, dt=dt)[1], "the integers are those in the metadata"]
    for name, each in found.items():
        if each.error.headroom < 1:
            notes.append(f"{name}: the worst input would saturate; the bound does not hold then")
    subtracts = {p.parameters.reset_mode for p in network.populations} == {ResetMode.SUBTRACT}
    sizes = {own.name: own.size for own in network.sources}
    sizes |= {own.name: own.size for own in network.populations}
    return OwnGraph(
        graph=read_graph(graph),
        reading=reading_of(Dialect.NIR, dt, FloatReset.SUBTRACT if subtracts else None),
        steps={p.name: _steps(p) for p in network.populations},
        parts={name: (NodePart(name, name, np.arange(n)),) for name, n in sizes.items()},
        populations=found,
        network=network,
        program=program,
        offsets={name: offset + early for name, offset in offsets.items()},
        notes=tuple(notes),
        early=early,
    )


def _quantised(own: Population, program: Program) -> QuantisedPopulation:
    """The population's own integers, as if they had been quantised."""
    network, geometry, scale = program.plan.network, program.geometry, threshold_of(own)
    return QuantisedPopulation(
        own.parameters,
        tuple(p.weights for p in network.projections if p.target == own.name),
        own.first_biases,
        own.drives,
        scale,
        scale / unit_of(own),
        geometry.weight_bits,
        geometry.state_bits,
        error_of(own, network, geometry),
    )


def _steps(own: Population) -> Steps:
    """The step of a population's neurons, whose membranes are in words."""
    ones = np.ones(own.size)
    return Steps(
        membrane_decay=own.parameters.alpha_n / DECAY_ONE * ones,
        current_decay=own.parameters.beta_n / DECAY_ONE * ones,
        gain=unit_of(own) * ones,
        drive=np.array(own.drives or 0 * ones),
        threshold=threshold_of(own) * ones,
        first=0 * ones,
        reset=FloatReset.ZERO,
        lag=lag_of(own),
    )
