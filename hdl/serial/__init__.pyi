from .neurons import SerialNeurons as SerialNeurons
from .parameters import ParameterMemory as ParameterMemory
from .traces import SerialTraces as SerialTraces
from .update import SerialUpdate as SerialUpdate
