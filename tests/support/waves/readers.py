"""Waveforms read back, by readers that have nothing to do with what writes them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from vcd.reader import TokenKind, tokenize

Changes = dict[str, list[tuple[int, str]]]
"""By path: times and values as bits."""


def of_vcd(path: Path) -> Changes:
    """The changes of all signals of a VCD file, but of those without one."""
    scopes, names, time = [], defaultdict(list), 0
    found: Changes = defaultdict(list)
    with path.open("rb") as file:
        for token in tokenize(file):
            match token.kind:
                case TokenKind.SCOPE:
                    scopes.append(token.scope.ident)
                case TokenKind.UPSCOPE:
                    scopes.pop()
                case TokenKind.VAR:
                    names[token.var.id_code].append(".".join([*scopes, token.var.ref_str]))
                case TokenKind.CHANGE_TIME:
                    time = token.time_change
                case TokenKind.CHANGE_SCALAR | TokenKind.CHANGE_VECTOR:
                    change: Any = token.data
                    for name in names[change.id_code]:
                        found[name].append((time, _bits(change.value)))
    return found


def _bits(value: int | str) -> str:
    return value if isinstance(value, str) else f"{value:b}"


def of_fst(path: Path) -> Changes:
    """The same of an FST file; skips where its package is missing."""
    fst = pytest.importorskip("pylibfst")
    reader = fst.lib.fstReaderOpen(str(path).encode())
    assert reader != fst.ffi.NULL
    _, signals = fst.get_scopes_signals2(reader)
    fst.lib.fstReaderSetFacProcessMaskAll(reader)
    names = defaultdict(list)
    for signal in signals.by_name.values():
        names[signal.handle].append(signal.name.replace(" [", "["))
    found: Changes = defaultdict(list)

    def hear(data: object, time: int, handle: int, value: Any) -> None:
        for name in names[handle]:
            bits = fst.string(fst.ffi.cast("char *", value))
            found[name].append((time, bits.lstrip("0") or "0"))

    fst.fstReaderIterBlocks(reader, hear)
    fst.lib.fstReaderClose(reader)
    return found
