from .loss import LossEngine as LossEngine
from .node import Node as Node
from .noded_chip import NodedChip as NodedChip
from .processor import processor_source as processor_source
