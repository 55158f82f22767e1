from .former import nested as nested
from .settings import DEEP as DEEP
from .settings import PARAMETERS as PARAMETERS
from .settings import NetworkSettings as NetworkSettings
from .settings import ObjectiveSettings as ObjectiveSettings
from .settings import RunSettings as RunSettings
from .settings import Settings as Settings
from .settings import TaskSettings as TaskSettings
