"""The datapaths of a core: which parts it is built of."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from axonloop.hdl.convolution import KernelLearning, KernelSynapses
from axonloop.hdl.core.parameters import ParameterSets
from axonloop.hdl.core.synapses import Synapses
from axonloop.hdl.learning import Learning, ParallelLearning, SerialLearning
from axonloop.hdl.parallel import Neurons, Traces
from axonloop.hdl.serial import ParameterMemory, SerialNeurons, SerialTraces
from axonloop.models.config import Datapath, Geometry
from axonloop.models.cycles import ALONE_SYNAPSE, SERIAL_NEURON, SERIAL_TRACE


@dataclass(frozen=True)
class Pace:
    """Cycles from a neuron to the next, from an axon, from a synapse that learns, at least.

    `clips`: how many state words are clipped in a cycle at most; None: all that the lanes have.
    """

    neuron: int = 1
    axon: int = 1
    synapse: int = 1
    clips: int | None = None


@dataclass(frozen=True)
class Parts:
    """The parts of a core that differ, all with the same ports, made from a geometry.

    `ordered`: the neurons start only when the traces are done, because both ask for parameters.
    `pace`: how fast its counters grow.
    """

    synapses: Callable[[Geometry], Synapses | KernelSynapses]
    neurons: Callable[[Geometry], Neurons | SerialNeurons]
    traces: Callable[[Geometry], Traces | SerialTraces]
    learning: Callable[[Geometry], Learning]
    parameters: Callable[[Geometry], ParameterSets | ParameterMemory]
    ordered: bool
    pace: Pace


PARTS = {
    Datapath.PARALLEL: Parts(
        partial(Synapses, gap=False),
        Neurons,
        Traces,
        ParallelLearning,
        ParameterSets,
        ordered=False,
        pace=Pace(),
    ),
    Datapath.SERIAL: Parts(
        partial(Synapses, gap=True),
        SerialNeurons,
        SerialTraces,
        SerialLearning,
        ParameterMemory,
        ordered=True,
        pace=Pace(SERIAL_NEURON, SERIAL_TRACE, ALONE_SYNAPSE, clips=1),
    ),
}


def parts_of(geometry: Geometry) -> Parts:
    """The parts of a core of this geometry."""
    parts = PARTS[geometry.datapath]
    if not geometry.convolutions:
        return parts
    return replace(parts, synapses=KernelSynapses, learning=KernelLearning)
