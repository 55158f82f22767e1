from .neurons import SerialNeurons as SerialNeurons
from .parameters import INDEX_BITS as INDEX_BITS
from .parameters import ParameterMemory as ParameterMemory
from .parameters import parameter_address_bits as parameter_address_bits
from .parameters import parameter_width as parameter_width
from .traces import SerialTraces as SerialTraces
from .update import SerialUpdate as SerialUpdate
