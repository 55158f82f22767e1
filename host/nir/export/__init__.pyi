from .file import export_nir as export_nir
from .program_graph import graph_of as graph_of
from .reader import own_graph as own_graph
