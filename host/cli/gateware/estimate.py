"""`axonloop estimate`: what a build will take, without synthesis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonloop.hdl.boards import find_board
from axonloop.host.configuration import Configuration
from axonloop.host.console import Column, notice, print_rows, print_table
from axonloop.host.files import read_json, require_writable, write_json
from axonloop.host.fpga import estimate as model
from axonloop.host.training import build_of
from axonloop.models.checks import require


def estimate(
    board: str | None, config: Path | None, json_file: Path | None, record: Path | None, bare: bool
) -> None:
    """Print an estimate for a board; `bare`, the errors of all builds on record instead.

    `record` is the report of a build, which is put on record first. ValueError without a board.
    """
    require_writable(json_file)
    if record is not None:
        model.remember(read_json(record))
        notice(f"on record: {model.RECORDS}")
    if bare:
        found: Any = model.errors(model.read_records())
        _print_errors(found)
    elif board is not None:
        build = build_of(Configuration.read(config), board)
        notice("reading the design: up to a minute ...")
        found = model.estimate(find_board(board), build)
        _print(found)
    else:
        require(record is not None, "board", "named, as --board ulx3s-85f", board)
        return
    if json_file is not None:
        write_json(json_file, found)


def _print(found: dict[str, Any]) -> None:
    """Places, the clock's band, and speeds at its two ends."""
    low, high = found["speed"]

    def band(name: str, unit: float = 1.0) -> str:
        return f"{low[name] / unit:,.0f} to {high[name] / unit:,.0f}"

    print_table(
        {
            "board": find_board(found["board"]).title,
            **{kind: f"{places:,}" for kind, places in found["places"].items()},
            "Fmax": " to ".join(f"{mhz:.1f}" for mhz in found["fmax_mhz"]) + " MHz",
            "lanes busy": f"{band('peak_synops_per_s', 1e6)} M SynOps/s",
            "all axons": f"{band('dense_ticks_per_s')} ticks/s",
            "5 % of axons": f"{band('sparse_ticks_per_s')} ticks/s",
        }
    )


def _print_errors(rows: list[dict[str, Any]]) -> None:
    """A line for each build, in percent."""
    shown = [
        {name: value if name in ("board", "chip") else _percent(value) for name, value in each}
        for each in map(dict.items, rows)
    ]
    names = list(dict.fromkeys(name for row in shown for name in row))
    print_rows([Column(name) for name in names], [dict.fromkeys(names, "") | row for row in shown])


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:+.1f} %"
