from .gate import Gate as Gate
from .glimpse import Glimpse as Glimpse
from .glimpse import SampleGlimpse as SampleGlimpse
from .live import Live as Live
from .watch import Watch as Watch
