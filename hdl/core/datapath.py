"""The two datapaths of a core: which parts it is built of."""

from collections.abc import Callable
from dataclasses import dataclass

from axonloop.hdl.core.parameters import ParameterSets
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

    `gap`: a row's sums are added with a cycle between rows. `ordered`: the neurons start only when
    the traces are done, because both ask for parameters. `pace`: how fast its counters grow.
    """

    neurons: Callable[[Geometry], Neurons | SerialNeurons]
    traces: Callable[[Geometry], Traces | SerialTraces]
    learning: Callable[[Geometry], Learning]
    parameters: Callable[[Geometry], ParameterSets | ParameterMemory]
    gap: bool
    ordered: bool
    pace: Pace


PARTS = {
    Datapath.PARALLEL: Parts(
        Neurons, Traces, ParallelLearning, ParameterSets, gap=False, ordered=False, pace=Pace()
    ),
    Datapath.SERIAL: Parts(
        SerialNeurons,
        SerialTraces,
        SerialLearning,
        ParameterMemory,
        gap=True,
        ordered=True,
        pace=Pace(SERIAL_NEURON, SERIAL_TRACE, ALONE_SYNAPSE, clips=1),
    ),
}
