"""The two datapaths of a core: which parts it is built of."""

from collections.abc import Callable
from dataclasses import dataclass

from axonloop.hdl.core.parameters import ParameterSets
from axonloop.hdl.learning import Learning, ParallelLearning, SerialLearning
from axonloop.hdl.parallel import Neurons, Traces
from axonloop.hdl.serial import ParameterMemory, SerialNeurons, SerialTraces
from axonloop.models.config import Datapath, Geometry


@dataclass(frozen=True)
class Parts:
    """The parts of a core that differ, all with the same ports, made from a geometry.

    `gap`: a row's sums are added with a cycle between rows. `ordered`: the neurons start only when
    the traces are done, because both ask for parameters.
    """

    neurons: Callable[[Geometry], Neurons | SerialNeurons]
    traces: Callable[[Geometry], Traces | SerialTraces]
    learning: Callable[[Geometry], Learning]
    parameters: Callable[[Geometry], ParameterSets | ParameterMemory]
    gap: bool
    ordered: bool


PARTS = {
    Datapath.PARALLEL: Parts(
        Neurons, Traces, ParallelLearning, ParameterSets, gap=False, ordered=False
    ),
    Datapath.SERIAL: Parts(
        SerialNeurons, SerialTraces, SerialLearning, ParameterMemory, gap=True, ordered=True
    ),
}
