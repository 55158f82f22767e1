from .c_header import c_header as c_header
from .constants import Constant as Constant
from .constants import Section as Section
from .constants import bus_sections as bus_sections
from .constants import sections as sections
from .python_header import python_header as python_header
from .systemrdl import bus_systemrdl as bus_systemrdl
from .systemrdl import systemrdl as systemrdl
