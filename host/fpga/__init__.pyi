from . import builds as builds
from . import history as history
from .builds import PICTURE as PICTURE
from .builds import bitstream_of as bitstream_of
from .builds import build_and_tell as build_and_tell
from .builds import build_board as build_board
from .builds import read_report as read_report
