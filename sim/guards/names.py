"""Names in Verilog: those of a piece of text, and plain ones for all."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\d*'s?[bodh][0-9a-fxzA-FXZ_?]+|([A-Za-z_$][\w$]*)")
_ESCAPED = re.compile(r"\\(\S+) ")
_KEYWORDS = {"if", "begin", "end"}


def names_in(text: str) -> set[str]:
    """The plain names in a piece of Verilog, without the digits of numbers such as 8'hff."""
    found = {match[1] for match in _TOKEN.finditer(text)}
    return {name for name in found if name} - _KEYWORDS


def plain_names(text: str) -> str:
    """The same text with a plain name for every escaped one, such as `x7_core_bus` of `\\core.bus`.

    The same name becomes the same one everywhere in the text.
    """
    plain: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        name = match[1]
        return plain.setdefault(name, f"x{len(plain)}_" + re.sub(r"\W", "_", name))

    return _ESCAPED.sub(rename, text)
