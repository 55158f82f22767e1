from .memristor_tables import MemristorTables as MemristorTables
from .memristor_update import MemristorUpdate as MemristorUpdate
from .neurons import Neurons as Neurons
from .traces import Traces as Traces
from .update import Update as Update
from .update import axon_factor as axon_factor
from .update import walk_hides as walk_hides
