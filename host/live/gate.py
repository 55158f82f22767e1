"""The gate between two ticks of the training loop, which another thread closes and opens."""

from __future__ import annotations

from threading import Condition


class Gate:
    """Open at first. One thread passes it with `wait`; any other may call the rest."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._steps = 0
        self.paused = False

    def pause(self) -> None:
        """Close it: `wait` waits from now on."""
        with self._changed:
            self.paused, self._steps = True, 0

    def resume(self) -> None:
        """Open it."""
        with self._changed:
            self.paused = False
            self._changed.notify_all()

    def step(self) -> None:
        """Let one more `wait` pass; where the gate is open, close it."""
        with self._changed:
            self._steps = self._steps + 1 if self.paused else 0
            self.paused = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until it is open, or for a step of its own. Ctrl-C ends the waiting."""
        with self._changed:
            self._changed.wait_for(lambda: not self.paused or self._steps)
            self._steps = max(0, self._steps - 1)
