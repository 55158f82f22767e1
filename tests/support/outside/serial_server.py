"""A machine that serves its serial port to others: bytes over TCP, or RFC 2217."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import serial
from serial.rfc2217 import PortManager


class PseudoTerminal(serial.Serial):
    """A port without control lines, which RFC 2217 asks for."""

    cts = dsr = ri = cd = False

    def _update_rts_state(self) -> None: ...

    def _update_dtr_state(self) -> None: ...


class SerialServer:
    """Serves `port` to one client after the other, at `url`.

    `hang_up_after` is how many bytes from the first client end its connection; None for never.
    """

    def __init__(self, port: str, scheme: str, hang_up_after: int | None = None) -> None:
        self._port, self._managed, self._left = port, scheme == "rfc2217", hang_up_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.clients = 0

    def serve(self, stop: threading.Event) -> None:
        """Until `stop`."""
        with self._listener, PseudoTerminal(self._port, 1_000_000, timeout=0) as line:
            while not stop.is_set():
                if select.select([self._listener], [], [], 0.02)[0]:
                    client, _ = self._listener.accept()
                    self.clients += 1
                    with client, suppress(ConnectionError):
                        self._carry(client, line, stop)

    def _carry(self, client: socket.socket, line: serial.Serial, stop: threading.Event) -> None:
        manager = PortManager(line, _Connection(client)) if self._managed else None
        while not stop.is_set():
            ready = select.select([client, line], [], [], 0.02)[0]
            if client in ready:
                if not (data := client.recv(1024)):
                    return
                plain = b"".join(manager.filter(data)) if manager else data
                line.write(plain)
                if self._left is not None:
                    self._left -= len(data)
                    if self._left <= 0:
                        self._left = None
                        return
            if line in ready:
                data = line.read(1024)
                client.sendall(b"".join(manager.escape(data)) if manager else data)


class _Connection:
    """What `PortManager` answers a client through."""

    def __init__(self, client: socket.socket) -> None:
        self.write = client.sendall


@contextmanager
def served(port: str, scheme: str, hang_up_after: int | None = None) -> Iterator[SerialServer]:
    """A server that another thread is."""
    stop, server = threading.Event(), SerialServer(port, scheme, hang_up_after)
    thread = threading.Thread(target=server.serve, args=(stop,))
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join()
