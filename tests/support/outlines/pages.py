"""A page as a text: its words and tables, and the models of its figures in Bokeh."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser

from tests.support.outlines.models import outline_of_models

LINES = ("h1", "h2", "li", "p", "pre", "summary", "tr")
"""Elements that begin a line."""
LEFT_OUT = ("script", "style", "title")


def outline_of_page(html: str, version: str, folded: bool = False) -> str:
    """What a page says, an element a line, then its figures; with what is `folded` if asked for."""
    reader = _Reader(LEFT_OUT if folded else ("details", *LEFT_OUT))
    reader.feed(html)
    words = [line.replace(f"axonloop {version}", "axonloop VERSION") for line in reader.lines]
    found = re.search(r"const docs_json = '(.*?)';\n", html)
    models = [] if found is None else outline_of_models(json.loads(_unquoted(found[1])))
    return "\n".join([*words, *models]) + "\n"


def _unquoted(text: str) -> str:
    """What a literal of JavaScript means."""
    return re.sub(r"\\(.)", r"\1", text.replace("&#x27;", "'"))


class _Reader(HTMLParser):
    """Makes a line of each element of LINES; cells of a row stand behind `|`."""

    def __init__(self, without: Sequence[str]) -> None:
        super().__init__()
        self._without = without
        self.lines: list[str] = []
        self._left_out = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        kind = tag + (f".{named['class']}" if named.get("class") else "")
        self._left_out += tag in self._without
        if self._left_out:
            return
        if tag in LINES:
            self.lines.append(f"{kind}:")
        elif tag in ("td", "th"):
            self.lines[-1] += f" |{kind}"
        elif tag == "img":
            self.lines.append(f"img: {named['alt']}")
        elif tag == "a":
            self.lines[-1] += f" <{named['href']}>"

    def handle_endtag(self, tag: str) -> None:
        self._left_out -= tag in self._without

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._left_out and self.lines:
            self.lines[-1] += f" {data.strip()}"
