"""`axonloop board`: a co-simulated board for the digits network, until Ctrl-C."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, open_samples
from axonloop.host.console import notice
from axonloop.host.devices.serial_line import BAUD
from axonloop.host.training import chip_config
from axonloop.models.protocol import LEAST_CYCLES, LinkConfig
from axonloop.sim.cosim import Board, Misbehaviour, RtlTop

NEWS_SECONDS = 5.0


def serve(
    given: dict[str, Any], config: Path | None, baud: int | None, wrong: Misbehaviour
) -> None:
    """Build the board for these settings, which are those of `train digits`, and serve it.

    A bit takes the fewest clock cycles that it can, because the simulation pays for each of them.
    Raises what `RtlTop` does, and ValueError for settings or a rate that no board can have.
    """
    configuration = Configuration.read(config)
    settings = configuration.settings.changed(given)
    with open_samples(settings, configuration.tables.get("task")) as (fit, _):
        chip = chip_config(fit)
    named = configuration.baud if baud is None else baud
    rate = BAUD if named is None else named
    link = LinkConfig(LEAST_CYCLES * rate, rate)
    node = configuration.node
    with Board(
        lambda: RtlTop(link, chip.geometry, chip.mesh, wrong.seed, node=node), wrong
    ) as board:
        suffix, news = "" if rate == BAUD else f"@{rate}", News(board)
        with suppress(KeyboardInterrupt):
            notice(f"board: serial:{board.port}{suffix}")
            target = "digits" if fit.data is None else config
            how = "" if node is None else " --loss integer --processor chip"
            notice(f"try:   axonloop train {target} --device serial:{board.port}{suffix}{how}")
            board.serve(lambda: False, news.look)
        news.tell()


class News:
    """Tells now and then how fast the board is, and what passed through its line."""

    def __init__(self, board: Board) -> None:
        self._board, self._told, self._cycles = board, time.monotonic(), 0

    def look(self) -> None:
        """Tell, if it is time and something was simulated since."""
        if time.monotonic() - self._told > NEWS_SECONDS and self._board.cycles > self._cycles:
            self.tell()

    def tell(self) -> None:
        """One line."""
        board = self._board
        self._told, self._cycles = time.monotonic(), board.cycles
        speed = board.cycles / max(board.seconds, 1e-9)
        notice(
            f"{board.cycles} cycles at {speed / 1000:.0f} kHz, {board.received} bytes in, "
            f"{board.sent} out, {board.faults} faults"
        )
