"""The server of the live view: who may connect, which port it has, and that it ends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from axonloop.host.live import Live
from axonloop.host.live.page_server import PageServer, listening
from tests.support.live.pages import opened, refusal


@pytest.fixture
def server() -> Iterator[PageServer]:
    def fill(document: Any) -> None:
        from bokeh.models.widgets import Div

        document.add_root(Div(text="here"))

    found = PageServer(fill)
    yield found
    found.stop()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens at."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_it_serves_this_machine_alone(server: PageServer) -> None:
    with opened(server.url):
        pass
    assert server._socket.getsockname()[0] == "127.0.0.1"


def test_pages_of_other_origins_cannot_connect(
    server: PageServer, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("localhost", "127.0.0.1"):
        assert refusal(server.url, f"http://{name}:{server.port}") is None
    assert not caplog.records
    others = ("http://example.org", f"http://example.org:{server.port}", "http://localhost:1")
    assert [refusal(server.url, each) for each in others] == [403] * 3


def test_it_frees_its_port_and_stops_once(server: PageServer) -> None:
    with opened(server.url):
        server.stop()
    server.stop()
    assert server._asyncio.is_closed()
    listening(server.port).close()


def test_a_named_port_must_be_free(taken: int) -> None:
    with pytest.raises(ValueError, match=f"^port of the live view must be free, not {taken} "):
        Live(taken)


def test_another_port_is_used_where_the_usual_one_is_taken(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("axonloop.host.live.page_server.PORT", taken)
    with listening(None) as found:
        assert found.getsockname()[1] not in (0, taken)
