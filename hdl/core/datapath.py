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


@dataclass(frozen=True)
class Parts:
    """The parts of a core that differ, all with the same ports, made from a geometry.

    `ordered`: the neurons start only when the traces are done, because both ask for parameters.
    """

    synapses: Callable[[Geometry], Synapses | KernelSynapses]

    neurons: Callable[[Geometry], Neurons | SerialNeurons]
    traces: Callable[[Geometry], Traces | SerialTraces]
    learning: Callable[[Geometry], Learning]
    parameters: Callable[[Geometry], ParameterSets | ParameterMemory]
    ordered: bool


PARTS = {
    Datapath.PARALLEL: Parts(
        partial(Synapses, gap=False),
        Neurons,
        Traces,
        ParallelLearning,
        ParameterSets,
        ordered=False,
    ),
    Datapath.SERIAL: Parts(
        partial(Synapses, gap=True),
        SerialNeurons,
        SerialTraces,
        SerialLearning,
        ParameterMemory,
        ordered=True,
    ),
}


def parts_of(geometry: Geometry) -> Parts:
    """The parts of a core of this geometry."""
    parts = PARTS[geometry.datapath]
    if not geometry.convolutions:
        return parts
    return replace(parts, synapses=KernelSynapses, learning=KernelLearning)
