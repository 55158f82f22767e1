from .simulated_board import BITS as BITS
from .simulated_board import SimulatedLine as SimulatedLine
from .simulated_board import SimulatedTransport as SimulatedTransport
from .transport import BAUD as BAUD
from .transport import LineTransport as LineTransport
from .transport import SerialTransport as SerialTransport
from .transport import parse_port as parse_port
