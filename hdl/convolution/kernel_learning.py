"""The learning engine of a core with convolutions."""

from amaranth.hdl import Module
from amaranth.lib.wiring import connect, flipped

from axonloop.hdl.common import NeuronNoise
from axonloop.hdl.convolution.kernel_update import KernelUpdate
from axonloop.hdl.convolution.shapes import shape_members
from axonloop.hdl.learning import Learning, PlainTargets, TermTargets
from axonloop.models.config import Geometry


class KernelLearning(Learning):
    """Learning of kernels: first all coefficients, as in any core, then the weights.

    Latency: that of the targets, + that of KernelUpdate.

    Members
    -------
    shapes, measuring : the convolutions
    """

    def __init__(self, geometry: Geometry) -> None:
        targets = TermTargets(geometry) if geometry.terms else PlainTargets(geometry)
        super().__init__(geometry, targets, KernelUpdate(geometry), shape_members(geometry))

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        update, targets = self._update, self._targets
        m.d.comb += [
            update.shapes.eq(self.shapes),
            update.measuring.eq(self.measuring),
            update.start.eq(self.start & ~self.discard),
            update.ending.eq(~targets.busy),
            targets.settled.eq(1),  # a target changes no weight
        ]
        if self._geometry.terms:
            m.d.comb += update.term.eq(targets.noise.purpose)
        return m

    def _hash(self, m: Module) -> None:
        m.submodules.noise = noise = NeuronNoise(1)
        connect(m, core=flipped(self.inputs), noise=noise.inputs)
        m.d.comb += [noise.start.eq(self.start), self._update.common.eq(noise.common)]
