from .adaptive import Alif as Alif
from .adaptive import AlifState as AlifState
from .compartment import CompartmentConstants as CompartmentConstants
from .compartment import Compartments as Compartments
from .compartment import CompartmentState as CompartmentState
from .compartment import CompartmentTraces as CompartmentTraces
from .compartment import two_compartments as two_compartments
