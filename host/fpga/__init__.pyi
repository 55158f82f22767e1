from . import builds as builds
from . import history as history
from .builds import PICTURE as PICTURE
from .builds import bitstream_of as bitstream_of
from .builds import build_and_tell as build_and_tell
