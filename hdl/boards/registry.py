"""All boards by name."""

from axonloop.hdl.boards.board import Board
from axonloop.hdl.boards.icebreaker import ICEBREAKER
from axonloop.hdl.boards.tang_nano_20k import TANG_NANO_20K
from axonloop.hdl.boards.ulx3s import ULX3S_25F, ULX3S_85F
from axonloop.models.checks import require

BOARDS = {board.name: board for board in (ULX3S_85F, ULX3S_25F, ICEBREAKER, TANG_NANO_20K)}
"""By name."""


def find_board(name: str) -> Board:
    """The board of a name; ValueError lists those that there are."""
    require(name in BOARDS, "board", f"one of {', '.join(BOARDS)}", name)
    return BOARDS[name]
