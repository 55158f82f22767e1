"""Pages of the live view without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

PATIENCE = 30.0


def wait_until(true: Callable[[], object]) -> None:
    """Wait until something holds; AssertionError where it does not."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def opened(url: str) -> Iterator[None]:
    """A page that is looked at, as Bokeh's own client in Python."""
    from bokeh.client import pull_session

    session = pull_session(url=url)
    try:
        yield
    finally:
        session.close()


def refusal(url: str, origin: str) -> int | None:
    """What a page of an origin hears where it connects to `url`: a code, or None if it may."""

    from bokeh.util.token import generate_jwt_token, generate_session_id

    token = generate_jwt_token(generate_session_id(), expiration=300)

    async def connect() -> int | None:
        address = url.replace("http", "ws") + "/ws"
        request = HTTPRequest(address, headers={"Origin": origin})
        try:
            connection = await websocket_connect(request, subprotocols=["bokeh", token])
        except HTTPClientError as error:
            return error.code
        connection.close()
        return None

    loop = IOLoop(make_current=False)
    try:
        return loop.run_sync(connect)
    finally:
        loop.close()
