"""`axonloop board` and `axonloop train digits` as processes, as a user has them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = [sys.executable, "-m", "axonloop.host.cli.app"]
CHIP = {"layers": [16], "lanes": 4, "ticks": 12, "burn_in": 3, "epochs": 1}
"""Settings of a small board and a short run."""


class BoardProcess:
    """A board for the settings in the file `config`; `device` is the name to train with."""

    def __init__(self, config: Path, *more: str) -> None:
        arguments = [*PROGRAM, "board", "--config", str(config), *more]
        self._process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.startswith("board: "):
                self.device = line.split()[1]
                return
        raise AssertionError(f"the board ended with {self._process.wait()}")

    def end(self, how: signal.Signals) -> tuple[int, list[str]]:
        """Signal the process: its exit code, and what else it said."""
        self._process.send_signal(how)
        _, errors = self._process.communicate(timeout=120)
        return self._process.returncode, errors.splitlines()

    def stop(self) -> None:
        """End it if it runs."""
        if self._process.poll() is None:
            self.end(signal.SIGKILL)
        if self._process.stderr is not None:
            self._process.stderr.close()


@contextmanager
def board_process(config: Path, *more: str) -> Iterator[BoardProcess]:
    """A board that has ended when the block has."""
    board = BoardProcess(config, *more)
    try:
        yield board
    finally:
        board.stop()


def start_training(folder: Path, device: str, *more: str) -> subprocess.Popen[str]:
    """A run in `folder`."""
    arguments = ["train", "digits", "--device", device, "--out", str(folder), *more]
    return subprocess.Popen([*PROGRAM, *arguments], stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code of a run, and the last line of its errors."""
    _, errors = process.communicate(timeout=300)
    assert "Traceback" not in errors
    return process.returncode, (errors.splitlines() or [""])[-1]
