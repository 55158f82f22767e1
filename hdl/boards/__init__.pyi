from .board import Board as Board
from .board import Build as Build
from .clock import built_clock as built_clock
from .registry import BOARDS as BOARDS
from .registry import find_board as find_board
from .system import Top as Top
from .top import BoardTop as BoardTop
