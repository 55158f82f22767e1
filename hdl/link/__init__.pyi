from .link import Link as Link
from .uart import UartReceiver as UartReceiver
from .uart import UartTransmitter as UartTransmitter
