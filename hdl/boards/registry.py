"""All boards by name."""

from axonloop.hdl.boards.board import Board
from axonloop.hdl.boards.ecpix5 import ECPIX5_45F
from axonloop.hdl.boards.icebreaker import ICEBREAKER
from axonloop.hdl.boards.icepi_zero import ICEPI_ZERO
from axonloop.hdl.boards.orangecrab import ORANGECRAB_25F
from axonloop.hdl.boards.tang_nano_9k import TANG_NANO_9K
from axonloop.hdl.boards.tang_nano_20k import TANG_NANO_20K
from axonloop.hdl.boards.ulx3s import ULX3S_25F, ULX3S_85F
from axonloop.models.checks import require

_ALL = (
    ULX3S_85F,
    ULX3S_25F,
    ORANGECRAB_25F,
    ECPIX5_45F,
    ICEPI_ZERO,
    ICEBREAKER,
    TANG_NANO_20K,
    TANG_NANO_9K,
)
BOARDS = {board.name: board for board in _ALL}
"""By name."""


def find_board(name: str) -> Board:
    """The board of a name; ValueError lists those that there are."""
    require(name in BOARDS, "board", f"one of {', '.join(BOARDS)}", name)
    return BOARDS[name]
