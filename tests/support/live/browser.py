"""A headless Chromium, told what to do over its debugging protocol."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on PATH")
PATIENCE = 60.0
"""Seconds in which something must come about."""
MOST = 2**26
"""Bytes of an answer."""
FIND = """
(() => {
  const every = (root) => [...root.querySelectorAll("*")].flatMap(
    (each) => [each, ...(each.shadowRoot ? every(each.shadowRoot) : [])]);
  return every(document);
})()
"""
"""All elements of a page, those of Bokeh's shadow trees too."""


class Browser:
    """One page. `errors` are what its console complained of."""

    def __init__(self, loop: asyncio.AbstractEventLoop, page: WebSocketClientConnection) -> None:
        self._loop, self._page, self._calls = loop, page, 0
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def _call(self, method: str, **parameters: Any) -> Any:
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": parameters}
        return self._loop.run_until_complete(self._answer(call))

    async def _answer(self, call: dict[str, Any]) -> Any:
        await self._page.write_message(json.dumps(call))
        while True:
            said = json.loads(await asyncio.wait_for(self._page.read_message(), PATIENCE) or "{}")
            if said.get("id") == call["id"]:
                assert "error" not in said, said
                return said["result"]
            self._hear(said)

    def _hear(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(said["params"]["exceptionDetails"]))
        entry = said.get("params", {}).get("entry", {})
        if entry.get("level") == "error":
            self.errors.append(f"{entry['text']} {entry.get('url', '')}")

    def open(self, url: str) -> None:
        """Go to a page."""
        self._call("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    @property
    def text(self) -> str:
        """All that the page says, a line for each piece of text."""
        pieces = f"{FIND}.filter((e) => !/STYLE|SCRIPT/.test(e.tagName)).flatMap("
        pieces += "(e) => [...e.childNodes].filter((n) => n.nodeType == 3).map((n) => n.data))"
        return str(self.ask(f'{pieces}.join("\\n")'))

    def wait_for(self, text: str) -> None:
        """Wait until the page says so."""
        end = time.monotonic() + PATIENCE
        while text not in self.text:
            assert time.monotonic() < end, self.text
            time.sleep(0.1)

    def click(self, label: str) -> None:
        """Click the button with this label."""
        chosen = f'{FIND}.find((e) => e.tagName == "BUTTON" && e.textContent == "{label}")'
        assert self.ask(f"(() => {{ const b = {chosen}; b?.click(); return !!b; }})()"), label

    def type_into(self, place: int, text: str) -> None:
        """Type into the input with this place among the page's."""
        chosen = f'{FIND}.filter((e) => e.tagName == "INPUT")[{place}]'
        self.ask(
            f'(() => {{ const e = {chosen}; e.value = "{text}"; '
            'e.dispatchEvent(new Event("change")); })()'
        )

    def screenshot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        found = self._call(
            "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
        )
        path.write_bytes(b64decode(found["data"]))


@contextmanager
def browser(wide: int = 1280, high: int = 1000) -> Iterator[Browser]:
    """A browser with a window of so many pixels, which has ended when the block has."""
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                str(CHROMIUM),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                f"--window-size={wide},{high}",
                "about:blank",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            page = loop.run_until_complete(_connected(Path(profile) / "DevToolsActivePort"))
            yield Browser(loop, page)
            loop.run_until_complete(_closed(page))
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
            loop.close()


async def _connected(file: Path) -> WebSocketClientConnection:
    """The debugging connection to the browser's page, once the browser has written its port."""
    end = time.monotonic() + PATIENCE
    while not (file.exists() and "\n" in file.read_text()):
        assert time.monotonic() < end, "chromium did not start"
        await asyncio.sleep(0.05)
    port = file.read_text().splitlines()[0]
    while True:
        listed = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/json/list")
        pages = [each for each in json.loads(listed.body) if each["type"] == "page"]
        if pages:
            return await websocket_connect(pages[0]["webSocketDebuggerUrl"], max_message_size=MOST)
        await asyncio.sleep(0.05)


async def _closed(page: WebSocketClientConnection) -> None:
    page.close()
    while await page.read_message() is not None:
        pass
