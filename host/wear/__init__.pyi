from .account import WriteAccount as WriteAccount
from .account import by_population as by_population
from .ageing import age as age
from .ageing import aged_weights as aged_weights
from .picture import draw_writes as draw_writes
from .stuck import Wear as Wear
