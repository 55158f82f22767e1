"""Bokeh's server in a thread of its own, on the loopback interface alone."""

from __future__ import annotations

import asyncio
import logging
import socket
import warnings
from collections.abc import Callable
from threading import Thread
from typing import Any

HOST = "127.0.0.1"
PORT = 5006
"""The port that is tried first, where none is named."""
UNUSED_MS = 10_000
"""Milliseconds for which a page without a connection is kept: it may be loaded anew."""
CHECK_MS = 1_000
LAST_WORDS = 0.3
"""Seconds in which pages hear the last that there is to hear."""


def listening(port: int | None) -> socket.socket:
    """A socket that listens at `port`; None: at the usual one, or where that is taken, at any.

    ValueError where a port that was named cannot be had.
    """
    try:
        return socket.create_server((HOST, PORT if port is None else port))
    except OSError as error:
        if port is not None:
            told = f"port of the live view must be free, not {port} ({error.strerror})"
            raise ValueError(told) from error
    return socket.create_server((HOST, 0))


class PageServer:
    """Serves a document, which `modify` fills, to pages of this machine, until `stop`.

    Everything in a document is called in the thread of the server. `url` is where the page is. A
    page of another origin cannot connect. Raises ValueError for a named port that is taken.
    """

    def __init__(self, modify: Callable[[Any], None], port: int | None = None) -> None:
        self._socket = listening(port)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        with warnings.catch_warnings():  # bokeh adds filters when it is loaded
            from bokeh.server.server import BaseServer
            from bokeh.server.tornado import BokehTornado
            from tornado.httpserver import HTTPServer
            from tornado.ioloop import IOLoop

        # A page that is closed while it is written to is told of as a warning.
        logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)
        self._asyncio = asyncio.new_event_loop()
        self._loop = IOLoop(asyncio_loop=self._asyncio, make_current=False)
        origins = [f"{name}:{self.port}" for name in ("localhost", HOST)]
        application = BokehTornado(
            modify,
            extra_websocket_origins=origins,
            check_unused_sessions_milliseconds=CHECK_MS,
            unused_session_lifetime_milliseconds=UNUSED_MS,
        )
        self._http = HTTPServer(application)
        self._server = BaseServer(self._loop, application, self._http)
        self._thread = Thread(target=self._run, name="live view", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._asyncio)
        self._http.add_socket(self._socket)
        self._server.start()
        self._loop.start()
        self._loop.close(all_fds=True)

    def stop(self) -> None:
        """Let pages hear the last, close them and the port, and end the thread."""
        if self._thread.is_alive():
            self._loop.add_callback(self._end)
            self._thread.join()

    async def _end(self) -> None:
        if self._server.get_sessions():
            await asyncio.sleep(LAST_WORDS)
        self._server.stop(wait=False)
        await self._http.close_all_connections()
        self._loop.stop()
