"""A farm: boards of which each trial takes the next free one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from axonloop.host.devices import check_device_name
from axonloop.models.checks import require

BOARD = "serial:"
"""The begin of a board's name, and of the resource that stands for it."""


class Farm:
    """Boards by their names, serial:PORT; `retired` are those that died, with the error of each.

    Raises ValueError for names that are no boards', and for a board that is there twice.
    """

    def __init__(self, boards: Sequence[str]) -> None:
        for board in boards:
            known = check_device_name(board).startswith(BOARD)
            require(known, "board of a farm", "serial:PORT, as serial:/dev/ttyUSB0", board)
        alone = len(set(boards)) == len(boards)
        require(alone, "boards of a farm", "there once each", list(boards))
        self.boards = tuple(boards)
        self.retired: dict[str, str] = {}
        self._free = deque(boards)

    @property
    def alive(self) -> bool:
        """Is there a board that did not die, free or not?"""
        return len(self.retired) < len(self.boards)

    def take(self) -> str | None:
        """The next free board, which is then taken; None where there is none."""
        return self._free.popleft() if self._free else None

    def give_back(self, board: str) -> None:
        """Make a board free again."""
        self._free.append(board)

    def retire(self, board: str, error: str) -> None:
        """Use a board, which is taken, no more."""
        self.retired[board] = error
