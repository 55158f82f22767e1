from .comparison import Comparison as Comparison
from .comparison import LayerComparison as LayerComparison
from .dialects import Dialect as Dialect
from .imported import ImportedGraph as ImportedGraph
from .importer import import_nir as import_nir
from .run import ChipTrace as ChipTrace
from .simulator import FloatTrace as FloatTrace
