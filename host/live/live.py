"""The live view as a callback of a run."""

from __future__ import annotations

from typing import Any

from axonloop.host.console import notice, percent
from axonloop.host.live.gate import Gate
from axonloop.host.live.page_server import PageServer, listening
from axonloop.host.live.viewers import Viewers
from axonloop.host.live.watch import Watch
from axonloop.host.live.watched_copy import WatchedCopy
from axonloop.host.runs import Callback, Run


class Live(Callback):
    """Serves a page that shows the run while it trains; its address is printed on stderr.

    The bits of the run are the same with it, looked at or not. `port`: that of the page; None: 5006
    or, where that is taken, any. Only this machine can reach it. A page can pause the run and let
    it do single ticks; when the last page is closed, a paused run goes on. `url` is the address and
    `watch` what is seen, while a run goes on. Raises ValueError for a port that is taken.
    """

    def __init__(self, port: int | None = None) -> None:
        self._port, self.gate = port, Gate()
        self._server: PageServer | None = None
        self.watch: Watch | None = None
        listening(port).close()

    @property
    def url(self) -> str:
        """The address of the page; ValueError before a run begins and behind its end."""
        if self._server is None:
            raise ValueError("live view must be asked for its address while a run goes on")
        return self._server.url

    def on_begin(self, run: Run) -> None:
        """Watch the run's chip, and serve the page."""
        trainer = run.trainer
        self.watch = Watch(trainer, self.gate)
        trainer.copies = WatchedCopy(trainer.device, self.watch)
        viewers = Viewers(self.watch, run)
        self._server = PageServer(viewers.add, self._port)
        notice(f"live view: {self.url}")

    def on_end(self, run: Run, metrics: dict[str, Any]) -> None:
        """Tell the pages how it came out."""
        if self.watch is not None:
            name = next(k for k in metrics if k.startswith(("test_", "validation_")))
            value = metrics[name]
            how = percent(value) if name.endswith("accuracy") else f"{value:.4g}"
            self.watch.end(f"{name.replace('_', ' ')} {how}")

    def on_close(self, run: Run) -> None:
        """Close the pages and the port."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self.gate.resume()
