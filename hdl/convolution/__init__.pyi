from .kernel_learning import KernelLearning as KernelLearning
from .kernel_synapses import KernelSynapses as KernelSynapses
from .pools import Pools as Pools
from .shape_registers import ShapeRegisters as ShapeRegisters
