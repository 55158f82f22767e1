from .figure import BENCHED as BENCHED
from .figure import FIGURES as FIGURES
from .figure import Figure as Figure
